# SPDX-License-Identifier: BSD-2-Clause
"""Row 28: a worker program that is hostile from its first instruction (tests/programs/hostile_worker.c), not just its script.

All plays run at once, each in its own instance, next to one that behaves well."""

import contextlib
import os
import re
import shutil
from pathlib import Path

import pytest
from harness import IS_ASAN, TOP
from processes import descriptors
from theatre import Theatre, memory
from waiting import until

SOURCE = (TOP / "tests/programs/hostile_worker.c").read_text()
PLAYS = re.findall(r'^    \{"(\w+)", play_', SOURCE, re.M)
VIOLATION = "the worker broke the protocol and is killed: "
NO_MESSAGE = VIOLATION + "it sent a malformed message: "
NO_FILTER = VIOLATION + "its system call filter cannot be watched: .*"
LATE = "did not start in time; killed"
HUNG_UP = "closed its link to the broker; killed"
EXIT = "worker ended: exit status 0.*"
# Before Linux 6.16 the kernel lets them pass, and the broker does not receive them.
GIVES = f"{EXIT}|{VIOLATION}it sent descriptors: Operation not permitted"
LIED = "its last outputs are lost: they cannot be read"
# What the log says about each.
TOLD = {
    "silence": LATE,
    "garbage": NO_MESSAGE + "Bad message",
    "empty_message": HUNG_UP,
    "too_large": NO_MESSAGE + "Message too long",
    "largest_garbage": NO_MESSAGE + "Bad message",
    "truncated": NO_MESSAGE + "Bad message",
    "wrong_version": VIOLATION + "it speaks version 99 of the protocol, not 5",
    "hello_twice": VIOLATION + 'it sent "hello" while locking',
    "no_hello": VIOLATION + 'it sent "locked" while connecting',
    "ready_at_once": VIOLATION + 'it sent "ready" while locking',
    "report_at_once": VIOLATION + 'it sent "report" while locking',
    "stopped_at_once": VIOLATION + 'it sent "stopped" while locking',
    "quiet_after_hello": LATE,
    "locked_with_a_pipe": NO_FILTER,
    "locked_with_nothing": NO_FILTER,
    "locked_with_an_eventfd": NO_FILTER,
    "locked_with_the_link": NO_FILTER,
    "locked_with_the_progress": NO_FILTER,
    "locked_without_a_filter": VIOLATION + "it reports that it has no system call filter",
    "done_before_locked": VIOLATION + 'it sent "report" while locking',
    "a_million_reports": VIOLATION + 'it sent "report" while locking',
    "exit_after_hello": EXIT,
    "exit_after_setup": "worker ended: exit status 3.*",
    "hang_up": HUNG_UP,
    "half_closed_for_writing": HUNG_UP,
    "half_closed_for_reading": LATE,
    "gives_a_memory_away": GIVES,
    "gives_a_pipe_away": GIVES,
    "gives_a_socket_away": GIVES,
    "gives_its_link_away": GIVES,
    "substitute": LATE,
    "survivor": EXIT,
    "progress_jumps": LIED,
    "progress_wraps": LIED,
    "progress_ends_before_it_begins": LIED,
    "progress_one_too_many": LIED,
    "progress_unknown_channels": LIED,
    "progress_no_numbers": LIED,
    "progress_without_a_script": LIED,
}
GIVEN_AWAY = [play for play in PLAYS if play.startswith("gives_")]
MANY = int(re.search(r"#define MANY_DESCRIPTORS (\d+)", SOURCE)[1])


@pytest.fixture(scope="module")
def played(stage, identity):
    stage_of_its_own = type(stage).__new__(type(stage))
    stage_of_its_own.__dict__.update(stage.__dict__)
    stage_of_its_own.install(f"hostile-{identity.uid}", worker="tests/hostile-worker")
    stage_of_its_own.open_up()
    # each of these once: an account that goes on with it would have no workers any more
    once = {play: "\nrestart = never" for play in GIVEN_AWAY}
    theatre = Theatre(stage_of_its_own, identity, {play: ("idle", f"env = PLAY={play}{once.get(play, '')}") for play in PLAYS},
                      maps=[f"{play}.lie > wire./lie" for play in PLAYS], scripts=[("idle.py", "")], ready=False)
    before = memory(theatre.show.pid)
    yield theatre, before
    theatre.end()
    shutil.rmtree(Path(stage_of_its_own.firecurtain).parents[1])


def test_every_play_has_its_end():
    assert sorted(TOLD) == sorted(PLAYS)


@pytest.mark.parametrize("play", PLAYS)
def test_it_is_ended_and_nobody_else_notices(played, play):
    theatre, _ = played
    theatre.log.wait(f"^({TOLD[play]})$", play)
    theatre.log.wait("^worker ended: ", play)
    assert not theatre.log.matching(r"^running \(pid", play)
    theatre.prober.check()


def test_what_it_put_out_without_a_script_reaches_nobody(played):
    """Neither values that cannot be, nor those of a worker whose filter the broker never had."""
    theatre, _ = played
    for play in PLAYS:
        theatre.log.wait("^worker ended: ", play)
    assert theatre.show.wire.waiting("/lie") == []


@pytest.mark.parametrize("play", GIVEN_AWAY)
def test_the_broker_keeps_no_descriptor_that_it_is_sent(played, play):
    """The kernel refuses it, or on an older one it is not received."""
    theatre, _ = played
    theatre.log.wait("^descriptors: (EPERM|sent)$|it sent descriptors: ", play)
    theatre.log.wait("^worker ended: ", play)
    n_open = descriptors(theatre.show.pid)
    if n_open is None:
        return  # only root may look
    assert n_open < 10 * len(PLAYS) + MANY
    links = []
    for entry in Path(f"/proc/{theatre.show.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.append(os.readlink(entry))
    assert not [link for link in links if "smuggled" in link]


def test_the_broker_has_not_grown_and_tries_again(played):
    theatre, before = played
    until(lambda: len(theatre.log.matching("^worker ended: ", "garbage")) > 2, "it is not started again")
    assert memory(theatre.show.pid) - before < (48 << 20) * (10 if IS_ASAN else 1)
    theatre.prober.check(fresh=True)
