# SPDX-License-Identifier: BSD-2-Clause
"""Rows of universes: from Art-Net through a handler for each slot to sACN, at the rate of DMX. The floor sends the same packets back."""

import os
from pathlib import Path

from rows import TIMES, Figures, Row
from stage import descendants, free_port

RATE = 44
SLOTS = 512
FRAME_MS = 1000 / RATE
UNIVERSES = (1, 8, 64)

SCRIPT = """
import midimonster
def handler(name):
    output = midimonster.output
    def handle(value):
        output(name, value)
    return handle
for universe in range({universes}):
    for slot in range(1, 513):
        globals()[f"u{{universe}}s{{slot}}"] = handler(f"u{{universe}}s{{slot}}")
"""


def config(universes, in_port, own_port, out_port):
    parts = [f"[backend artnet]\nbind = 127.0.0.1 {in_port}\n[backend sacn]\nbind = 127.0.0.1 {own_port}\n"]
    maps = []
    for n in range(universes):
        parts.append(f"[artnet in{n}]\nuniverse = {n}\n[sacn out{n}]\nuniverse = {n + 1}\npriority = 100\nrealtime = 1\nunicast = 1\n"
                     f"destination = 127.0.0.1 {out_port}\n")
        maps.append(f"in{n}.{{1..{SLOTS}}} > py.script.u{n}s{{1..{SLOTS}}}\npy.u{n}s{{1..{SLOTS}}} > out{n}.{{1..{SLOTS}}}\n")
    return "".join(parts) + "[python py]\nmodule = script\nhandler-timeout = 0\n[map]\n" + "".join(maps)


def spent_s(pids):
    """Returns the processor time of processes."""
    ticks = 0
    for pid in pids:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        ticks += int(user) + int(system)
    return ticks / os.sysconf("SC_CLK_TCK")


def played(bench, pids, port, own_port, universes, frames):
    """Returns how late each frame was, and the processors that were used meanwhile."""
    before = spent_s(pids)
    late = bench.measure("dmx", port, own_port, universes, frames)
    return late, (spent_s(pids) - before) / ((frames + 10) / RATE)


def dmx(bench):
    frames = bench.pick(440, 88)
    for universes in UNIVERSES:
        in_port, own_port, out_port = free_port(), free_port(), free_port()
        product, floor, used, used_by_floor = [], [], [], []
        text = config(universes, in_port, own_port, out_port)
        with (bench.server("chain") as port,
              bench.show(text, {"script.py": SCRIPT.format(universes=universes)}, ["py"], [in_port, own_port]) as show):
            pids = [show.process.pid, *descendants(show.process.pid)]
            for _ in range(bench.pick(3, 2)):
                late, processors = played(bench, bench.server_pids(), port, out_port, universes, frames)
                floor.append(late)
                used_by_floor.append(processors)
                late, processors = played(bench, pids, in_port, out_port, universes, frames)
                product.append(late)
                used.append(processors)
        name = f"{universes} universe{'s' if universes > 1 else ''} at {RATE} Hz"
        figures = Figures(product, TIMES["ms"])
        yield Row(name, "ms", figures, Figures(floor, TIMES["ms"]), goal=f"p99 ≤ {FRAME_MS:.1f} ms", met=figures.p99 <= FRAME_MS,
                  note="lateness")
        yield Row(f"{name}, processors", "%", Figures([[100 * each for each in used]]), Figures([[100 * each for each in used_by_floor]]))
