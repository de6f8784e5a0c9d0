# SPDX-License-Identifier: BSD-2-Clause
"""Where runtime files and permanent files go, and that nothing is left behind."""

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from harness import USER_ID, Identity, environment, root_only, user_only
from processes import descendants, named, status, surviving
from waiting import PATIENCE, until

SAVES = "open('kept', 'a').write('x')\nprint('kept', open('kept').read())\n"


def kept_below(*parts):
    return [path.relative_to(Path(*parts)) for path in Path(*parts).rglob("kept")]


def sockets_and_directories(path):
    return [each for each in path.rglob("*") if each.is_dir() or each.is_socket()]


def test_xdg_directories(play, identity):
    show = play(SAVES)
    runtime = show.folder / "run/firecurtain"
    assert stat.S_IMODE(runtime.stat().st_mode) == (0o755 if identity.is_root else 0o700)
    assert len(kept_below(show.folder, "state/firecurtain")) == 1
    show.stop()
    assert sockets_and_directories(runtime) == []


@user_only
def test_the_state_of_a_user_is_below_the_home_by_default(play):
    show = play(SAVES, env={"XDG_STATE_HOME": None})
    assert len(kept_below(show.folder, "home/.local/state/firecurtain")) == 1


def test_runtime_and_state_directory_come_first(play, stage, identity):
    runtime, state = stage.folder(identity), stage.folder(identity)
    show = play(SAVES, env={"RUNTIME_DIRECTORY": str(runtime), "STATE_DIRECTORY": str(state)})
    assert len(kept_below(state)) == 1
    assert kept_below(show.folder) == [] and not (show.folder / "run/firecurtain").exists()


@root_only
def test_system_directories_of_root(play):
    show = play(SAVES, env={"XDG_STATE_HOME": None, "XDG_RUNTIME_DIR": None}, launcher=(
        "unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /var/lib && mount -t tmpfs none /run && exec "$@"', "sh"))
    root = Path(f"/proc/{show.pid}/root")
    assert len(kept_below(root, "var/lib/firecurtain")) == 1
    assert stat.S_IMODE((root / "run/firecurtain").stat().st_mode) == 0o755


def test_the_state_directory_outlives_the_show_and_belongs_to_one_instance(play):
    config = """
        [python py1]
        module = script
        [python py2]
        module = other
        [map]
    """
    scripts = {"script.py": SAVES, "other.py": "import os\nprint('files', os.listdir('.'))\n"}
    first = play(config=config, scripts=scripts, ready=("py1", "py2"))
    first.printed("^kept x$")
    first.printed(r"^files \[\]$", "py2")
    first.stop()
    again = play(config=config, scripts=scripts, ready=("py1", "py2"), folder=first.folder)
    again.printed("^kept xx$")
    again.printed(r"^files \[\]$", "py2")


ECHO = "import midimonster\ndef handler(value): midimonster.output('out', value)\n"
ECHO_MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]


def test_two_shows_of_one_user_run_side_by_side(play):
    first = play(ECHO, ECHO_MAPS)
    same = {"XDG_RUNTIME_DIR": str(first.folder / "run")}
    second = play(ECHO, ECHO_MAPS, env=same, arguments=["--runtime-dir", first.folder / "run/second"])
    for value, show in enumerate((first, second, first)):
        show.set("/in", value / 4)
        show.expect("/out", value / 4)
    second.stop()
    first.set("/in", 0.75)
    first.expect("/out", 0.75)


def test_a_second_broker_on_the_same_runtime_folder_is_refused(play, firecurtain):
    first = play(ECHO, ECHO_MAPS)
    runtime = first.folder / "run/firecurtain"
    for how in ({"env": {"XDG_RUNTIME_DIR": str(runtime.parent)}}, {"arguments": ["--runtime-dir", runtime]}):
        refused = play(ECHO, ECHO_MAPS, ready=(), **how)
        line = refused.log.wait(f"already running with the runtime folder {runtime}", level="error")
        assert f"(pid {first.pid})" in line.message and "--runtime-dir" in line.message
        refused.stop(status=os.EX_TEMPFAIL)
    first.set("/in", 0.25)
    first.expect("/out", 0.25)
    # a check of the configuration does not conflict with a running show
    env = {"XDG_RUNTIME_DIR": str(runtime.parent)}
    for arguments in (["check"], ["check", "--sandbox"]):
        assert firecurtain(*arguments, first.config, env=env).returncode == 0
    first.stop()
    play(ECHO, ECHO_MAPS, env=env)


def test_the_lock_is_the_brokers_alone_and_ends_with_it(play):
    # a keeper, zygote or worker that is slow to die must not keep its successor from the folder
    first = play(ECHO, ECHO_MAPS)
    family = descendants(first.pid)
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    first.process.kill()
    first.process.wait()
    try:
        second = play(ECHO, ECHO_MAPS, env={"XDG_RUNTIME_DIR": str(first.folder / "run")})
    finally:
        for pid in surviving(family):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    second.set("/in", 0.25)
    second.expect("/out", 0.25)
    first.stop(status=-signal.SIGKILL)


def test_what_a_killed_broker_left_does_not_keep_the_next_one_away(play):
    first = play(ECHO, ECHO_MAPS)
    runtime = first.folder / "run/firecurtain"
    keeper, = named(first.pid, "fc-keeper")
    os.kill(keeper, signal.SIGSTOP)  # so it removes nothing
    first.process.kill()
    first.process.wait()
    os.kill(keeper, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{keeper}").exists() or status(keeper)["State"].startswith("Z"), "the keeper lives on")
    assert (runtime / "control").is_socket()
    second = play(ECHO, ECHO_MAPS, env={"XDG_RUNTIME_DIR": str(runtime.parent)})
    second.set("/in", 0.25)
    second.expect("/out", 0.25)
    second.stop()
    assert sockets_and_directories(runtime) == []
    first.stop(status=-signal.SIGKILL)


def test_whatever_still_listens_in_its_folder_does_not_keep_a_broker_from_control(play, stage, identity, firecurtain):
    # the desk of a broker that was killed does, for a moment; the lock tells who has the folder
    folder = stage.folder(identity)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "control"))
        left.listen()
        show = play(ECHO, ECHO_MAPS, arguments=["--runtime-dir", folder])
        assert "py1" in firecurtain("status", "--runtime-dir", folder).stdout
        left.setblocking(False)
        with pytest.raises(BlockingIOError):
            left.accept()
        show.stop()
    assert sockets_and_directories(folder) == []


def test_a_runtime_folder_that_is_not_ours_is_refused(play, stage, identity):
    folder = stage.folder(identity)
    folder.chmod(0o777)
    refused = play(ECHO, ECHO_MAPS, ready=(), arguments=["--runtime-dir", folder])
    refused.log.wait(f"runtime folder .*{folder}", level="error")
    refused.stop(status=os.EX_OSERR)
    assert list(folder.iterdir()) == []


def strange_folders(stage):
    """Yields what makes a folder below one that root must not trust, and why."""
    stranger, root = Identity(USER_ID), Identity(0)

    def below(mode, owner):
        folder = stage.folder(owner)
        folder.chmod(mode)
        return folder / "a/b"

    def linked():
        link = Path(f"/tmp/fc-link-{os.getpid()}")
        target = stage.folder(root)
        link.symlink_to(target)
        os.lchown(link, USER_ID, USER_ID)
        return link / "b"

    yield lambda: below(0o755, stranger), f"on the way there belongs to uid {USER_ID}"
    yield lambda: below(0o777, root), "others may write to .* on the way there"
    yield linked, f"on the way there belongs to uid {USER_ID}"
    yield lambda: stage.folder(stranger), f"it belongs to uid {USER_ID}"


@root_only
@pytest.mark.parametrize("strange", range(4))
@pytest.mark.parametrize("kind", ["runtime", "runtime option", "state", "recording"])
def test_root_uses_no_folder_that_somebody_else_can_exchange(play, stage, kind, strange):
    make, why = list(strange_folders(stage))[strange]
    folder = make()
    name = {"runtime": "XDG_RUNTIME_DIR", "state": "XDG_STATE_HOME"}.get(kind)
    how = {"runtime option": {"arguments": ["--runtime-dir", folder]},
           "recording": {"arguments": ["--record", folder / "show.fcr"]}}.get(kind, {"env": {name: str(folder)}})
    why = why.replace("it belongs", '".*" on the way there belongs') if name or kind == "recording" else why
    try:
        refused = play(ECHO, ECHO_MAPS, ready=(), **how)
        if kind == "recording":
            refused.stop(status=os.EX_CANTCREAT)
            assert re.search(f"show.fcr: refused when running as root: .*{why}", str(refused.log)), refused.log
        else:
            refused.log.wait(f"{kind.split()[0]} folder .*{folder}.*: refused when running as root: .*{why}", level="error")
            refused.stop(status=os.EX_OSERR)
    finally:
        if folder.parent.is_symlink():
            folder.parent.unlink()
    assert not folder.exists() or not any(folder.iterdir())


@root_only
def test_root_uses_folders_of_its_own_in_tmp(play, stage):
    folder = stage.folder(Identity(0))
    folder.chmod(0o1777)  # as /tmp
    show = play(SAVES, env={"XDG_RUNTIME_DIR": str(folder / "run"), "XDG_STATE_HOME": str(folder / "state")},
                arguments=["--record", folder / "show.fcr"])
    show.printed("^kept x$")
    show.stop()
    assert (folder / "show.fcr").stat().st_size > 0


def test_a_show_in_a_folder_with_an_awkward_name(play, stage, identity):
    folder = stage.folder(identity) / "a show, with ünicode"
    folder.mkdir()
    identity.own(folder)
    show = play("print('here')\n", folder=folder)
    show.printed("^here$")


def test_state_lists_private_folders_and_removes_those_that_are_gone(play, identity):
    config = """
        [python py1]
        module = script
        [python py2]
        module = script
        [map]
    """
    show = play(config=config, scripts={"script.py": SAVES}, ready=("py1", "py2"))
    base = show.folder / "state/firecurtain"

    def state(*arguments, check=0):
        done = subprocess.run(identity.command([show.stage.firecurtain, "state", *arguments]), env=environment(show.folder), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
        assert done.returncode == check, done
        return done

    def uses():
        return {folder["instance"]: folder["use"] for folder in json.loads(state("--json").stdout)}

    folders = json.loads(state("--json").stdout)
    name = folders[0]["name"]
    assert [folder["show"] for folder in folders] == [str(show.config)] * 2 and uses() == {"py1": "running", "py2": "running"}
    assert Path(folders[0]["path"], "kept").exists() and folders[0]["bytes"] > 0 and name.endswith("/py1")
    for word in (name, name.removesuffix("/py1")):
        assert "its show is running" in state("--remove", word, check=69).stderr
    show.stop()
    assert uses() == {"py1": "configured", "py2": "configured"}
    assert "its show has this instance" in state("--remove", name.removesuffix("/py1"), check=69).stderr
    show.config.write_text(show.config.read_text().replace("[python py2]\nmodule = script\n", ""))
    assert uses() == {"py1": "configured", "py2": "gone"}
    os.symlink(show.folder, base / "linked")  # nobody's folders, and nothing that is followed
    (show.folder / "precious").mkdir()
    os.symlink(show.folder / "precious", base / name.replace("py1", "py3"))
    for word in ("linked", "linked/precious", name.replace("py1", "py3"), name.replace("py1", "."), "../state", str(base), ".shows", "identity", ""):
        assert "there is no such folder" in state("--remove", word, check=66).stderr
    assert "did you mean" in state("--remove", name.replace("py1", "py12"), check=66).stderr
    state("--remove", name.replace("py1", "py2"))
    assert uses() == {"py1": "configured"} and Path(folders[0]["path"], "kept").exists()
    show.config.unlink()
    assert re.search(rf"^{re.escape(name)} +gone +\d+k +/", state().stdout, re.MULTILINE)
    os.unlink(base / name.replace("py1", "py3"))
    state("--remove", name.removesuffix("/py1"))
    assert uses() == {} and sorted(os.listdir(base)) == [".shows", "identity", "linked"] and os.listdir(base / ".shows") == []
    assert (show.folder / "precious").exists()
    state("--remove", check=64), state(name, check=64)
    for folder in (base / "old-12345678", base / "old-12345678/py1"):
        folder.mkdir()
        identity.own(folder)
    assert uses() == {"py1": "unknown"}
    state("--remove", "old-12345678/py1")
    assert not (base / "old-12345678").exists()
