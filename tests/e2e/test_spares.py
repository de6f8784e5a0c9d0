# SPDX-License-Identifier: BSD-2-Clause
"""The processes that a zygote makes in advance: they become the next workers, and bring nothing along."""

import os
import signal
import time
from pathlib import Path

import pytest
from harness import IS_ASAN, dedent
from processes import children, named, settled_spares
from waiting import until

ECHO = """
    import midimonster
    def handler(value):
        midimonster.output("out", value)
"""
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]
TWO = "[python py1]\nmodule = script\n[python py2]\nmodule = script\n"

# What is on the main thread's stack, where the zygote and its children keep the requests that they read.
LOOK = """
    import ctypes
    import midimonster
    DEPTH = 256 << 10
    def handler(value):
        end = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "__libc_stack_end").value
        stack = ctypes.string_at(end - DEPTH, DEPTH)
        print("its own", b"own-to-py1" in stack, "the other's", b"own-to-py2" in stack)
"""


# What a script finds around it. Descriptors that it did not open itself are reported by their kind.
AROUND = """
    import os
    import stat
    import sys
    def kinds():
        for fd in range(1024):
            try:
                yield oct(stat.S_IFMT(os.fstat(fd).st_mode))
            except OSError:
                pass
    def tree(path, deep):
        for name in sorted(os.listdir(path)):
            below = os.path.join(path, name)
            yield below
            if deep and os.path.isdir(below) and not os.path.islink(below):
                yield from tree(below, deep - 1)
    note = READ + "/note"
    print("around", open(note).read(), os.path.exists(READ + "/../beside"), sorted(kinds()), os.getcwd(), sys.path,
          dict(os.environ), os.getuid(), sorted(os.listdir("/state")), open("/show/script.py").readline().strip())
    print("root", list(tree("/", 1)), list(tree("/dev", 3)), open("/etc/hosts").read().split())
"""


def is_dead(pid):
    """Tells whether a process has ended, even if nobody has waited for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def spares(show):
    found = set(settled_spares(show))
    if not found:
        pytest.skip("workers are born in cgroups here, so there are no spares")
    return found


def kill(show, instance="py1"):
    position = show.log.position
    os.kill(show.worker(instance), signal.SIGKILL)
    return position


def cpu_seconds(pid):
    """Of all threads, even of a process that others must not inspect."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.one_setting
def test_workers_that_end_together_find_one_each(play):
    show = play(config=TWO, scripts={"script.py": ""}, ready=("py1", "py2"))
    ready = spares(show)
    positions = [kill(show, name) for name in ("py1", "py2")]
    for name, position in zip(("py1", "py2"), positions):
        show.log.wait(r"^running \(pid", name, after=position)
    assert {show.worker("py1"), show.worker("py2")} == ready
    assert not spares(show) & ready


@pytest.mark.one_setting
def test_spares_that_have_ended_are_no_loss(play):
    show = play(ECHO, MAPS)
    dead = spares(show)
    for pid in dead:
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(map(is_dead, dead)), "a spare outlives SIGKILL")
    show.wait_restart(after=kill(show))
    assert show.worker() not in dead
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    spares(show)
    until(lambda: not dead & set(children(show.pid)), "they are not waited for")


@pytest.mark.one_setting
def test_one_of_two_has_ended(play):
    show = play(ECHO, MAPS)
    ready = spares(show)
    dead = min(ready)
    os.kill(dead, signal.SIGKILL)
    until(lambda: is_dead(dead), "a spare outlives SIGKILL")
    show.wait_restart(after=kill(show))
    assert ready == {dead, show.worker()}
    until(lambda: dead not in children(show.pid), "it is not waited for")


@pytest.mark.one_setting
def test_they_end_with_the_zygote(play):
    show = play(ECHO, MAPS)
    old = spares(show)
    position = show.log.position
    os.kill(named(show.pid, "fc-zygote")[0], signal.SIGKILL)
    show.log.wait("^the zygote has ended; starting another$", after=position)
    until(lambda: not old & set(children(show.pid)), "a spare outlives its zygote")
    show.wait_restart(after=kill(show))
    show.set("/in", 0.25)
    show.expect("/out", 0.25)


def test_they_end_with_the_broker(play):
    show = play(ECHO, MAPS)
    old = spares(show)
    show.kill()
    until(lambda: all(map(is_dead, old)), "a spare outlives the broker")


def test_a_worker_that_was_a_spare_sees_what_any_other_sees(play, stage, identity):
    folder = stage.folder(identity)
    (folder / "real").mkdir()
    (folder / "real/note").write_text("a-note")
    (folder / "beside").write_text("nothing for scripts")
    (folder / "way").symlink_to(folder / "real")
    script = dedent(AROUND).replace("READ", repr(f"{folder}/way"))
    show = play(script, [], options=f"read = {folder}/way\nenv = COLOUR=red")
    ready = spares(show)
    seen = [show.printed("^around"), show.printed("^root")]
    show.wait_restart(after=(position := kill(show)))
    assert show.worker() in ready
    assert [show.printed("^around", after=position), show.printed("^root", after=position)] == seen
    assert seen[0].startswith("around a-note False")


@pytest.mark.skipif(IS_ASAN, reason="a sanitizer keeps what it likes on the stack")
def test_a_worker_that_was_a_spare_knows_nothing_of_the_instance_before(play):
    show = play(config="[osc wire]\nbind = 127.0.0.1 @IN@\n"
                       "[python py1]\nmodule = script\nenv = NAME=own-to-py1\n"
                       "[python py2]\nmodule = script\nenv = NAME=own-to-py2\n"
                       "[map]\nwire./look > py1.script.handler\n",
                scripts={"script.py": LOOK}, ready=("py1", "py2"))
    # the zygote's last request was for py2 when it made these
    show.wait_restart("py2", after=kill(show, "py2"))
    ready = spares(show)
    show.wait_restart("py1", after=kill(show, "py1"))
    assert show.worker("py1") in ready
    show.set("/look", 1)
    assert show.printed("^its own") == "its own True the other's False"


@pytest.mark.one_setting
def test_the_broker_sleeps_while_the_zygote_takes_its_time(play):
    show = play(ECHO, MAPS)
    spares(show)
    zygote, = named(show.pid, "fc-zygote")
    os.kill(zygote, signal.SIGSTOP)
    try:
        position = kill(show)
        show.log.wait("^worker ended", "py1", after=position)
        time.sleep(0.3)
        before = cpu_seconds(show.pid)
        time.sleep(1.5)
        used = cpu_seconds(show.pid) - before
    finally:
        os.kill(zygote, signal.SIGCONT)
    show.log.wait(r"^running \(pid", "py1", after=position)
    assert used < 0.1, "it looks all the time whether there is a worker"
