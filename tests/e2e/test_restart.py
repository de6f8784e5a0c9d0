"""Whether and when a worker that has ended is started again, and what the next one finds."""

import os
import signal
import time

import pytest

pytestmark = [pytest.mark.smoke, pytest.mark.one_setting]

SCRIPT = """
    import ctypes
    import midimonster
    def leave(value):
        raise SystemExit(0)
    def fail(value):
        raise SystemExit(3)
    def crash(value):
        ctypes.string_at(0)
    def answer(value):
        midimonster.output("out", value)
"""
MAPS = ["wire./{leave,fail,crash,answer} > py1.script.{leave,fail,crash,answer}", "py1.out > wire./out"]


def kill(show, after):
    """Ends the worker; the line that says so."""
    os.kill(show.worker(), signal.SIGKILL)
    return show.log.wait("^worker ended", "py1", after=after)


def test_at_once_and_then_after_delays_that_double(play):
    show = play(SCRIPT, MAPS)
    said = []
    for n in range(4):
        position = show.log.position
        said.append(kill(show, position).message.split("SIGKILL; ")[1])
        show.log.wait(r"^running \(pid", "py1", after=position)
    assert said[:2] == ["starting it again", "starting it again in 0.1 s"]
    assert said[2] in ("starting it again in 0.2 s", "starting it again in 0.3 s")
    assert said[3] in ("starting it again in 0.4 s", "starting it again in 0.5 s")
    show.set("/answer", 0.5)
    show.expect("/out", 0.5)


@pytest.mark.parametrize("restart, how, again", [
    ("always", "leave", True), ("on-failure", "leave", False), ("on-failure", "fail", True), ("on-failure", "crash", True),
    ("never", "crash", False)])
def test_the_policies(play, restart, how, again):
    show = play(SCRIPT, MAPS, options=f"restart = {restart}")
    position = show.log.position
    show.set(f"/{how}", 1)
    if again:
        show.wait_restart(after=position)
        show.set("/answer", 0.5)
        show.expect("/out", 0.5)
        return
    show.log.wait(r"^worker ended: .*; not started again \(option restart\)$", "py1", "warning")
    for n in range(100):
        show.set("/answer", n / 100)
    assert not show.log.matching("^running", "py1", after=position)


def test_a_limit_ends_it_until_the_configuration_is_read_again(play):
    show = play(SCRIPT, MAPS, options="restart-limit = 3/1m\nrestart-delay = 10ms")
    for n in range(3):
        position = show.log.position
        kill(show, position)
        show.log.wait(r"^running \(pid", "py1", after=position)
    position = show.log.position
    assert "failed: 3 restarts" in kill(show, position).message
    position = show.log.position
    os.kill(show.pid, signal.SIGHUP)
    show.log.wait(r"^running \(pid", "py1", after=position)
    show.set("/answer", 0.25)
    show.expect("/out", 0.25)


def test_events_that_came_meanwhile_wait(play):
    show = play(SCRIPT, MAPS, options="restart-delay = 1s")
    for n in range(4):  # so that there is time
        position = show.log.position
        kill(show, position)
        if n < 3:
            show.log.wait(r"^running \(pid", "py1", after=position)
    for n in range(1, 6):
        show.set("/answer", n / 10)
    show.expect("/out", *(n / 10 for n in range(1, 6)))


@pytest.mark.parametrize("overflow, kept", [
    ("latest", [0.1, 0.2, 0.6]), ("drop-oldest", [0.5, 0.6]), ("drop-newest", [0.1, 0.2])])
def test_a_full_queue_keeps_what_it_was_told_to(play, overflow, kept):
    show = play("""
        import time
        import midimonster
        def wait(value):
            midimonster.output("out", 0.01)
            time.sleep(1)
        def answer(value):
            midimonster.output("out", value)
    """, ["wire./{wait,answer} > py1.script.{wait,answer}", "py1.out > wire./out"], options=f"queue = 2\noverflow = {overflow}")
    show.set("/wait", 1)
    time.sleep(0.3)  # it waits
    for n in range(1, 7):
        show.set("/answer", n / 10)
    show.expect("/out", 0.01, *kept)
    show.log.wait("cannot keep up: ", "py1", "warning")
    time.sleep(0.3)
    assert not show.wire.waiting("/out")


def test_forty_that_fall_together_all_come_back(play):
    names = [f"p{n}" for n in range(40)]
    config = "".join(f"[python {name}]\nmodule = script\n" for name in names)
    show = play(config=config, scripts={"script.py": ""}, ready=names)
    position = show.log.position
    for name in names:
        os.kill(show.worker(name), signal.SIGKILL)
    for name in names:
        show.log.wait(r"^running \(pid", name, after=position)


@pytest.mark.parametrize("option, told", [
    ("restart = sometimes", "always, on-failure or never"), ("restart-limit = 5", "restarts/time"),
    ("restart-limit = 0/1m", "no number from 1"), ("restart-limit = 5/soon", "no time up to"),
    ("restart-delay = -1s", "no time up to"), ("handler-timeout = 5 parsecs", "no time up to"),
    ("handler-timeout = 25h", "no time up to"), ("start-timeout = s", "no time up to"), ("stop-timeout =", ""),
    ("queue = 0", "no number from 1"), ("overflow = never", "latest, drop-oldest or drop-newest")])
def test_values_that_are_not_possible(firecurtain, option, told):
    result = firecurtain("check", "show.cfg", files={
        "show.cfg": f"[python py1]\nmodule = script\n{option}\n", "script.py": ""})
    assert result.returncode == 78 and told in result.stderr, result
