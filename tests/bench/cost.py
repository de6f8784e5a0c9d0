# SPDX-License-Identifier: BSD-2-Clause
"""Rows of what an event costs besides time (system calls, switches), and of how its time grows with the show."""

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import frames
from latency import ECHO, MAP, ONE, WIRE
from plot import plot
from rows import TIMES, Figures, Row
from stage import PINNED, Failure, descendants, until

CHANNELS = (10, 1000, 100000)
INSTANCES = (1, 100, 1000)
FRAME = 512  # channels of the row at load


def threads(pid):
    return [Path(entry.path) for entry in os.scandir(f"/proc/{pid}/task")]


@contextlib.contextmanager
def traced(folder, pids):
    """Counts the system calls of processes, by name; the dictionary is filled at the end."""
    calls, path = {}, folder / "strace"
    with subprocess.Popen(["strace", "-f", "-c", "-U", "calls,name", "-o", path, *(f"--attach={pid}" for pid in pids)],
                          stderr=subprocess.DEVNULL) as process:
        until(lambda: process.poll() is not None or all(
            re.search(r"^TracerPid:\t[1-9]", (thread / "status").read_text(), re.M)
            for pid in pids for thread in threads(pid)),
            "strace does not attach")
        if process.poll() is not None:
            raise Failure("strace may not attach")
        yield calls
        process.send_signal(signal.SIGINT)
    for count, name in re.findall(r"^ *(\d+) (\w+)$", path.read_text(), re.M):
        calls[name] = int(count)
    calls.pop("total", None)


def commonest(calls, count):
    most = sorted(calls.items(), key=lambda item: -item[1])
    return ", ".join(f"{n / count:.1f} {name}" for name, n in most if n / count >= 0.05)


def syscalls(bench):
    if os.getuid() != 0:  # others must not inspect the broker
        yield Row("system calls of an event", "calls", note="is for root to see")
        return
    count = bench.pick(2000, 300)
    asked = count + max(20, count // 20)  # including the warm-up
    with bench.server("chain", PINNED) as port, bench.show(ONE, {"echo.py": ECHO}, ["py"], cpu=PINNED) as show:
        with traced(show.folder, bench.server_pids()) as calls:
            bench.ask(port, show.out_port, "/in", count, cpu=PINNED)
        floor = sum(calls.values()) / asked
        total = 0
        for name, pid in (("broker", show.process.pid), ("worker", show.pid("py"))):
            with traced(show.folder, [pid]) as calls:
                bench.ask(show.in_port, show.out_port, "/in", count, cpu=PINNED)
            total += sum(calls.values()) / asked
            yield Row(f"system calls of an event, {name}", "calls", Figures.one(sum(calls.values()) / asked),
                      note=commonest(calls, asked))
        yield Row("system calls of an event", "calls", Figures.one(total), Figures.one(floor),
                  goal="≤ 12", met=total <= 12, note="floor: of the chain")
    yield loaded(bench, bench.pick(400, 60))


def loaded(bench, count):
    """Frames of many channels: what one event of many costs, in the broker and both workers."""
    with bench.show(frames.config(FRAME), frames.scripts(FRAME), ["sender", "taker"]) as show:
        with traced(show.folder, [show.process.pid, show.pid("sender"), show.pid("taker")]) as calls:
            bench.ask(show.in_port, show.out_port, "/in", count)
    per_event = sum(calls.values()) / (count + max(20, count // 20)) / FRAME
    return Row(f"system calls of an event, frames of {FRAME}", "calls", Figures.one(per_event), goal="< 1",
               met=per_event < 1, note="of the broker and both workers")


def switches_of(pids):
    """Returns the voluntary and other switches of all threads."""
    text = "".join((thread / "status").read_text() for pid in pids for thread in threads(pid))
    return [sum(map(int, re.findall(rf"^{kind}_ctxt_switches:\t(\d+)$", text, re.M)))
            for kind in ("voluntary", "nonvoluntary")]


def switches(bench):
    count = bench.pick(3000, 300)
    asked = count + max(20, count // 20)

    def measured(pids, *question):
        before = switches_of(pids)
        bench.ask(*question, "/in", count, pause_us=500)
        return [(after - earlier) / asked for earlier, after in zip(before, switches_of(pids))]

    with bench.server("chain") as port, bench.show(ONE, {"echo.py": ECHO}, ["py"]) as show:
        floor = measured(bench.server_pids(), port, show.out_port)
        product = measured([show.process.pid, show.pid("py")], show.in_port, show.out_port)
    yield Row("switches of an event", "switches", Figures.one(sum(product)), Figures.one(sum(floor)),
              goal="≤ 5", met=sum(product) <= 5, note=f"{product[0]:.1f} voluntary; floor: of the chain, {floor[0]:.1f}")


def crowd(channels, instances):
    """A show with so many channels, and instances in addition to the one that answers."""
    others = "".join(f"[python other{i}]\nmodule = idle\n" for i in range(1, instances))
    more = max(0, channels - 2)
    return (WIRE + "[python py]\nmodule = echo\n[loopback many]\n" + others + MAP +
            (f"wire./more{{1..{more}}} > many.in{{1..{more}}}\n" if more else ""))


def point(bench, channels, instances, floor_port):
    names = ["py", *(f"other{i}" for i in range(1, instances))]
    count, product, floor = bench.pick(1500, 300), [], []
    scripts = {"echo.py": ECHO, "idle.py": "import midimonster\n"}
    with bench.show(crowd(channels, instances), scripts, names, cpu=PINNED) as show:
        time.sleep(0.5 + instances / 200)  # start-up has to end
        for _ in range(bench.pick(5, 3)):
            floor.append(bench.ask(floor_port, show.out_port, "/in", count, cpu=PINNED))
            product.append(bench.ask(show.in_port, show.out_port, "/in", count, cpu=PINNED))
    return Figures(product, TIMES["µs"]), Figures(floor, TIMES["µs"])


def growth(bench):
    """The goal: an event costs no more in a large show than in a small one; a fifth is allowed for noise."""
    curves = {"channels": bench.pick(CHANNELS, CHANNELS[:2]), "instances": bench.pick(INSTANCES, (1, 20))}
    drawn = {}
    for what, sizes in curves.items():
        first, drawn[what] = None, []
        for size in sizes:
            with bench.server("chain", PINNED) as port:
                channels, instances = (size, 1) if what == "channels" else (2, size)
                product, floor = point(bench, channels, instances, port)
            first = first or product.p50 / floor.p50
            drawn[what].append((size, product.p50, floor.p50))
            yield Row(f"event among {size:,} {what if size > 1 else what[:-1]}, pinned", "µs", product, floor,
                      goal="ratio ≤ 1.2 × the first", met=product.p50 / floor.p50 <= 1.2 * first)
    if bench.plot:
        bench.plot.write_text(plot(drawn))


def ceiling(bench):
    """A thousand instances: how long they take to start, their memory, and what they cost at rest."""
    import rest
    from lives import echoes
    n = bench.pick(1000, 100)
    names, config = echoes(n)
    with bench.show(config, {"echo.py": ECHO}, names) as show:
        yield Row(f"start of {n:,}", "ms", Figures.one(show.last_start() * 1000))
        time.sleep(2)
        workers = [rest.dirty(show.pid(name)) for name in names]
        yield Row(f"memory of an instance, of {n:,}", "MB", Figures([workers]), limit50=1.5, note="private dirty")
        yield rest.broker_row(f"memory of the broker, {n:,} instances", show.process.pid, n * 4)
        pids = [show.process.pid, *descendants(show.process.pid)]
        before = rest.cpu_ns(pids)
        time.sleep(5)
        yield Row(f"idle, {n:,} instances", "% of a core", Figures.one((rest.cpu_ns(pids) - before) / 5e9 * 100))
        answers = [bench.ask(show.in_port, show.out_port, f"/in{i}", 1)[0] for i in range(1, n + 1, max(1, n // 100))]
        yield Row(f"event to each of {n:,}, one after the other", "µs", Figures([answers], TIMES["µs"]))
