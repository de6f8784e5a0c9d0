# SPDX-License-Identifier: BSD-2-Clause
"""Signals to the broker."""

import contextlib
import os
import signal
import time

import pytest
from processes import descendants, settled_spares, status, surviving
from waiting import until

ECHO = "import midimonster\ndef handler(value): midimonster.output('out', value)\n"
ECHO_MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]


@pytest.mark.one_setting
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_cleanup_handlers_run_their_outputs_are_routed_and_the_status_is_zero(play, how):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = script
        [python py2]
        module = script
        [map]
        py1.out > wire./out1
        py2.out > wire./out2
        """, scripts={"script.py": """
            import midimonster
            def bye():
                with open("saved", "w") as file:
                    file.write("by the cleanup handler")
                midimonster.output("out", 0.75)
                print("cleaned up")
            midimonster.cleanup_handler(bye)
        """}, ready=("py1", "py2"))
    show.process.send_signal(how)
    show.expect("/out1", 0.75)
    show.expect("/out2", 0.75)
    show.stop(how)
    for instance in ("py1", "py2"):
        show.printed("^cleaned up$", instance)
    assert [path.read_text() for path in sorted(show.folder.rglob("saved"))] == ["by the cleanup handler"] * 2


@pytest.mark.one_setting
def test_an_output_of_a_cleanup_handler_reaches_another_instance_that_still_runs(play):
    # py1's last value goes through py2's handler: all cleanup handlers run before any worker is gone.
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = first
        [python py2]
        module = second
        [map]
        py1.out > wire./direct
        py1.out > py2.second.handler
        """, scripts={
            "first.py": "import midimonster\nmidimonster.cleanup_handler(lambda: midimonster.output('out', 0.5))\n",
            "second.py": "import midimonster\ndef handler(value): pass\n"}, ready=("py1", "py2"))
    show.process.terminate()
    show.expect("/direct", 0.5)
    show.stop()


@pytest.mark.one_setting
def test_a_cleanup_handler_that_raises_is_reported_and_the_status_is_zero(play):
    show = play("""
        import midimonster
        def bye():
            midimonster.output("out", 0.5)
            raise RuntimeError("in cleanup")
        midimonster.cleanup_handler(bye)
    """, ["py1.out > wire./out"])
    show.process.terminate()
    show.expect("/out", 0.5)
    show.stop()
    show.log.wait("RuntimeError: in cleanup", "py1")


@pytest.mark.one_setting
def test_sigterm_while_a_handler_is_busy(play):
    show = play("""
        import time
        def handler(value):
            print("asleep")
            time.sleep(3600)
    """, ["wire./in > py1.script.handler"])
    show.set("/in", 1)
    show.printed("^asleep$")
    show.stop()


@pytest.mark.one_setting
def test_a_second_sigterm_does_no_harm(play):
    show = play(ECHO, ECHO_MAPS)
    show.process.terminate()
    show.process.terminate()
    show.stop()


@pytest.mark.one_setting
def test_sighup_reads_the_configuration_again(play):
    show = play(ECHO, ECHO_MAPS)
    show.set("/in", 0.25)
    show.expect("/out", 0.25)
    show.write("show.cfg", show.config.read_text().replace("wire./out", "wire./renamed"))
    position = show.log.position
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("", after=position)
    for _ in range(100):  # either configuration may apply to an event under way
        show.set("/in", 0.5)
        if not show.wire.receive(0.2):
            continue
        if show.wire.waiting("/renamed"):
            break
    show.expect("/renamed", 0.5)


@pytest.mark.one_setting
def test_sighup_with_an_error_leaves_the_show_untouched(play):
    show = play(ECHO, ECHO_MAPS)
    worker = show.worker()
    good = show.config.read_text()
    show.write("show.cfg", good + "nowhere.x > wire./out\n")
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("nowhere", level=("error", "raw"))
    show.log.wait("(?i)runs on|goes on|untouched|not changed", instance="-")
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    assert show.worker() == worker
    assert os.path.exists(f"/proc/{worker}")


@pytest.mark.one_setting
def test_sigpipe_never_ends_anything(play):
    show = play(ECHO, ECHO_MAPS)
    for _ in range(3):
        show.process.send_signal(signal.SIGPIPE)
    show.set("/in", 0.5)
    show.expect("/out", 0.5)


@pytest.mark.one_setting
def test_a_log_that_nobody_reads_any_more_ends_nothing(play):
    show = play("""
        import midimonster
        def handler(value):
            print("line" * 100)
            midimonster.output("out", value)
    """, ECHO_MAPS)
    show.log.hang_up()
    for value in (0.25, 0.5, 0.75):
        show.set("/in", value)
        show.expect("/out", value)


@pytest.mark.one_setting
def test_a_log_that_is_not_read_blocks_nothing(play):
    show = play("""
        import midimonster
        def handler(value):
            for _ in range(100):
                print("line" * 100)
            midimonster.output("out", value)
    """, ECHO_MAPS)
    with show.log.held():
        for n in range(40):  # a pipe holds 64 KiB
            show.set("/in", n / 40)
            show.expect("/out", n / 40)


def test_the_end_of_the_broker_is_the_end_of_its_workers(play):
    show = play("""
        import time
        def handler(value):
            print("busy")
            time.sleep(3600)
    """, ["wire./in > py1.script.handler"])
    show.set("/in", 1)
    show.printed("^busy$")
    show.stop(signal.SIGKILL, -signal.SIGKILL)


STUBBORN = {
    "asleep in C": "import time\nprint('on')\ntime.sleep(3600)\n",
    "busy in C": "print('on')\nsum(range(10 ** 13))\n",
    "without signals": """
        import signal
        for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        print('on')
        while True:
            signal.pause()
    """,
    "threads": """
        import threading, time
        def work():
            while True:
                pass
        for _ in range(20):
            threading.Thread(target=work).start()
        print('on')
    """,
    "stopped": "import os, signal\nprint('on')\n" + ECHO,
}


@pytest.mark.parametrize("how", STUBBORN)
def test_no_worker_outlives_a_killed_broker_however_it_hangs(play, how):
    show = play(STUBBORN[how], options="start-timeout = 0\nhandler-timeout = 0", ready=())
    show.printed("^on$")
    settled_spares(show)
    if how == "stopped":
        for pid in descendants(show.pid):
            os.kill(pid, signal.SIGSTOP)
    family = descendants(show.pid)
    names = {pid: status(pid)["Name"] for pid in family}
    assert sorted(name for name in names.values() if name != "fc-spare") == [
        "fc-counter", "fc-desk", "fc-gate", "fc-keeper", "fc-worker", "fc-zygote"]
    begun = time.monotonic()
    show.process.kill()
    # one of these that is stopped does nothing; an administrator who stopped it may continue it
    helpers = ("fc-keeper", "fc-counter", "fc-desk", "fc-gate", "fc-zygote")
    mine = [pid for pid in family if how != "stopped" or names[pid] not in helpers]
    until(lambda: not set(surviving(family)).intersection(mine), "workers are left", timeout=20)
    assert time.monotonic() - begun < 20
    for pid in surviving(family):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    show.stop(status=-signal.SIGKILL)


@pytest.mark.skipif(os.getuid() != 0, reason="only root sees the program of a process that is not dumpable")
def test_nothing_outlives_a_broker_that_is_killed_while_it_starts(play, stage):
    def of_this_stage():
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/exe").startswith(str(stage.path)):
                    found.append(pid)
        return found

    config = "".join(f"[python py{n}]\nmodule = script\n" for n in range(8)) + "[map]\n"
    for milliseconds in range(0, 200, 40):
        show = play(config=config, scripts={"script.py": ""}, ready=())
        time.sleep(milliseconds / 1000)
        show.stop(signal.SIGKILL, -signal.SIGKILL)
        until(lambda: not of_this_stage(), lambda: f"left after {milliseconds} ms: {of_this_stage()}", timeout=5)
