# SPDX-License-Identifier: BSD-2-Clause
"""Sockets that take long to close (SO_LINGER), passed to those who listen: the receiver closes them, and must not wait.

From Linux 6.16 on the kernel refuses to pass anything to these sockets. Before, nothing that passes descriptors is received.
"""

import array
import contextlib
import ctypes
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest
from harness import root_only
from house import Controlled

PIDFD_GETFD = 438
LINGER = 120  # seconds, in which nothing would be answered; far more than any test waits
KERNEL = tuple(int(word) for word in platform.release().split("-")[0].split(".")[:2])
REFUSES = KERNEL >= (6, 16)


def pass_slow_socket(to, message):
    """Passes a socket whose last descriptor is the one under way. Returns whether the kernel lets it pass, and its peer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        slow = socket.create_connection(listening.getsockname())
        peer, _ = listening.accept()
    slow.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            slow.send(bytes(65536))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER))
    try:
        to.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [slow.fileno()]))])
        passed = True
    except PermissionError:
        passed = False
    except OSError:  # it has hung up
        passed = None
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER if passed else 0))
    slow.close()
    return passed, peer


def test_the_socket_itself_takes_that_long_to_close(tmp_path):
    """What the others rely on."""
    one, other = socket.socketpair()
    passed, peer = pass_slow_socket(one, b"x")
    assert passed
    script = "import socket, sys; s = socket.socket(fileno=0); s.recv(10); print('done')"
    waiting = subprocess.Popen([sys.executable, "-c", script], stdin=other, stdout=subprocess.PIPE)
    other.close()
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(2)
    peer.close()  # resets it
    assert waiting.communicate()[0] == b"done\n"


@pytest.fixture
def house(play, identity, stage):
    found = Controlled(play, identity, stage)
    found.start()
    return found


GREETING = b"\xff" + bytes(8) + b"\x7f\x03"


@pytest.mark.parametrize("before", [b"", GREETING, b"GET / HTTP/1.1\r\n\r\n"], ids=["at once", "after a greeting", "after what ends it"])
def test_clients_of_the_control_socket_cannot_make_it_wait(house, before):
    peers = []
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(house.runtime / "control"))
            if before:
                client.send(before)
            passed, peer = pass_slow_socket(client, b"\xff")
            peers.append(stack.enter_context(peer))
            assert passed in ((False, None) if REFUSES else (True, None))
        began = time.monotonic()
        for _ in range(3):
            assert house.run(None, "status").returncode == 0
        assert time.monotonic() - began < LINGER / 2
        house.answers(1, 0.5)


def take_link(worker):
    """The worker's end of its link, which root and the account's own processes can take; no script can."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(worker)
    try:
        for number in range(3, 16):
            fd = libc.syscall(PIDFD_GETFD, pidfd, number, 0)
            if fd < 0:
                continue
            try:
                found = socket.socket(fileno=fd)
            except OSError:  # it is no socket
                os.close(fd)
                continue
            if found.family == socket.AF_UNIX and found.type == socket.SOCK_SEQPACKET:
                return found
            found.close()
    finally:
        os.close(pidfd)
    raise AssertionError("the worker has no link")


@root_only
@pytest.mark.parametrize("before", [(), (b"\xff\xff",), (b"", b"\xff\xff", b"")], ids=["at once", "after what ends it", "among empty messages"])
def test_whoever_controls_a_worker_cannot_make_the_broker_wait(house, before):
    show = house.show
    worker, position, began = house.worker("alice"), show.log.position, time.monotonic()
    with take_link(worker) as link:
        os.kill(show.pid, signal.SIGSTOP)  # it finds all of them at once
        for message in before:
            link.send(message)
        passed, peer = pass_slow_socket(link, b"\x08\x01")
        os.kill(show.pid, signal.SIGCONT)
    with peer:
        assert passed is not REFUSES
        if REFUSES and not before:
            os.kill(worker, signal.SIGKILL)
        house.answers(2, 0.25)
        show.log.wait(r"^running \(pid", "alice/py1", after=position)
        house.answers(1, 0.5)
        assert time.monotonic() - began < LINGER / 2
        said = show.log.matching(f"^another program with uid {house.uid('alice')} has used the worker's link$", "alice/py1")
        assert len(said) == passed
        show.stop()


@root_only
@pytest.mark.skipif(REFUSES, reason="this kernel lets nobody pass anything")
def test_an_account_that_goes_on_with_it_has_no_workers_any_more(house):
    """Each time costs the broker a descriptor."""
    show, peers = house.show, []
    for n in range(1, 9):
        position = show.log.position
        with take_link(house.worker("alice")) as link:
            peers.append(pass_slow_socket(link, b"\x08\x01")[1])
        show.log.wait("^another program with uid", "alice/py1", after=position)
        if n < 8:
            show.log.wait(r"^running \(pid", "alice/py1", after=position)
    show.log.wait("; no worker of this uid is started until firecurtain is started again$", "alice/py1")
    time.sleep(2)
    assert not show.log.matching(r"^running \(pid", "alice/py1", after=position)
    house.answers(2, 0.25)
