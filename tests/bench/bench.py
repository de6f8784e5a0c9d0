#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark: ./dev bench. Claims of speed are ratios to lower bounds ("floors") measured in the same run."""

import argparse
import json
import os
import platform
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

import cost
import dmx
import frames
import latency
import lives
import pages
import pressed
import rest
import turns
from rows import Row, table
from stage import Bench, Failure

FAMILIES = {
    "parts": latency.parts,
    "event": latency.event,
    "one-process": latency.one_process,
    "socket": latency.managed_socket,
    "frame": frames.frame,
    "throughput": frames.throughput,
    "dmx": dmx.dmx,
    "fan-out": latency.fan_out,
    "timers": rest.timers,
    "restart": lives.restart,
    "swap": lives.swap,
    "need": latency.need,
    "start": lives.start,
    "memory": rest.memory,
    "idle": rest.idle,
    "noise": latency.noise,
    "quotas": pressed.quotas,
    "flood": pressed.flood,
    "turns": turns.turns,
    "syscalls": cost.syscalls,
    "switches": cost.switches,
    "growth": cost.growth,
    "ceiling": cost.ceiling,
    "console": pages.console,
}


def machine(build):
    """Describes the machine, without which the figures mean nothing."""
    options = {option["name"]: option["value"] for option in
               json.loads((build / "meson-info/intro-buildoptions.json").read_text())}
    model = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.M)
    return {"date": time.strftime("%Y-%m-%d %H:%M"), "cpu": model[1] if model else platform.machine(),
            "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(), "python": platform.python_version(),
            "buildtype": options["buildtype"], "sanitize": options["b_sanitize"],
            "user": "root" if os.getuid() == 0 else "ordinary", "load": os.getloadavg()[0]}


def measure(bench, names, tell):
    rows = []
    for name in names:
        began = time.monotonic()
        try:
            for row in FAMILIES[name](bench):
                rows.append(row)
        except Failure as failure:
            rows.append(Row(name, "", goal="is measured", met=False, note=str(failure).splitlines()[0]))
            tell(f"{name}: {failure}")
        for row in rows:
            row.load = round(os.getloadavg()[0], 1) if row.load is None else row.load
        tell(f"{name}: {time.monotonic() - began:.1f} s, load {os.getloadavg()[0]:.1f}")
    return rows


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    parser.add_argument("--quick", action="store_true", help="two minutes, and less certain")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the row growth, as SVG")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"only these: {' '.join(FAMILIES)}")
    given = parser.parse_intermixed_args()
    unknown = set(given.rows) - set(FAMILIES)
    if unknown:
        parser.error(f"no such row: {' '.join(sorted(unknown))}")
    return given


def leave(number, frame):
    """Ends cleanly; only once, or a second signal would end the cleaning up."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def main():
    given = arguments()
    signal.signal(signal.SIGTERM, leave)
    about = machine(given.build)
    with tempfile.TemporaryDirectory(prefix="fcb-", dir="/tmp") as scratch:
        Path(scratch).chmod(0o755)
        bench = Bench(given.build.resolve(), scratch, given.quick, given.plot and given.plot.resolve())
        rows = measure(bench, given.rows or FAMILIES, lambda text: print(text, file=sys.stderr, flush=True))
    about["load at the end"] = os.getloadavg()[0]
    if given.json:
        print(json.dumps({"machine": about, "quick": given.quick, "rows": [row.json() for row in rows]}, indent=1, ensure_ascii=False))
    else:
        print(", ".join(f"{name}: {value}" for name, value in about.items()) + "\n")
        print(table(rows))


if __name__ == "__main__":
    main()
