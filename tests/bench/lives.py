# SPDX-License-Identifier: BSD-2-Clause
"""Rows of workers that begin: restart, swap, start."""

import subprocess
import time

from latency import ECHO, WIRE
from rows import TIMES, Figures, Row
from stage import environment

PAUSE_MS = 50  # before a worker is killed, and before one is forked for the floor: the caches are alike
RESTART_MS = 3.5
DEBOUNCE_MS = 30  # the deliberate delay of `reload` after a rename: FILE_SETTLE_NS of broker/python/file_watch.c
VERSION = "import midimonster\ndef handler(value):\n    midimonster.output('out', {version})\n"
RELOADING = WIRE + "[python py]\nmodule = echo\nreload = on\n[map]\nwire./in > py.echo.handler\npy.out > wire./out\n"


def echoes(n):
    """A show of n instances, each with its own path."""
    names = [f"py{i}" for i in range(1, n + 1)]
    config = WIRE + "".join(f"[python {name}]\nmodule = echo\n" for name in names)
    config += "[map]\n" + "".join(f"wire./in{i} > py{i}.echo.handler\npy{i}.out > wire./out\n" for i in range(1, n + 1))
    return names, config


def spawn_floor(bench, count, pause_ms=PAUSE_MS):
    return bench.measure("spawn", bench.build / "worker/firecurtain-worker", bench.folder(), count, pause_ms)


def restarts(bench, name, pause_ms):
    """Each worker is killed once: the first restart of an instance is immediate, later ones are delayed on purpose."""
    kills, product, floor = bench.pick(20, 8), [], []
    names, config = echoes(kills)
    for _ in range(bench.pick(7, 2)):
        floor.append(spawn_floor(bench, kills, pause_ms))
        with bench.show(config, {"echo.py": ECHO}, names) as show:
            product.append([])
            for i, instance in enumerate(names, 1):
                time.sleep(pause_ms / 1000)
                ns, _ = bench.measure("recover", show.in_port, show.out_port, f"/in{i}", i / 64, "kill", show.pid(instance))
                product[-1].append(ns)
    figures, floor = Figures(product, TIMES["ms"]), Figures(floor, TIMES["ms"])
    return Row(name, "ms", figures, floor, goal=f"p50 ≤ {RESTART_MS} ms, ≤ 1 ms above the floor",
               met=figures.p50 <= min(RESTART_MS, floor.p50 + 1), note="floor: a confined fork of the zygote, no script")


def restart(bench):
    yield restarts(bench, "restart", PAUSE_MS)
    if bench.pick(True, False):
        yield restarts(bench, "restart, one after the other", 0)


def knows_reload(bench):
    folder = bench.folder()
    (folder / "show.cfg").write_text(RELOADING.replace("@IN@", "9001").replace("@OUT@", "9002"))
    (folder / "echo.py").write_text(ECHO)
    done = subprocess.run([bench.build / "broker/firecurtain", "check", folder / "show.cfg"], env=environment(folder), cwd="/",
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def swap(bench):
    if not knows_reload(bench):
        yield Row("swap", "ms", note="not in this build: no option `reload`")
        return
    count, product, floor = bench.pick(20, 5), [], []
    for _ in range(bench.pick(5, 2)):
        floor.append([ns + DEBOUNCE_MS * TIMES["ms"] for ns in spawn_floor(bench, count)])
        with bench.show(RELOADING, {"echo.py": VERSION.format(version=0)}, ["py"]) as show:
            product.append([])
            for number in range(1, count + 1):
                version = number / 64
                new = show.write("echo.new", VERSION.format(version=version))
                ns, _ = bench.measure("recover", show.in_port, show.out_port, "/in", version, "rename", new, show.folder / "echo.py")
                product[-1].append(ns)
    yield Row("swap", "ms", Figures(product, TIMES["ms"]), Figures(floor, TIMES["ms"]), limit50=1.5,
              note=f"floor: as for restart, and the debounce of {DEBOUNCE_MS} ms")


def start(bench):
    for n, limit in bench.pick(((1, 100), (100, 300), (500, 3000)), ((1, 100), (100, 300))):
        names, config = echoes(n)
        times = []
        for _ in range(bench.pick(9 if n < 500 else 5, 2)):
            with bench.show(config, {"echo.py": ECHO}, names) as show:
                times.append(show.last_start() * 1000)
        yield Row(f"start of {n}", "ms", Figures([times]), limit50=limit)
