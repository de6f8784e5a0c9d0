"""The broker in need: descriptors, memory, a log that takes nothing, a clock that jumps. Each has its outcome."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from harness import IS_ASAN, PATIENCE, dedent, root_only, until

ECHO = "import midimonster\ndef handler(value): midimonster.output('out', value)\n"
ECHO_MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]


def processor_seconds(pid):
    """What a process has used so far, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def still_routes(show, values=(0.125, 0.25, 0.5)):
    for value in values:
        show.set("/in", value)
        show.expect("/out", value)


# Descriptors

MANY = 14
CROWD = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
""" + "".join(f"[python py{n}]\nmodule = script\nrestart = never\n" for n in range(1, MANY + 1)) + """
    [map]
    wire./in > py1.script.handler
    py1.out > wire./out
""" + "".join(f"wire./exit > py{n}.script.leave\n" for n in (2, 3, 4))


def test_instances_for_which_no_descriptors_are_left_wait_and_the_others_run(play):
    show = play(config=CROWD, scripts={"script.py": ECHO + "import sys\ndef leave(value): sys.exit(0)\n"}, ready=("py1",),
                launcher=("prlimit", "--nofile=110:110"))
    # the second time: at the first one those before it hold some that their workers get
    late = show.log.wait("^cannot start: Too many open files; trying again in 4 s", level="error").instance
    still_routes(show)
    before = processor_seconds(show.pid)
    time.sleep(1)
    assert processor_seconds(show.pid) - before < 0.3, "it is busy with nothing"
    running = {line.instance for line in show.log.matching(r"^running \(pid")}
    assert 3 <= len(running) < MANY and late not in running
    show.set("/exit", 1)
    show.log.wait("^running", late)
    still_routes(show)


HOARD = """
    import midimonster, socket
    kept = []
    def hoard(value):
        for _ in range(60):
            one, other = socket.socketpair()
            kept.append(other)
            midimonster.manage(lambda s: None, one)
        print("hoarded")
    """


def test_managed_sockets_do_not_take_the_last_descriptors(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = script
        [python greedy]
        module = hoard
        [map]
        wire./in > py1.script.handler
        py1.out > wire./out
        wire./hoard > greedy.hoard.hoard
        """, scripts={"script.py": ECHO, "hoard.py": HOARD}, ready=("py1", "greedy"), launcher=("prlimit", "--nofile=140:140"))
    show.set("/hoard", 1)
    show.printed("^hoarded$", "greedy")
    show.log.wait("^descriptor .* cannot be managed: Too many open files", "greedy", level="warning")
    still_routes(show)
    os.kill(show.worker(), signal.SIGKILL)  # there is room for its successor
    show.wait_restart()
    still_routes(show)
    before = processor_seconds(show.pid)
    time.sleep(1)
    assert processor_seconds(show.pid) - before < 0.3, "it is busy with nothing"
