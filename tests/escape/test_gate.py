# SPDX-License-Identifier: BSD-2-Clause
"""Row 49: a script that makes its gate wait is ended; others of its account have their turns, and events do not notice."""

import re
import statistics
import time

import pytest
from attacklib import ATTACKS
from theatre import Theatre, check_controls
from waiting import one_in_time, until

import attack_gate

GATE = [entry for entry in ATTACKS if entry.function.__module__ == attack_gate.__name__]
BY_NAME = {entry.name: entry for entry in GATE}
ATTACK, LOCKS = BY_NAME["calls_while_the_memory_is_locked"], BY_NAME["locks_without_calls"]

# Makes calls that the gate carries out, one after the other, and says how many.
NEIGHBOUR = """
import socket, threading, time
import midimonster
from attacklib import say
def run():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        made, told = 0, 0.0
        while True:
            try:
                client.sendto(b"x", ("127.0.0.1", 9))
            except PermissionError:
                made += 1
            if time.monotonic() - told > 0.05:
                told = time.monotonic()
                say(f"made {made} calls")
def go(value):
    threading.Thread(target=run, daemon=True).start()
"""


@pytest.fixture
def theatre(stage, identity):
    made = Theatre(stage, identity, {"py1": ("attack_gate", "memory = 600M\nhandler-timeout = 90s"), "py2": ("neighbour", "")},
                   scripts={"neighbour.py": NEIGHBOUR})
    yield made
    made.end()


def made(log, instance, after=0):
    return [int(re.search(r"\d+", line.message)[0]) for line in log.matching(r"^made \d+ calls", instance, after=after)]


def test_it_is_ended_and_others_of_the_account_have_their_turns(theatre):
    theatre.show.set("/py2", 0.5)
    until(lambda: made(theatre.log, "py2"), "the neighbour makes no calls")
    position = theatre.log.position
    outcome = theatre.attack(ATTACK, GATE, timeout=60)
    assert re.fullmatch(ATTACK.inside, outcome), outcome
    theatre.log.wait("^killed: its threads keep its gate waiting", "py1", after=position)
    calls = made(theatre.log, "py1", position)
    turns = made(theatre.log, "py2", position)
    if calls:  # it made them in eight threads, the neighbour in one
        assert turns[-1] - turns[0] >= calls[-1] / 8, f"{turns[-1] - turns[0]} turns beside {calls[-1]} calls"
    seen = turns[-1]
    until(lambda: made(theatre.log, "py2")[-1] > seen + 100, "the neighbour's calls are not carried out any more")
    assert not theatre.log.matching("^worker ended", "py2")
    theatre.prober.check(fresh=True)


def test_events_do_not_notice(theatre):
    """Beside threads that only lock their memory, answers take as long as beside those that make calls, too."""
    times = theatre.prober.times

    def quick_ones_beside(entry):  # a machine that is busy delays some of them, a broker that waits nearly all
        position, first = theatre.log.position, len(times)
        theatre.show.set("/py1", GATE.index(entry) / 1000)
        theatre.log.wait("^locking", "py1", after=position)
        first = len(times)
        line = theatre.log.wait(rf"^attack {entry.name}|^worker ended", "py1", after=position, timeout=60)
        if line.message.startswith("worker ended"):
            theatre.log.wait(r"^running \(pid", "py1", after=position)
        return statistics.quantiles(times[first:], n=4)[0] if len(times) > first + 1 else 0

    def ratio(_):
        time.sleep(0.2)
        return quick_ones_beside(ATTACK) / max(quick_ones_beside(LOCKS), 0.001)
    one_in_time(ratio, 0, 2.5, tries=6)


def test_outside_somebody_who_reads_its_memory_waits(tmp_path):
    assert not check_controls("attack_gate", [ATTACK], tmp_path)
