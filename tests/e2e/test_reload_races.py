# SPDX-License-Identifier: BSD-2-Clause
"""Reloads that meet a worker which is about to run, or about to end."""

import os
import signal

import pytest
from harness import dedent
from test_reload import LIVE, MAPS, SCRIPT, save, script
from waiting import until

SLOW = "import time\ntime.sleep(0.7)\n"


def storm(show, until_seen):
    """Saves a file again and again, and has the configuration read again, faster than the script can be loaded."""
    n = 0

    def step():
        nonlocal n
        n += 1
        save(show, "other.py", f"n = {n}\n")
        save(show, "script.py", SLOW + script())
        if n % 4 == 0:
            os.kill(show.pid, signal.SIGHUP)
        return until_seen()
    until(step, lambda: f"{n} changes, and it never runs:\n{show.log}", pause=0.05)


@pytest.mark.one_setting
@pytest.mark.parametrize("option", ["off", "on"])
def test_changes_that_come_faster_than_a_start_do_not_keep_it_from_running(play, option):
    show = play(SLOW + dedent(SCRIPT), MAPS, options=f"reload = {option}", ready=())
    storm(show, lambda: show.log.matching(r"^running \(pid", "py1"))
    position = show.log.position
    storm(show, lambda: show.log.matching(LIVE, "py1", after=position))  # beside the running one, too
    old = show.worker()
    os.kill(old, signal.SIGKILL)
    storm(show, lambda: show.worker() != old)  # and in place of one that has died
    save(show, "script.py", script("1 - value"))
    os.kill(show.pid, signal.SIGHUP)
    until(lambda: show.set("/a", 0.25) or 0.75 in [pytest.approx(value) for value in show.wire.waiting("/out")], "the last version is not live")


@pytest.mark.one_setting
def test_what_a_killed_worker_has_put_out_is_not_lost_by_a_reload(play):
    show = play(script(top="""
        def a(value):
            midimonster.output("out", value)
            if value < 0.5:
                sum(range(10 ** 13))  # cannot be interrupted
        """), MAPS, options="handler-timeout = 100ms\nrestart-delay = 0")
    for n in range(8):
        show.set("/a", n / 100)
        position = show.log.position

        def step():
            save(show, "other.py", "")
            os.kill(show.pid, signal.SIGHUP)
            return show.log.matching("^worker ended", "py1", after=position)
        until(step, "it was not killed", pause=0.005)
        show.set("/a", 0.5 + n / 100)
        show.expect("/out", n / 100, 0.5 + n / 100)
