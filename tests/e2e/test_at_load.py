# SPDX-License-Identifier: BSD-2-Clause
"""The broker at load waits in one place, its loop: strace sees no call that could wait for another's disk, memory or answer."""

import collections
import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import control
import pytest
from harness import dedent, only
from waiting import until

SECONDS = 4
CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [loopback sink]
    [python echo]
    module = echo
    [python flooding]
    module = flooding
    [python calling]
    module = calling
    listen = udp:127.0.0.1:0-65535
    [python talking]
    module = talking
    [map]
    wire./in > echo.echo.f
    echo.out > wire./out
    flooding.a > sink.a
    flooding.b > echo.echo.g
    """
SCRIPTS = {
    "echo.py": """
        import midimonster
        def f(value):
            midimonster.output("out", value)
        def g(value):
            pass
        """,
    "flooding.py": """
        import midimonster
        def more():
            for n in range(2000):
                midimonster.output("ab"[n % 2], n / 2000)
        midimonster.interval(more, 10)
        """,
    # managed sockets that come and go, data for them, and calls that the gate refuses
    "calling.py": """
        import socket
        import midimonster
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        def ready(sock):
            sock.recv(100)
        def more():
            midimonster.manage(ready, a)
            b.send(b"x")
            for make in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, make) as sock:
                    try:
                        sock.connect(("127.0.0.1", 9))
                    except OSError:
                        pass
        def less():
            midimonster.manage(None, a)
        midimonster.interval(more, 20)
        midimonster.interval(less, 30)
        """,
    "talking.py": """
        import midimonster
        midimonster.interval(lambda: print("a line"), 20)
        """,
}
LOOP = {"epoll_wait", "epoll_pwait"}
AT_ONCE = {"epoll_ctl", "timerfd_settime", "clock_gettime", "getpid", "getsockopt", "setsockopt", "fcntl", "close", "brk", "mmap", "munmap",
           "madvise", "getrandom", "socketpair", "prlimit64", "rt_sigprocmask", "shutdown", "timerfd_create"}
# Calls that wait unless they are told not to, or their descriptor is.
TRANSFERS = {"read", "write", "readv", "writev", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg"}


def cannot_wait(pid, fd, seen={}):
    """Tells whether a descriptor of the process is non-blocking, or none of those that can wait."""
    key = pid, fd
    if key not in seen:
        try:
            flags = int(re.search(r"^flags:\t(\d+)", Path(f"/proc/{pid}/fdinfo/{fd}").read_text(), re.M)[1], 8)
            seen[key] = bool(flags & os.O_NONBLOCK)
        except OSError:
            return False
    return seen[key]


def judge(pid, name, arguments):
    """Returns what is wrong with a call."""
    fd = re.match(r"\d+", arguments)
    if name in LOOP or name in AT_ONCE:
        return None
    if name == "poll":
        return None if re.search(r", 0$", arguments) else "waits"
    if name in TRANSFERS:
        is_log = fd and fd[0] == "2"  # asked by poll() whether there is room
        return None if is_log or "MSG_DONTWAIT" in arguments or cannot_wait(pid, int(fd[0])) else "may wait"
    return "is not expected"


@only("root")
@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_nothing_that_could_wait_is_called(play, stage, identity):
    show = play(config=CONFIG, scripts={name: dedent(text) for name, text in SCRIPTS.items()}, ready=("echo", "flooding", "calling", "talking"))
    trace, stop = stage.folder(identity) / "strace", threading.Event()

    def press():
        n = 0
        while not stop.wait(0.002):
            n = (n + 1) % 1000
            show.set("/in", n / 1000)

    def ask():
        while not stop.wait(0.1):
            control.run(show, "status", "--usage", check=0)

    threads = [threading.Thread(target=each) for each in (press, ask)]
    for each in threads:
        each.start()
    with subprocess.Popen(control.command(show, "watch", "*"), env=control.environment(show.folder), stdout=subprocess.DEVNULL) as watch:
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-s", "0", "-o", str(trace), "-p", str(show.pid)])
        until(lambda: trace.exists() and trace.stat().st_size, "strace does not attach")
        time.sleep(SECONDS)
        tracer.terminate()
        tracer.wait()
        stop.set()
        watch.terminate()
    for each in threads:
        each.join()
    calls, wrong = collections.Counter(), collections.Counter()
    for line in trace.read_text().splitlines():
        match = re.match(r"\d+ +(\w+)\((.*?)\)? += ", line)
        if not match or "resumed" in line:
            continue
        calls[match[1]] += 1
        complaint = judge(show.pid, match[1], match[2])
        if complaint:
            wrong[f"{match[1]}({match[2][:80]}) {complaint}"] += 1
    assert not wrong, wrong.most_common(20)
    for name in ("epoll_wait", "recvfrom", "sendto"):
        assert calls[name] > 100 or calls["recvmsg"] + calls["recvmmsg"] > 100, f"that was no load: {calls}"
