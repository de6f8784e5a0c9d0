# SPDX-License-Identifier: BSD-2-Clause
"""Rows of the broker's slow turns while a script attacks it: the longest one, in the median of three shows.

Time counts as it passes, so a turn in which the kernel let others run is as slow as it looks from outside; the first
row is a show whose script only spins, with as many threads as the attacks have.
"""

import re
import statistics
import subprocess
import time

from latency import WIRE
from rows import Figures, Row
from stage import Failure, environment

GOAL_MS = 2
SECONDS = 3

FRAME = """
import midimonster, socket, threading
def f(value):
    midimonster.output("out", value)
def again(work):
    while True:
        try:
            work()
        except OSError:
            pass
def ready(sock):
    pass
"""
CONFIG = WIRE + "[python py]\nmodule = script\n{options}[map]\nwire./in > py.script.f\npy.out > wire./out\n"

SPIN = """
def work():
    sum(range(1000))
for _ in range(8):
    threading.Thread(target=again, args=(work,), daemon=True).start()
"""
# Threads that hold their process's memory lock while others make calls for which the gate reads its memory.
LOCKED_MEMORY = """
import ctypes, mmap
libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
area = mmap.mmap(-1, 300 << 20)
at = ctypes.addressof(ctypes.c_char.from_buffer(area))
ctypes.memset(at, 1, 300 << 20)
def toggle():
    libc.mprotect(at, 300 << 20, 1)
    libc.mprotect(at, 300 << 20, 3)
def call():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", 9))
for work in [toggle] * 8 + [call] * 4:
    threading.Thread(target=again, args=(work,), daemon=True).start()
"""
MANAGE_ON_AND_OFF = """
a, b = socket.socketpair()
def work():
    for _ in range(2000):
        midimonster.manage(ready, a)
        midimonster.manage(None, a)
midimonster.interval(work, 20)
"""
CLOSED_SOCKETS = """
kept = []
def work():
    for _ in range(60):
        a, b = socket.socketpair()
        midimonster.manage(ready, a)
        b.close()
        kept.append(a)
    del kept[:-120]
midimonster.interval(work, 20)
"""
INTERVALS = """
def nothing():
    pass
def work():
    for n in range(500):
        midimonster.interval(nothing, 1000 + n)
        midimonster.interval(nothing, 0)
midimonster.interval(work, 5)
"""
REFUSED_CALLS = """
def work():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", ("127.0.0.1", 9))
for _ in range(8):
    threading.Thread(target=again, args=(work,), daemon=True).start()
"""
LINES = """
def work():
    print("x" * 100)
for _ in range(4):
    threading.Thread(target=again, args=(work,), daemon=True).start()
"""
OUTPUTS = """
def work():
    for n in range(10000):
        midimonster.output("out", n / 10000)
threading.Thread(target=again, args=(work,), daemon=True).start()
"""
# A gigabyte that is given back by its end, as fast as it is started again.
GIGABYTES = """
import mmap, os
area = mmap.mmap(-1, 300 << 20)
area.write(bytes(300 << 20))
midimonster.interval(lambda: os._exit(1), 100)
"""
ATTACKS = {
    "spinning threads only": (SPIN, ""),
    "locked memory and connect()": (LOCKED_MEMORY, "memory = 1G\n"),
    "manage() on and off": (MANAGE_ON_AND_OFF, ""),
    "managed sockets closed": (CLOSED_SOCKETS, ""),
    "intervals on and off": (INTERVALS, ""),
    "refused calls": (REFUSED_CALLS, ""),
    "lines for the log": (LINES, ""),
    "outputs without end": (OUTPUTS, ""),
    "300 MiB, again and again": (GIGABYTES, "memory = 1G\nrestart-delay = 20ms\n"),
}


def slow_turns(bench, show):
    """{what: (how many, the longest in milliseconds)} since the start."""
    done = subprocess.run([bench.build / "broker/firecurtain", "status", "--usage"],
                          env=environment(show.folder), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise Failure(f"status: {done.stderr}")
    found = re.findall(r"^(\d+) slow turns of the broker, mostly for (.*), the longest ([\d.]+) ?(s|ms|us|µs)$", done.stdout, re.M)
    scale = {"s": 1000, "ms": 1, "us": 0.001, "µs": 0.001}
    return {what: (int(n), float(longest) * scale[unit]) for n, what, longest, unit in found}


def attacked(bench, script, options):
    """Turns that were slow during the attack, and not already at the start."""
    config = CONFIG.format(options=options)
    with bench.show(config, {"script.py": FRAME + script}, ["py"]) as show:
        before = slow_turns(bench, show)
        time.sleep(bench.pick(SECONDS, 1))
        after = slow_turns(bench, show)
    return {what: (n - before.get(what, (0, 0))[0], longest) for what, (n, longest) in after.items()
            if n > before.get(what, (0, 0))[0]}


def turns(bench):
    for name, (script, options) in ATTACKS.items():
        tries = [attacked(bench, script, options) for _ in range(3)]
        longest = [max((each for _, each in slow.values()), default=0) for slow in tries]
        middle = statistics.median(longest)
        kinds = tries[longest.index(middle)]
        note = ", ".join(f"{n} for {what}" for what, (n, _) in sorted(kinds.items(), key=lambda item: -item[1][1]))
        yield Row(f"longest turn, {name}", "ms", Figures.one(middle), goal=f"≤ {GOAL_MS} ms", met=middle <= GOAL_MS, note=note)
