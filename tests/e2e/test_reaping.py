# SPDX-License-Identifier: BSD-2-Clause
"""A worker that the kernel does not get rid of at once, as one with gigabytes: nobody waits for it.

The test holds it back at its exit, by tracing it, so what is tested does not depend on how fast the machine is.
"""

import contextlib
import ctypes
import os
from pathlib import Path

import pytest
from pressure import answer_all
from processes import workers_of
from waiting import until

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can hold a worker back")

MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]
SCRIPT = "import midimonster\ndef handler(value):\n\tmidimonster.output('out', value)\nprint('this is VERSION')\n"
ENDLESS = "import time\nwhile True:\n\ttime.sleep(0.01)\n"
SEIZE, DETACH, TRACE_EXIT = 0x4206, 17, 0x40


def ptrace(request, pid, data=0):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")


@contextlib.contextmanager
def held(pid):
    """Holds a process back when it exits: it is neither gone nor to be waited for."""
    ptrace(SEIZE, pid, TRACE_EXIT)
    try:
        yield
    finally:
        ptrace(DETACH, pid)


def is_at_its_exit(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "tZ"


@pytest.mark.one_setting
def test_events_go_on_and_its_successor_stands_back(play):
    """A replacement that is importing is given up since its files have changed once more."""
    show = play(SCRIPT.replace("VERSION", "one"), MAPS, options="reload = on")
    first = show.worker()
    show.write("script.py", SCRIPT.replace("VERSION", "two") + ENDLESS)
    show.printed("this is two")
    (second,) = set(workers_of(show.pid)) - {first}
    with held(second):
        show.write("script.py", SCRIPT.replace("VERSION", "three"))
        until(lambda: is_at_its_exit(second), "it is not killed")
        answer_all(show)
        assert show.worker() == first and not show.log.matching("this is three")
        assert set(workers_of(show.pid)) >= {first, second}
    show.printed("this is three")
    show.log.wait(r"^running \(pid \d+\) with its changed files", "py1")
    answer_all(show, 100)
    assert show.worker() != first
    until(lambda: workers_of(show.pid) == [show.worker()], "a worker is left")


@pytest.mark.one_setting
def test_a_worker_that_ends_by_itself(play):
    """It is killed from outside while it is held back: the broker waits for it without blocking, and starts another one
    when it is gone."""
    show = play(SCRIPT.replace("VERSION", "one"), [*MAPS, "wire./other > l.x", "l.x > wire./another"],
                options="[loopback l]\n")
    first = show.worker()
    with held(first):
        os.kill(first, 9)
        until(lambda: is_at_its_exit(first), "it is not killed")
        answer_all(show, into="/other", out="/another")
        assert show.worker() == first
    show.wait_restart()
    answer_all(show, 100)


@pytest.mark.one_setting
def test_a_show_ends_although_a_worker_takes_long(play):
    show = play(SCRIPT.replace("VERSION", "one"), MAPS, options="reload = on")
    show.write("script.py", SCRIPT.replace("VERSION", "two") + ENDLESS)
    show.printed("this is two")
    (second,) = set(workers_of(show.pid)) - {show.worker()}
    with held(second):
        show.write("script.py", SCRIPT.replace("VERSION", "three"))
        until(lambda: is_at_its_exit(second), "it is not killed")
    show.stop()
