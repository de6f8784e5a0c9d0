# SPDX-License-Identifier: BSD-2-Clause
"""Rows of single events: event, socket, fan-out, and an event beside neighbours in need (need, noise)."""

import contextlib
import os
import signal
import threading
import time

from rows import TIMES, Figures, Row
from stage import PINNED

ECHO = "import midimonster\ndef handler(value):\n    midimonster.output('out', value)\n"
WIRE = "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n"
MAP = "[map]\nwire./in > py.echo.handler\npy.out > wire./out\n"

SOCKET = """
import socket
import midimonster
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", @IN@))
def ready(sock):
    data, peer = sock.recvfrom(64)
    sock.sendto(data, peer)
midimonster.manage(ready, sock)
"""

# The neighbours: one puts out as much as its link takes, one waits for ever, one calculates for ever.
FLOOD = """
import midimonster
def flood():
    for n in range(10000):
        midimonster.output("out", n / 10000)
midimonster.interval(flood, 1)
"""
HANG = "import time, midimonster\ndef hang():\n    time.sleep(3600)\nmidimonster.interval(hang, 10)\n"
SPIN = "import midimonster\ndef spin():\n    while True:\n        pass\nmidimonster.interval(spin, 10)\n"
CRASH = "import os\nos._exit(1)\n"
IDLE = "import midimonster\n"


def alternate(bench, port, show_port, own_port, path, cpu):
    """Rounds of the floor and of the product in turn: other work of the machine affects both."""
    count, floor, product = bench.pick(3000, 500), [], []
    for _ in range(bench.pick(9, 3)):
        floor.append(bench.ask(port, own_port, "/in", count, cpu=cpu))
        product.append(bench.ask(show_port, own_port, path, count, cpu=cpu))
    return Figures(product, TIMES["µs"]), Figures(floor, TIMES["µs"])


def against(floor, bench, name, config, scripts, path, limit, note=""):
    for where, cpu in (("pinned", PINNED), ("free", None)):
        with bench.server(floor, cpu) as port, bench.show(config, scripts, ["py"], cpu=cpu) as show:
            product, least = alternate(bench, port, show.in_port, show.out_port, path, cpu)
        yield Row(f"{name}, {where}", "µs", product, least, limit50=limit, limit99=2, note=note)


ONE = WIRE + "[python py]\nmodule = echo\n" + MAP


def event(bench):
    yield from against("chain", bench, "event", ONE, {"echo.py": ECHO}, "/in", limit=1.25)


def one_process(bench):
    """An event against the same handler in the process that has the socket: what the curtain costs in all."""
    for where, cpu, limit in (("pinned", PINNED, 1.8), ("free", None, 2.8)):
        with (bench.show(ONE, {"echo.py": ECHO}, ["py"], cpu=cpu) as show,
              bench.embedded(ECHO, "handler", show.out_port, cpu) as port):
            product, floor = alternate(bench, port, show.in_port, show.out_port, "/in", cpu)
        yield Row(f"event against one process, {where}", "µs", product, floor, limit50=limit)


def managed_socket(bench):
    config = "[python py]\nmodule = sock\nlisten = udp:127.0.0.1:@IN@\nconnect = udp:127.0.0.1:@OUT@\n"
    yield from against("relay", bench, "socket", config, {"sock.py": SOCKET}, "", limit=1.3,
                       note="floor: one process polls, a second reads, a third answers")


def parts(bench):
    """The parts of the chain; also the floor of the row frame."""
    count = bench.pick(3000, 500)
    for where, cpu in (("pinned", PINNED), ("free", None)):
        echo, bounce = [], []
        with bench.server("echo", cpu) as port:
            for _ in range(bench.pick(9, 3)):
                own = port + 1
                echo.append(bench.ask(port, own, "/in", count, cpu=cpu))
                bounce.append(bench.measure("floor", "pingpong", count, cpu=cpu))
        yield Row(f"UDP echo, {where}", "µs", None, Figures(echo, TIMES["µs"]))
        yield Row(f"ping-pong, {where}", "µs", None, Figures(bounce, TIMES["µs"]))


def fan_out(bench):
    medians = {}
    for n, count in (bench.pick(((1, 500), (10, 300), (100, 100), (500, 30), (1000, 20)), ((1, 100), (10, 100), (100, 20)))):
        names = [f"py{i}" for i in range(1, n + 1)]
        config = WIRE + "".join(f"[python {name}]\nmodule = echo\n" for name in names)
        config += "[map]\n" + "".join(f"wire./in > {name}.echo.handler\n{name}.out > wire./{name}\n" for name in names)
        with bench.show(config, {"echo.py": ECHO}, names) as show:
            rounds = [bench.ask(show.in_port, show.out_port, "/in", count, answers=n) for _ in range(3)]
        product = Figures(rounds, TIMES["µs"])
        medians[n] = product.p50
        yield Row(f"fan-out to {n}", "µs", product)
    yield linear(medians)


def linear(medians):
    """The goals: an instance costs no more among many than among few, and little in all."""
    sizes = sorted(medians)
    slopes = [(medians[b] - medians[a]) / (b - a) for a, b in zip(sizes, sizes[1:])]
    text = ", ".join(f"{slope:.1f} ({a} to {b})" for slope, a, b in zip(slopes, sizes, sizes[1:]))
    return Row("fan-out, per instance", "µs", Figures.one(slopes[-1]), goal="linear: the last slope ≤ 1.5 × the one before; ≤ 12 µs",
               met=slopes[-1] <= min(1.5 * slopes[-2], 12), note=f"slopes {text}")


@contextlib.contextmanager
def killing(show, instance):
    """Kills an instance's worker every 50 ms, if there is one."""
    over = threading.Event()

    def kill():
        while not over.wait(0.05):
            with contextlib.suppress(ProcessLookupError):
                os.kill(show.pid(instance), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def beside(bench, name, neighbours, ready, victim=None):
    """An event while the neighbours are active, compared with the same event alone."""
    count, quiet, loud, restarts = bench.pick(2000, 300), [], [], 0
    alone = WIRE + "[python py]\nmodule = echo\n"
    scripts = {"echo.py": ECHO, "flood.py": FLOOD, "hang.py": HANG, "spin.py": SPIN, "crash.py": CRASH, "idle.py": IDLE}
    crowded = alone + "".join(f"[python {module}]\nmodule = {module}\n{options}" for module, options in neighbours.items())
    for _ in range(bench.pick(5, 2)):
        with bench.show(alone + MAP, scripts, ["py"]) as show:
            quiet.append(bench.ask(show.in_port, show.out_port, "/in", count, pause_us=1000))
        with bench.show(crowded + "[loopback sink]\n" + MAP + "flood.out > sink.x\n", scripts, ready) as show:
            with killing(show, victim) if victim else contextlib.nullcontext():
                time.sleep(0.5)
                loud.append(bench.ask(show.in_port, show.out_port, "/in", count, pause_us=1000))
                restarts += len(show.running.get(victim, ()))
    return Row(name, "µs", Figures(loud, TIMES["µs"]), Figures(quiet, TIMES["µs"]), limit99=2,
               note="floor: the event alone" + (f"; {restarts} restarts beside it" if victim else ""))


def need(bench):
    neighbours = {"idle": "restart-delay = 1ms\n", "hang": "handler-timeout = 1s\nstop-timeout = 1s\n", "flood": ""}
    yield beside(bench, "event, neighbours killed, hanging, flooding", neighbours, ["py", "idle", "hang", "flood"], "idle")


def noise(bench):
    neighbours = {"crash": "restart-delay = 100ms\n", "spin": "handler-timeout = 1s\nstop-timeout = 1s\n", "flood": ""}
    yield beside(bench, "event, neighbours crashing, spinning, flooding", neighbours, ["py", "spin", "flood"])
