# SPDX-License-Identifier: BSD-2-Clause
"""A zygote in the hands of a user: nobody of its account can take its socket, and the broker believes nothing that is said there."""

import contextlib
import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest
from harness import root_only
from house import House
from processes import named, settled_spares, status
from waiting import until

SPAWN_FD = 3
PIDFD_OPEN, PIDFD_GETFD = 434, 438
TAKE = f"""
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall({PIDFD_OPEN}, int(sys.argv[1]), 0)
fd = libc.syscall({PIDFD_GETFD}, pidfd, {SPAWN_FD}, 0)
print(os.strerror(ctypes.get_errno()) if fd < 0 else "taken")
"""


def zygotes_of(show, uid):
    found = []
    for pid in named(show.pid, "fc-zygote"):
        with contextlib.suppress(OSError):  # it has just ended
            found += [pid] * (status(pid)["Uid"].split()[0] == str(uid))
    return found


def zygote_of(show, uid):
    """What it forks has its name, too, for a moment."""
    return until(lambda: len(found := zygotes_of(show, uid)) == 1 and found, "there is no zygote, or more than one")[0]


def take_socket(pid):
    """The zygote's end of its socket to the broker, which only root can take."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(pid)
    fd = libc.syscall(PIDFD_GETFD, pidfd, SPAWN_FD, 0)
    os.close(pidfd)
    assert fd >= 0, os.strerror(ctypes.get_errno())
    return socket.socket(fileno=fd)


@pytest.fixture
def house(play, identity, stage):
    found = House(play, identity, stage)
    found.start()
    return found


@root_only
def test_nobody_of_its_account_can_speak_for_it(house):
    uid = house.uid("alice")

    def take(pid):
        done = subprocess.run([sys.executable, "-c", TAKE, str(pid)], user=uid, group=uid, extra_groups=[], stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    outside = subprocess.Popen(["sleep", "60"], user=uid, group=uid, extra_groups=[], preexec_fn=lambda: os.dup2(0, SPAWN_FD), close_fds=False)
    try:
        until(lambda: take(outside.pid) == "taken", "the same does not work with a process of the account outside")
        assert take(zygote_of(house.show, uid)) == "Operation not permitted"
    finally:
        outside.kill()
        outside.wait()


def reply(pid, is_spare):
    return struct.pack("<iII", pid, 0, is_spare)


def own(house):
    return house.worker("alice")


# What a zygote could say: (its pid, of a function, whether it is a spare).
LIES = {
    "every process, as a spare": (lambda _: -1, True),
    "no process, as a spare": (lambda _: 0, True),
    "init, as a spare": (lambda _: 1, True),
    "itself, as a spare": (lambda house: zygote_of(house.show, house.uid("alice")), True),
    "the worker of another user, as a spare": (lambda house: house.worker("bob"), True),
    "the broker, as a spare": (lambda house: house.show.pid, True),
    "a worker that nobody has asked for": (own, False),
    "an error that nobody has asked for": (lambda _: -12, False),
}


@root_only
@pytest.mark.parametrize("lie", LIES)
def test_what_it_cannot_mean_ends_it_and_nobody_else(house, lie):
    show = house.show
    said, is_spare = LIES[lie]
    zygote, others = zygote_of(show, house.uid("alice")), house.worker("bob")
    with take_socket(zygote) as voice:
        voice.send(reply(said(house), is_spare))
        show.log.wait("^the zygote named a process that is not its own; starting another$")
    house.answers(2, 0.25)
    assert house.worker("bob") == others
    until(lambda: zygote_of(show, house.uid("alice")) != zygote, "there is no new zygote")
    house.answers(1, 0.5)
    # the new one makes workers
    position = show.log.position
    os.kill(house.worker("alice"), signal.SIGKILL)
    show.log.wait(r"^running \(pid", "alice/py1", after=position)
    house.answers(1, 0.75)
    show.stop()


@root_only
def test_a_worker_that_is_said_to_be_a_spare_ends_and_is_made_again(house):
    """The reaper waits for it as for a spare. Its guest was left with a descriptor that was readable for ever."""
    show, uid = house.show, house.uid("alice")
    spare = next((pid for pid in settled_spares(show, zygotes=2) if status(pid)["Uid"].split()[0] == str(uid)), None)
    if not spare:
        pytest.skip("workers are born in cgroups here, so there are no spares")
    zygote = zygote_of(show, uid)
    with take_socket(zygote) as voice:
        os.kill(zygote, signal.SIGSTOP)  # the test answers in its place
        position = show.log.position
        os.kill(house.worker("alice"), signal.SIGKILL)
        show.log.wait("^worker ended: ", "alice/py1", after=position)
        time.sleep(1)  # by then it has been asked for another one
        position = show.log.position
        for is_spare in (False, True, True):
            voice.send(reply(spare, is_spare))
        show.log.wait("^the zygote named a process that is not its own; starting another$", after=position)
    show.log.wait("^worker ended: ", "alice/py1", after=position)
    show.log.wait(r"^running \(pid", "alice/py1", after=position)
    house.answers(1, 0.5)
    house.answers(2, 0.5)
    show.stop()
