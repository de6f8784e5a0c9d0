# SPDX-License-Identifier: BSD-2-Clause
"""Rows 20, 26, 28 and 48: what a worker says on the link, to its other descriptors, and by the memory that it shares with the
broker, ends that worker at most.

All attacks run at once in one show, each in its own instance."""

import os
import re
import sys
import time
import types
from pathlib import Path

import pytest
from harness import IS_ASAN
from processes import descriptors
from theatre import Theatre, memory
from waiting import PATIENCE, until

sys.modules.setdefault("midimonster", types.SimpleNamespace(output=lambda *_: None))
import attack_links  # noqa: E402 (the script imports midimonster)
from attacklib import ATTACKS  # noqa: E402

LINKS = [entry for entry in ATTACKS if entry.function.__module__ == attack_links.__name__]
GROWTH = (48 << 20) * (10 if IS_ASAN else 1)  # a sanitizer keeps what was freed for a while
SPECIAL = ("flood_of_tiny_messages", "flood_of_values", "flood_of_largest_messages")
CAUSES = {attack_links.PROTOCOL: "broke the protocol and is killed", attack_links.HUNG_UP: "^closed its link to the broker; killed",
          attack_links.LIED: "^its last outputs are lost"}
HUNG = "hung: it neither ended nor handles events"


# These come first: the others need a show of so many instances that each is slow beside it.

def special(stage, identity, name):
    theatre = Theatre(stage, identity, {"py1": ("attack_links", "handler-timeout = 60s")}, maps=["wire./special > py1.attack_links.special"])
    try:
        before = memory(theatre.show.pid)
        peak = [before]
        theatre.show.set("/special", SPECIAL.index(name) / 10 + 0.001)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            peak.append(memory(theatre.show.pid))
            if theatre.log.matching(f"^attack {name}: |^worker ended", "py1"):
                break
            time.sleep(0.02)
        else:
            raise AssertionError(f"neither sent nor ended:\n{theatre.log}")
        time.sleep(0.3)
        peak.append(memory(theatre.show.pid))
        return max(peak) - before
    finally:
        theatre.end()


@pytest.mark.parametrize("name", SPECIAL)
def test_a_flood_does_not_grow_the_broker(stage, identity, name):
    grown = special(stage, identity, name)
    assert grown < GROWTH, f"the broker grew by {grown >> 20} MiB"


@pytest.fixture(scope="module")
def played(open_theatre):
    """What became of each: (outcome by name, theatre)."""
    # so many at once, and the attacks with the most messages take long on an emulated machine
    theatre = open_theatre({entry.name: ("attack_links", "start-timeout = 60s\nhandler-timeout = 60s") for entry in LINKS})
    show, log = theatre.show, theatre.log
    for number, entry in enumerate(LINKS):
        show.set(f"/{entry.name}", number / 1000)
        if number % 4 == 3:
            time.sleep(0.2)

    def is_over(entry):
        return log.matching("^worker ended", entry.name)
    until(lambda: all(log.matching(f"^attack {entry.name}: ", entry.name) or is_over(entry) for entry in LINKS),
          lambda: f"not done:\n{log}")
    time.sleep(1)
    # the next event: by now an instance with a broken link has been noticed
    second = next(number for number, entry in enumerate(LINKS) if entry.name == "never_reading")
    position = log.position
    for entry in LINKS:
        if not is_over(entry):
            show.set(f"/{entry.name}", second / 1000 + 0.0001)
    time.sleep(2)
    outcomes = {}
    for entry in LINKS:
        ended = is_over(entry)
        said = log.matching(f"^attack {entry.name}: ", entry.name)
        is_well = log.matching("^attack never_reading: ", entry.name, after=position)
        outcomes[entry.name] = (ended[0].message if ended else
                                said[0].message.removeprefix(f"attack {entry.name}: ") if is_well else HUNG)
    return outcomes, theatre


@pytest.mark.parametrize("entry", [pytest.param(entry, id=f"{entry.row:02}-{entry.name}") for entry in LINKS])
def test_only_this_worker_ends(played, entry):
    outcomes, theatre = played
    if IS_ASAN and outcomes[entry.name].startswith("worker ended: exit status 1") and theatre.log.matching("AddressSanitizer", entry.name):
        pytest.skip("the sanitizer has ended it: it writes into memory that is not the script's")
    assert re.fullmatch(entry.expected(theatre.fallback), outcomes[entry.name]), theatre.log.messages(entry.name)
    if entry.inside in CAUSES:
        assert theatre.log.matching(CAUSES[entry.inside], entry.name)
    theatre.prober.check()


def test_those_that_were_ended_run_again_and_the_others_still_do(played):
    outcomes, theatre = played
    show = theatre.show
    for entry in LINKS:
        if outcomes[entry.name].startswith("worker ended"):
            theatre.log.wait(r"^running \(pid", entry.name, count=2)
    quick = LINKS.index(next(entry for entry in LINKS if entry.name == "never_reading"))
    position = theatre.log.position
    for entry in LINKS:
        if outcomes[entry.name].startswith("worker ended"):
            show.set(f"/{entry.name}", quick / 1000)
    for entry in LINKS:
        if outcomes[entry.name].startswith("worker ended"):
            theatre.log.wait("^attack never_reading: ok", entry.name, after=position)
    theatre.prober.check(fresh=True)


def test_the_link_has_no_name_that_another_could_connect_to(played):
    """26: so nobody can pose as somebody. The only name is that of the control socket."""
    _, theatre = played
    pid = theatre.show.pid
    if descriptors(pid) is None:
        pytest.skip("only root may look into a broker")
    own = {re.sub(r"\D", "", os.readlink(entry)) for entry in Path(f"/proc/{pid}/fd").iterdir()
           if os.path.islink(entry) and os.readlink(entry).startswith("socket:")}
    listed = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    links = [fields for fields in listed if fields[6] in own and fields[4] == "0005"]
    assert len(links) >= len(LINKS), "the links are where they were looked for"
    assert not [fields for fields in links if len(fields) > 7]
    named = {Path(fields[7]).name for fields in listed if fields[6] in own and len(fields) > 7}
    assert named <= {"control"}
