# SPDX-License-Identifier: BSD-2-Clause
"""An idle show does nothing: no polling in the broker, its keeper, counter, gate and desk, the zygote or the workers."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from processes import descendants, settled_spares
from waiting import one_in_time

SECONDS = 10


def context_switches(pid):
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", (task / "status").read_text())))
    return total


@pytest.fixture
def idle(play):
    config = ["[osc wire]", "bind = 127.0.0.1 @IN@", "dest = 127.0.0.1 @OUT@", "[loopback l]"]
    config += [f"[python py{n}]\nmodule = script" for n in (1, 2, 3)]
    config += ["[map]", *[f"wire./in > py{n}.script.handler\npy{n}.out > wire./out{n}" for n in (1, 2, 3)]]
    show = play(config="\n".join(config) + "\n", ready=("py1", "py2", "py3"), scripts={
        "script.py": "import midimonster\ndef handler(value): midimonster.output('out', value)\n"})
    for value in (0.25, 0.5):
        show.set("/in", value)
        for n in (1, 2, 3):
            show.expect(f"/out{n}", value)
    settled_spares(show)
    return show


def test_an_idle_show_is_not_scheduled(idle):
    processes = [idle.pid, *descendants(idle.pid)]
    assert len(processes) in (9, 10, 11), "broker, keeper, counter, gate, desk, zygote, three workers, and maybe spare ones"

    def woken(_):
        """How often the one that is woken most is woken in a second: on a busy machine, some have not yet come to rest."""
        before = {pid: context_switches(pid) for pid in processes}
        time.sleep(3)
        return max(context_switches(pid) - before[pid] for pid in processes) / 3

    one_in_time(woken, 0, 5, tries=5)


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_an_idle_show_makes_no_more_than_a_handful_of_system_calls_a_second(idle, tmp_path):
    """strace -f -c for ten seconds counts the system calls of all processes together."""
    processes = [idle.pid, *descendants(idle.pid)]
    trace = tmp_path / "strace"
    command = ["timeout", "--signal=INT", str(SECONDS), "strace", "-f", "-c", "-o", str(trace)]
    for pid in processes:
        command += ["-p", str(pid)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=SECONDS + 30)
    if "Operation not permitted" in done.stderr and not trace.exists():
        pytest.skip("this user may not trace")
    table = trace.read_text()
    calls = {name: int(count) for count, name in re.findall(r"^ *\S+ +\S+ +\S+ +(\d+) +(?:\d+ +)?(\w+)$", table, re.M)
             if name != "total"}
    # attaching interrupts each thread's waiting call once, which is then counted
    threads = sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in processes)
    assert sum(calls.values()) - 2 * threads <= 5 * SECONDS, table
    idle.set("/in", 0.75)
    idle.expect("/out1", 0.75)
