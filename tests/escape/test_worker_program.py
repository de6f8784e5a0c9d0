# SPDX-License-Identifier: BSD-2-Clause
"""Row 28: a worker program that is hostile from its first instruction (tests/programs/hostile_worker.c), not just its script.

All plays run at once, each in its own instance, next to one that behaves well."""

import re
import shutil
from pathlib import Path

import pytest
from harness import IS_ASAN, TOP
from theatre import Theatre, memory
from waiting import until

SOURCE = (TOP / "tests/programs/hostile_worker.c").read_text()
PLAYS = re.findall(r'^    \{"(\w+)", play_', SOURCE, re.M)
VIOLATION = "the worker broke the protocol and is killed: "
LATE = "did not start in time; killed"
# What the log says about each.
TOLD = {
    "silence": LATE,
    "garbage": VIOLATION + "on its link: a greeting that is not ZMTP 3",
    "half_a_greeting": LATE,
    "parts": VIOLATION + "on its link: a message in parts",
    "large_ready": VIOLATION + "on its link: a command that no worker needs",
    "wrong_version": VIOLATION + "it speaks version 99 of the protocol, not 3",
    "hello_twice": VIOLATION + 'it sent "hello" while .*',
    "no_hello": VIOLATION + 'it sent "locked" while connecting',
    "ready_at_once": VIOLATION + 'it sent "ready" while .*',
    "report_at_once": VIOLATION + 'it sent "report" while .*',
    "stopped_at_once": VIOLATION + 'it sent "stopped" while .*',
    "locked_with_a_pipe": VIOLATION + "its system call filter cannot be watched: .*",
    "locked_with_nothing": VIOLATION + "its system call filter cannot be watched: .*",
    "locked_with_an_eventfd": VIOLATION + "its system call filter cannot be watched: .*",
    "locked_with_the_link": VIOLATION + "its system call filter cannot be watched: .*",
    "done_before_locked": VIOLATION + 'it sent "report" while locking',
    "a_million_reports": VIOLATION + 'it sent "report" while .*',
    "exit_after_hello": "worker ended: exit status 0.*",
    "exit_after_setup": "worker ended: exit status 3.*",
    "hang_up": LATE + "|closed its link to the broker; killed|" + VIOLATION + "setup cannot be sent: .*",
    "substitute": VIOLATION + r"process \d+ connected instead of process \d+",
}


@pytest.fixture(scope="module")
def played(stage, identity):
    stage_of_its_own = type(stage).__new__(type(stage))
    stage_of_its_own.__dict__.update(stage.__dict__)
    stage_of_its_own.install(f"hostile-{identity.uid}", worker="tests/hostile-worker")
    stage_of_its_own.open_up()
    theatre = Theatre(stage_of_its_own, identity, {play: ("idle", f"env = PLAY={play}") for play in PLAYS},
                      scripts=[("idle.py", "")], ready=False)
    before = memory(theatre.show.pid)
    yield theatre, before
    theatre.end()
    shutil.rmtree(Path(stage_of_its_own.firecurtain).parents[1])


def test_every_play_has_its_end():
    assert sorted(TOLD) == sorted(PLAYS)


@pytest.mark.parametrize("play", PLAYS)
def test_it_is_ended_and_nobody_else_notices(played, play):
    theatre, _ = played
    theatre.log.wait(f"^({TOLD[play]})$", play, timeout=30)
    theatre.log.wait("^worker ended: ", play, timeout=30)
    assert not theatre.log.matching(r"^running \(pid", play)
    theatre.prober.check()


def test_the_broker_has_not_grown_and_tries_again(played):
    theatre, before = played
    until(lambda: len(theatre.log.matching("^worker ended: ", "garbage")) > 2, "it is not started again")
    assert memory(theatre.show.pid) - before < (48 << 20) * (10 if IS_ASAN else 1)
    theatre.prober.check(fresh=True)
