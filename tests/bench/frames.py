# SPDX-License-Identifier: BSD-2-Clause
"""Rows of many channels: one script sets them, another handles them. The floor runs the same scripts in one process."""

import statistics
import sys

from latency import WIRE
from rows import TIMES, Figures, Row
from stage import HERE, samples_of

SENDER = """
import time
import midimonster
names = ["out%d" % n for n in range(1, {channels} + 1)]
output = midimonster.output
def frame(value):
    for name in names:
        output(name, value)
def frames(value):
    began = time.monotonic_ns()
    for number in range({frames}):
        frame(number % 1024 / 1024)
    output("end", value)
    print("began", began)
"""
TAKER = """
import time
import midimonster
total = 0
count = 0
def each(value):
    global total, count
    total += value
    count += 1
def last(value):
    global count
    count += 1
    midimonster.output("done", value)
def end(value):
    global count
    print("handled", count, "by", time.monotonic_ns())
    count = 0
"""


def scripts(channels, frames=0):
    return {"sender.py": SENDER.format(channels=channels, frames=frames), "taker.py": TAKER}


def config(channels, answers=True):
    return WIRE + f"""
[python sender]
module = sender
handler-timeout = 0
[python taker]
module = taker
default-handler = taker.each
[map]
wire./in > sender.sender.frame
wire./frames > sender.sender.frames
sender.out{{1..{channels - 1}}} > taker.in{{1..{channels - 1}}}
sender.out{channels} > taker.taker.last
sender.end > taker.taker.end
""" + ("taker.done > wire./out\n" if answers else "")


def plain(folder, channels, frames):
    return samples_of([sys.executable, "-I", "-S", HERE / "plain.py", folder, channels, frames])


def frame(bench):
    for channels, full, quick, limit in ((512, 500, 100, 1.3), (4096, 100, 20, 1), (32768, 30, 5, 0.8)):
        product, python, echo, bounce = [], [], [], []
        count = bench.pick(full, quick)
        with (bench.server("echo") as port,
              bench.show(config(channels), scripts(channels), ["sender", "taker"]) as show):
            for _ in range(bench.pick(7, 3)):
                product.append(bench.ask(show.in_port, show.out_port, "/in", count))
                python.append(plain(show.folder, channels, count))
                echo.append(bench.ask(port, show.out_port, "/in", count))
                bounce.append(bench.measure("floor", "pingpong", count))
        base = [(1, Figures(python, TIMES["µs"])), (1, Figures(echo, TIMES["µs"])), (2, Figures(bounce, TIMES["µs"]))]
        yield Row(f"frame of {channels:,}", "µs", Figures(product, TIMES["µs"]), Figures.sum(base), limit50=limit,
                  note=f"floor: Python {base[0][1].p50:.0f} + echo {base[1][1].p50:.0f} + 2 × ping-pong {base[2][1].p50:.0f}")


def handled(show, turn):
    """Returns the events per second that the taker handled, and their number."""
    began = int(show.said(r" sender began (\d+)$", turn)[1])
    found = show.said(r" taker handled (\d+) by (\d+)$", turn)
    return int(found[1]) * 1e9 / (int(found[2]) - began), int(found[1])


def throughput(bench):
    events = bench.pick(4000000, 400000)
    for channels in (16, 512, 8192):
        frames = events // channels
        product, floor, arrived = [], [], []
        with bench.show(config(channels, answers=False), scripts(channels, frames), ["sender", "taker"]) as show:
            for turn in range(1, bench.pick(5, 3) + 1):
                spent = sum(plain(show.folder, channels, frames))
                floor.append(channels * frames * 1e9 / spent)
                show.send("/frames", turn / 16)
                rate, count = handled(show, turn)
                product.append(rate)
                arrived.append(count / (channels * frames))
        yield Row(f"throughput, {channels:,} channels", "events/s", Figures.one(statistics.median(product)),
                  Figures.one(statistics.median(floor)), at_least=1, note=f"{min(arrived):.0%} of what is sent is handled")
