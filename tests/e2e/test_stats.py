# SPDX-License-Identifier: BSD-2-Clause
"""The figures of an instance: each corresponds to what the test did."""

import os
import re
import signal
import time

import control
import pytest

pytestmark = pytest.mark.one_setting

LINE = re.compile(
    r"stats: in=(\d+) out=(\d+) coalesced=(\d+) dropped=(\d+) exceptions=(\d+) restarts=(\d+) queue=(\d+) queue_max=(\d+) "
    r"queue_peak=(\d+) batches=(\d+) busy_p50_us=(\d+) busy_p99_us=(\d+) busy_max_us=(\d+) memory_bytes=(\d+) cpu_ms=(\d+) "
    r"slow_turns=(\d+) slow_turn_max_us=(\d+)")
NAMES = re.findall(r"(\w+)=", LINE.pattern)
OPTIONS = "stats = 100ms"
SCRIPT = """
    import time
    import midimonster
    def echo(value):
        midimonster.output("out", value)
        midimonster.output("unmapped", value)
    def fail(value):
        raise ValueError(value)
    def work(value):
        until = time.process_time() + value
        while time.process_time() < until:
            pass
        midimonster.output("out", value)
    def wait(value):
        midimonster.output("out", value)
        time.sleep(value)
    def fill(value):
        global kept
        kept = b"x" * (64 << 20)
        midimonster.output("out", value)
    def flood(value):
        for n in range(500):
            midimonster.output("out", n / 500)
        midimonster.output("out", value)
    midimonster.output("unmapped", 0)
"""
MAPS = ["wire./{echo,fail,work,wait,fill,flood} > py1.script.{echo,fail,work,wait,fill,flood}", "py1.out > wire./out"]


def figures(show, instance="py1"):
    """Returns the figures of a line written after everything that the test has seen: not the next one, which may be
    under way."""
    line = show.log.wait("^stats: ", instance, "info", after=show.log.position, count=2).message
    match = LINE.fullmatch(line)
    assert match, line
    return dict(zip(NAMES, map(int, match.groups()), strict=True))


def test_events_exceptions_and_restarts(play):
    show = play(SCRIPT, MAPS, options=OPTIONS)
    for n in range(100):
        show.set("/echo", n / 100)
        show.expect("/out", n / 100)
    for n in range(7):
        show.set("/fail", n / 7)
    show.set("/echo", 0.999)
    show.expect("/out", 0.999)
    found = figures(show)
    # the import put out one event on "unmapped"
    assert found["in"] == 108 and found["out"] == 203 and found["exceptions"] == 7, found
    assert found["restarts"] == found["coalesced"] == found["dropped"] == found["queue"] == found["queue_max"] == 0, found
    assert 101 <= found["batches"] <= 108 and 1 <= found["queue_peak"] <= 8, found
    assert 0 < found["busy_p50_us"] <= found["busy_p99_us"] <= found["busy_max_us"], found
    assert found["memory_bytes"] > 1 << 20 and found["cpu_ms"] > 0, found
    for n in (1, 2):
        position = show.log.position
        os.kill(show.worker(), signal.SIGKILL)
        show.log.wait(r"^running \(pid", "py1", after=position)
        show.set("/echo", n / 3)
        show.expect("/out", n / 3)
        after = figures(show)
        assert after["restarts"] == n and after["in"] == 108 + n and after["out"] == 203 + 3 * n, after
        assert after["exceptions"] == 7 and after["cpu_ms"] >= found["cpu_ms"] and after["memory_bytes"] > 0, after


@pytest.mark.parametrize("overflow, given, coalesced, dropped", [
    ("latest", 4, 3, 0), ("drop-oldest", 3, 0, 4), ("drop-newest", 3, 0, 4)])
def test_a_queue_that_overflows(play, overflow, given, coalesced, dropped):
    show = play(SCRIPT, MAPS, options=f"{OPTIONS}\nqueue = 2\noverflow = {overflow}")
    show.set("/wait", 0.99)
    show.log.wait("^stats: in=1 ", "py1")
    for n in range(1, 7):
        show.set("/echo", n / 10)
    held = figures(show)
    waiting = given - 1
    assert (held["queue"], held["queue_max"], held["queue_peak"]) == (waiting,) * 3, held
    show.expect("/out", 0.99)
    for _ in range(waiting):
        show.wire.value("/out")
    found = figures(show)
    assert (found["in"], found["coalesced"], found["dropped"]) == (given, coalesced, dropped), found
    assert (found["queue"], found["queue_max"], found["queue_peak"]) == (0, 0, waiting), found


def test_what_the_rate_lets_give_way(play):
    show = play(SCRIPT, MAPS, options=f"{OPTIONS}\nrate = 10")
    time.sleep(0.3)  # the output of the import has been accounted for
    show.set("/flood", 1)
    show.expect("/out", 0, 1)
    found = figures(show)
    assert (found["in"], found["out"], found["coalesced"], found["dropped"]) == (1, 3, 499, 0), found


def test_busy_times(play):
    show = play(SCRIPT, MAPS, options=OPTIONS)
    began = time.monotonic()
    for seconds in (0.2, 0.4, 0.8):
        show.set("/wait", seconds)
        show.expect("/out", seconds)
    show.set("/echo", 0.75)
    show.expect("/out", 0.75)
    found = figures(show)
    assert found["batches"] == 4
    took_us = (time.monotonic() - began) * 1e6
    assert 200_000 <= found["busy_p50_us"] < found["busy_p99_us"], found
    assert 800_000 <= found["busy_p99_us"] <= found["busy_max_us"] < took_us - 600_000, found


def test_memory_and_processor_time(play):
    show = play(SCRIPT, MAPS, options=OPTIONS)
    before = figures(show)
    show.set("/fill", 0.5)
    show.expect("/out", 0.5)
    filled = figures(show)
    assert 63 << 20 < filled["memory_bytes"] - before["memory_bytes"] < 80 << 20, (before, filled)
    show.set("/work", 0.75)
    show.expect("/out", 0.75)
    worked = figures(show)
    assert 740 <= worked["cpu_ms"] - filled["cpu_ms"] < 1500, (filled, worked)
    position = show.log.position
    os.kill(show.worker(), signal.SIGKILL)
    show.log.wait(r"^running \(pid", "py1", after=position)
    after = figures(show)
    assert after["cpu_ms"] >= worked["cpu_ms"] and after["memory_bytes"] < filled["memory_bytes"] - (50 << 20), after


def test_one_that_is_not_started_again(play):
    show = play(SCRIPT, MAPS, options=f"{OPTIONS}\nrestart = never")
    os.kill(show.worker(), signal.SIGKILL)
    show.log.wait("^worker ended", "py1")
    for n in range(5):
        show.set("/echo", n / 5)
    found = figures(show)
    assert (found["in"], found["dropped"], found["restarts"], found["memory_bytes"], found["queue"]) == (0, 5, 0, 0, 0), found
    assert found["cpu_ms"] > 0


def test_for_all_instances_and_for_one(play):
    show = play(config="""
        [backend python]
        stats = 200ms
        [python a]
        module = script
        [python b]
        module = script
        [python c]
        module = script
        stats = 0
    """, scripts={"script.py": ""}, ready=("a", "b", "c"))
    for name in ("a", "b"):
        first, last = (show.log.wait("^stats: ", name, "info", count=count) for count in (1, 6))
        assert LINE.fullmatch(first.message) and LINE.fullmatch(last.message)
        assert 0.7 < last.arrived - first.arrived < 15
    assert not show.log.matching("^stats", "c")


def test_none_by_default(play):
    show = play(SCRIPT, MAPS)
    show.set("/echo", 0.5)
    show.expect("/out", 0.5)
    time.sleep(1)
    assert not show.log.matching("^stats")


@pytest.mark.parametrize("option, told", [
    ("stats = 99ms", "too short: at least 100 ms"), ("stats = often", "is not a time of at most"), ("stats = 25h", "is not a time of at most")])
def test_times_that_are_not_possible(firecurtain, option, told):
    result = firecurtain("check", "show.cfg", files={
        "show.cfg": f"[python py1]\nmodule = script\n{option}\n", "script.py": ""})
    assert result.returncode == 78 and told in result.stderr, result


def test_slow_turns_are_told_with_what_took_them(play):
    """Reading a large configuration again is one."""
    def config(n):
        return (f"[osc wire]\nbind = 127.0.0.1 @IN@\n[python py1]\nmodule = script\n{OPTIONS}\n[loopback many]\n"
                f"[map]\nwire./more{{1..{n}}} > many.in{{1..{n}}}\n")
    show = play(config=config(10), scripts={"script.py": ""}, ready=("py1",))
    show.write("show.cfg", config(20000))
    control.run(show, "reload", check=0)  # read and applied for its caller
    text = control.run(show, "status", "--usage", check=0).stdout
    assert re.search(r"^\d+ slow turns of the broker, mostly for (a request|a new configuration), the longest [\d.]+m?s$", text, re.M), text
    show.log.wait(r"^stats: .* slow_turns=[1-9]\d* slow_turn_max_us=\d{4,}$", "py1")
    assert "slow turns" not in control.run(show, "status", check=0).stdout
