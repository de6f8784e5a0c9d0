# SPDX-License-Identifier: BSD-2-Clause
"""Nothing outside is waited for: paths of files that are something else."""

import os
import signal
import subprocess

import pytest
from harness import dedent, environment
from house import House
from waiting import PATIENCE

IS_NO_FILE = "it is not a regular file but a FIFO, a device or the like"
KINDS = {
    "fifo": (os.mkfifo, IS_NO_FILE),
    "device": (lambda path: path.symlink_to("/dev/zero"), IS_NO_FILE),
    "terminal": (lambda path: path.symlink_to("/dev/ptmx"), IS_NO_FILE),
    "folder": (os.mkdir, "Is a directory"),
}
CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [loopback l]
    [map]
    wire./in > l.x
    l.x > wire./out
    """


def remove(path):
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink()


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.mark.one_setting
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_configuration_that_is_no_file(stage, identity, kind, command):
    make, message = kind
    folder = stage.folder(identity)
    make(folder / "show.cfg")
    (folder / "including.cfg").write_text("[loopback l]\n[include show.cfg]\n")
    for name, place in (("show.cfg", "show.cfg"), ("including.cfg", "including.cfg:2:10")):
        done = subprocess.run(identity.command([stage.firecurtain, command, name]), cwd=folder, text=True, timeout=PATIENCE,
                              env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 78, done
        assert f'{place}: error: cannot read "show.cfg": {message}' in done.stderr


@pytest.mark.one_setting
def test_a_recording_that_is_no_file(stage, identity, kind):
    make, message = kind
    folder = stage.folder(identity)
    make(folder / "a.rec")
    (folder / "show.cfg").write_text("[loopback l]\n")
    for command in (["record", "--print", "a.rec"], ["replay", "a.rec", "show.cfg"]):
        done = subprocess.run(identity.command([stage.firecurtain, *command]), cwd=folder, text=True, timeout=PATIENCE,
                              env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 66, done
        assert done.stderr == "firecurtain: a.rec: not a regular file\n"


@pytest.mark.one_setting
def test_a_running_show_reads_its_configuration_again(play, kind):
    """The configuration, and then an include, has become something else; the show goes on, and ends when told to."""
    make, message = kind
    show = play(config=CONFIG, ready=())
    for name, text in (("show.cfg", None), ("part.cfg", dedent(CONFIG) + "[include part.cfg]\n")):
        if text:
            show.write("show.cfg", text)
        else:
            (show.folder / name).unlink()
        make(show.folder / name)
        position = show.log.position
        os.kill(show.pid, signal.SIGHUP)
        # Landlock keeps the broker from devices
        show.log.wait(f'cannot read ".*{name}": ({message}|Permission denied)', after=position, level="error")
        show.log.wait("^the configuration was not changed", after=position)
        show.set("/in", 0.5 if text else 0.25)
        show.expect("/out", 0.5 if text else 0.25)
        remove(show.folder / name)
    show.write("show.cfg", CONFIG)


def test_a_users_configuration_that_is_no_file(play, identity, stage, kind):
    """At the start, and again when the keeper opens it."""
    make, message = kind
    house = House(play, identity, stage)
    path = house.folders["alice"] / "show.cfg"
    path.unlink()
    make(path)
    show = house.start("bob")
    show.log.wait(f'cannot read ".*show.cfg": {message}', "alice", level="error")
    position = house.read_again()
    show.log.wait(f'cannot read ".*show.cfg": {message}', "alice", level="error", after=position)
    house.answers(2, 0.5)


@pytest.mark.one_setting
def test_a_lock_that_is_no_file(firecurtain, stage, identity):
    folder = stage.folder(identity)
    (folder / "lock").symlink_to("/dev/null")  # controls that the path is used; links are not followed
    assert firecurtain("run", "show.cfg", "--runtime-dir", folder, files={"show.cfg": "[loopback l]\n"}).returncode == 71
    (folder / "lock").unlink()
    os.mkfifo(folder / "lock")
    identity.own(folder / "lock")
    done = firecurtain("run", "show.cfg", "--runtime-dir", folder, files={"show.cfg": "[loopback l]\n"})
    assert done.returncode == 71 and "Invalid argument" in done.stderr
