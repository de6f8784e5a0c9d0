# SPDX-License-Identifier: BSD-2-Clause
"""Rows of shows at rest: timers, memory, idle."""

import json
import os
import re
import statistics
import time
from pathlib import Path

from latency import ECHO, WIRE
from lives import echoes
from rows import TIMES, Figures, Row
from stage import descendants, until

# Lateness as in floor.c: a tick is for the first time of its grid that none has come for, or else for the latest one.
TICKER = """
import json, os, time
import midimonster
PERIOD_NS = {period_us} * 1000
COUNT = {count}
late = []
def tick():
    global number
    passed = time.monotonic_ns() - began
    latest = passed // PERIOD_NS
    late.append(passed - min(number + 1, latest) * PERIOD_NS)
    number = latest
    if len(late) == COUNT:
        midimonster.interval(tick, 0)
        with open("late.tmp", "w") as file:
            json.dump(late, file)
        os.rename("late.tmp", "late.json")
def go(value):
    global began, number
    late.clear()
    number, began = 0, time.monotonic_ns()
    midimonster.interval(tick, {period_us} // 1000)
"""
TIMED = WIRE + "[python py]\nmodule = ticker\n[map]\nwire./go > py.ticker.go\n"

INSTANCES = 100
MANY_CHANNELS = 20000
EVENTS_OF_EACH = 600  # then everything has its final size


def ticks(bench, show):
    show.send("/go", 1)
    path = show.state("py") / "late.json"
    until(path.exists, "the intervals do not come")
    late = json.loads(path.read_text())
    path.unlink()
    return late


def timers(bench):
    for period_us, full, quick in ((10000, 150, 30), (1000, 1500, 200)):
        count = bench.pick(full, quick)
        for load in ("idle", "busy"):
            product, floor = [], []
            with (bench.show(TIMED, {"ticker.py": TICKER.format(period_us=period_us, count=count)}, ["py"]) as show,
                  bench.busy(load == "busy")):
                for _ in range(bench.pick(5, 2)):
                    floor.append(bench.measure("floor", "timer", period_us, count))
                    product.append(ticks(bench, show))
            yield Row(f"timer of {period_us // 1000} ms, {load}", "µs", Figures(product, TIMES["µs"]), Figures(floor, TIMES["µs"]),
                      limit50=1.5, limit99=1.5, note="lateness")


def dirty(pid, kinds="Private"):
    """Returns the megabytes that a process has written to and shares with nobody; or those of other kinds."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kb) for kb in re.findall(rf"^(?:{kinds})_Dirty: +(\d+) kB$", text, re.M)) * 1024 / 1e6


def broker_row(name, pid, channels):
    limit = 8 + channels * 2 / 1000
    if os.getuid() != 0:  # others must not inspect the broker
        return Row(name, "MB", note="is for root to see")
    # what it wrote before the keeper was forked counts as shared, but is its own
    return Row(name, "MB", Figures.one(dirty(pid, "Private|Shared")), limit50=limit,
               goal=f"≤ 8 MB + 2 kB per channel: {limit:.1f}", note="dirty, with what its keeper shares")


def broker_of(bench, instances):
    """The megabytes of a broker with so many instances at rest."""
    names, config = echoes(instances)
    with bench.show(config, {"echo.py": ECHO}, names) as show:
        time.sleep(1)
        return dirty(show.process.pid, "Private|Shared")


def memory(bench):
    names, config = echoes(INSTANCES)
    if os.getuid() == 0:
        growth = (broker_of(bench, INSTANCES) - broker_of(bench, 1)) * 1000 / (INSTANCES - 1)
        yield Row("memory of the broker, per instance at rest", "kB", Figures.one(growth), limit50=12, goal="≤ 12 kB", note="dirty")
    with bench.show(config, {"echo.py": ECHO}, names) as show:
        time.sleep(1)
        workers = [dirty(show.pid(name)) for name in names]
        yield Row("memory of an instance", "MB", Figures([workers]), limit50=1.5, note=f"private dirty, of {INSTANCES} at rest")
        yield broker_row(f"memory of the broker, {INSTANCES} instances", show.process.pid, INSTANCES * 4)
        for number in range(1, INSTANCES + 1):
            bench.ask(show.in_port, show.out_port, f"/in{number}", EVENTS_OF_EACH)
        yield broker_row(f"memory of the broker, {INSTANCES} instances after {EVENTS_OF_EACH} events each", show.process.pid, INSTANCES * 4)
    config = WIRE + f"[python py]\nmodule = echo\ndefault-handler = echo.handler\n[map]\nwire./in{{1..{MANY_CHANNELS}}} > py.in{{1..{MANY_CHANNELS}}}\n"
    with bench.show(config, {"echo.py": ECHO}, ["py"]) as show:
        yield broker_row(f"memory of the broker, {2 * MANY_CHANNELS:,} channels", show.process.pid, 2 * MANY_CHANNELS)


def cpu_ns(pids):
    """Returns the time for which all threads of the processes have run."""
    return sum(int((task / "schedstat").read_text().split()[0]) for pid in pids for task in Path(f"/proc/{pid}/task").iterdir())


def idle(bench):
    names, config = echoes(INSTANCES)
    seconds, shares = bench.pick(10, 3), []
    with bench.show(config, {"echo.py": ECHO}, names) as show:
        pids = [show.process.pid, *descendants(show.process.pid)]
        time.sleep(2)
        for _ in range(bench.pick(3, 1)):
            before = cpu_ns(pids)
            time.sleep(seconds)
            shares.append((cpu_ns(pids) - before) / 1e9 / seconds * 100)
    yield Row(f"idle, {INSTANCES} instances", "% of a core", Figures.one(statistics.median(shares)), limit50=0.5, goal="under 0.5 %")
