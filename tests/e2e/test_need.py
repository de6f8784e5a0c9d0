# SPDX-License-Identifier: BSD-2-Clause
"""The broker short of descriptors or memory, with a log that accepts nothing, or a clock that jumps."""

import os
import re
import signal
import time
from pathlib import Path

import pytest
from harness import BUILT, IS_ASAN, root_only
from waiting import until

ECHO = "import midimonster\ndef handler(value): midimonster.output('out', value)\n"
ECHO_MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]


def processor_seconds(pid):
    """Returns the processor time of a process, including its threads."""
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
                launcher=("prlimit", "--nofile=100:100"))
    # the second time: at the first one earlier ones still hold some for their workers
    late = show.log.wait("^cannot start(: Too many open files|, as before .*); trying again in 4 s", level="error").instance
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
        """, scripts={"script.py": ECHO, "hoard.py": HOARD}, ready=("py1", "greedy"), launcher=("prlimit", "--nofile=128:128"))
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


# The log

WORDY = """
    import itertools, midimonster
    number = itertools.count()  # the same line again and again would only be counted
    def handler(value):
        print(next(number), "x" * 1000)
        midimonster.output("out", value)
    """


def unheard(show):
    """Waits until a show answers whose log the test cannot read; repeated questions are over then."""
    show.coax("/in", "/out")
    until(lambda: not show.wire.receive(0.5), "it does not come to rest")
    show.wire.inbox.clear()


def log_to(redirection):
    return ("sh", "-c", f'exec "$@" {redirection}', "sh")


@root_only
def test_a_full_disk_costs_lines_and_they_are_counted(play):
    show = play(WORDY, ECHO_MAPS, options="log-rate = 1000", ready=(), launcher=(
        "unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=16k none /mnt && exec "$@" 2>>/mnt/log', "sh"))
    unheard(show)
    log = Path(f"/proc/{show.pid}/root/mnt/log")
    until(lambda: "xxx" in log.read_text(), "no line")
    said = log.read_text().count("xxx\n")
    for n in range(1, 41):  # all different: an unchanged value is not sent again
        show.set("/in", n / 64)
        show.expect("/out", n / 64)
    assert log.stat().st_size == 16384
    kept = log.read_text().count("xxx\n") - said
    os.truncate(log, 0)
    show.set("/in", 0.75)
    show.expect("/out", 0.75)
    until(lambda: "xxx\n" in log.read_text(), "no line after it")
    lines = log.read_text().splitlines()
    lost = int(re.search(r"warning - (\d+) log lines were lost$", lines[-2])[1])
    assert 0 < kept < 40 and kept + lost == 40
    assert all(line == "" or re.match(r"\d{4}-\d\d-\d\dT", line) for line in lines), lines


@pytest.mark.one_setting
@pytest.mark.parametrize("launcher", [log_to("2>/dev/full"), log_to("2>&-"), log_to("<&- >&- 2>&-"),
                                      ("prlimit", "--fsize=65536")],
                         ids=["full", "no stderr", "none of the three", "too long"])
def test_a_log_that_takes_nothing_ends_nothing(play, stage, identity, launcher):
    if "prlimit" in launcher:
        log = stage.folder(identity) / "log"
        log.write_text("x" * 65000)
        identity.own(log)
        launcher = (*launcher, *log_to(f"2>>{log}"))
    show = play(WORDY, ECHO_MAPS, ready=(), launcher=launcher)
    unheard(show)
    still_routes(show)
    assert "prlimit" not in launcher or log.stat().st_size == 65536
    if os.getuid() == 0:  # nobody else can see its descriptors
        for fd in range(3):
            assert not os.readlink(f"/proc/{show.pid}/fd/{fd}").startswith(("socket:", "anon_inode:")), fd


# The clock

TICKING = """
    import midimonster, time
    def tick():
        print("tick", time.monotonic())
    midimonster.interval(tick, 200)
    def handler(value): midimonster.output('out', value)
    def crash(value): raise SystemExit(1)
    """


@pytest.mark.one_setting
@pytest.mark.skipif(IS_ASAN, reason="a sanitizer wants to be the first library")
@pytest.mark.parametrize("step", [3600, -3600])
def test_a_step_of_the_clock_moves_nothing_but_the_times_in_the_log(play, stage, identity, step):
    folder = stage.folder(identity)
    shift = folder / "shift"
    shift.write_text("0".ljust(16))
    module = stage.path / "clock_shift.so"
    module.write_bytes((BUILT.parents[1] / "tests/clock_shift.so").read_bytes())
    module.chmod(0o755)
    begun = time.monotonic()
    show = play(TICKING, [*ECHO_MAPS, "wire./crash > py1.script.crash"], launcher=(
        "env", f"LD_PRELOAD={module}", f"CLOCK_SHIFT_FILE={shift}"))
    show.log.wait("^tick", "py1", count=5)
    with shift.open("r+") as file:
        file.write(str(step).ljust(16))
    position = show.log.position + 1
    show.log.wait("^tick", "py1", after=position, count=8)
    ticks = [float(line.message.split()[1]) for line in show.log.matching("^tick", "py1")]
    # none is missing for long, or log.wait() fails; and none comes early, however late the first one may be
    assert ticks[-1] - begun >= 0.2 * len(ticks), ticks
    first, last = show.log.matching("^tick", "py1")[0], show.log.matching("^tick", "py1", after=position)[-1]
    moved = time.mktime(time.strptime(last.time[:19], "%Y-%m-%dT%H:%M:%S")) - time.mktime(
        time.strptime(first.time[:19], "%Y-%m-%dT%H:%M:%S"))
    assert abs(moved - step) < 30, "the times of the log do not follow the clock"
    still_routes(show)
    for expected in (0, 0.1):  # restarts have the usual delays, or wait_restart() fails
        position = show.log.position
        begun = time.monotonic()
        show.set("/crash", 1 - expected)
        show.wait_restart(after=position)
        assert expected <= time.monotonic() - begun


# Memory; tests/unit/build/test_broker_memory.c refuses each allocation of the core in turn


@pytest.mark.skipif(IS_ASAN, reason="a sanitizer ends the process instead")
def test_a_configuration_for_which_there_is_no_memory_changes_nothing(play):
    show = play(ECHO, ECHO_MAPS, launcher=("prlimit", f"--data={48 << 20}"))
    good = show.config.read_text()
    wide = "".join(f"wide{n}.a{{1..30000}} > wide{n}.b{{1..30000}}\n" for n in range(4))
    show.write("show.cfg", "".join(f"[loopback wide{n}]\n" for n in range(4)) + good + wide)
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("out of memory", level=("error", "raw"))
    still_routes(show)
    show.write("show.cfg", good.replace("wire./out", "wire./other"))
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("^the new configuration is running")
    until(lambda: show.set("/in", 0.75) or show.wire.receive(0.2), "it does not answer")
    show.expect("/other", 0.75)
