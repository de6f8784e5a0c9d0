# SPDX-License-Identifier: BSD-2-Clause
"""Rows 17 to 25 and 27: files, descriptors, and what instances could share."""

import contextlib
import fcntl
import os
import re
import signal
import socket
import sys
import types
from pathlib import Path

import pytest

from serving import serving
from theatre import check_controls, control, params
from waiting import until

NAMES = ("SECRET FOLDER OTHER_SCRIPT OTHER_STATE SHOW SHM FILE LIBRARY LIBRARY2 SCRIPT HOSTS ROOT LIBC UNIX_STREAM UNIX_ABSTRACT "
         "UNIX_DATAGRAM").split()
sys.modules.setdefault("places", types.ModuleType("places"))
import attack_files  # noqa: E402 (the script imports places)
import attack_sockets  # noqa: E402
from attacklib import ATTACKS  # noqa: E402

FILES = [entry for entry in ATTACKS if entry.function.__module__ in (attack_files.__name__, attack_sockets.__name__)]
BY_NAME = {entry.name: entry for entry in FILES}
LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
LIBRARY = f"/usr/lib/python3.{sys.version_info.minor}/json/__init__.py"
SOCKETS = Path(attack_sockets.__file__).read_text()


class Listeners:
    """Unix sockets of the host: by path and abstract, and whether anything came."""

    def __init__(self, folder):
        folder.chmod(0o755)
        self.stack, self.met = contextlib.ExitStack(), 0
        self.stream, self.datagram = str(folder / "stream"), str(folder / "datagram")
        self.abstract = f"\0fc-escape-{os.getpid()}"
        server = self.stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(self.stream)
        server.listen()
        self.sockets = [server]
        for address in (self.datagram, self.abstract):
            receiver = self.stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            receiver.bind(address)
            self.sockets.append(receiver)
        for path in (self.stream, self.datagram):
            os.chmod(path, 0o777)
        for listener in self.sockets:
            self.stack.enter_context(serving(listener, self.meet))

    def meet(self, listener):
        if listener.type == socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(100)
        self.met += 1


@pytest.fixture(scope="module")
def listeners(stage):
    import tempfile
    from pathlib import Path
    made = Listeners(Path(tempfile.mkdtemp(prefix="u", dir=stage.path)))
    yield made
    made.stack.close()


def module(values):
    return "".join(f"{name} = {values[name]!r}\n" for name in NAMES)


@pytest.fixture(scope="module")
def theatre(stage, identity, open_theatre, listeners):
    folder = stage.folder(identity)
    elsewhere = stage.folder(identity)
    (elsewhere / "other.py").write_text("def go(value): pass\n")
    (elsewhere / "other.cfg").write_text("[python other]\nmodule = other\n")
    state = stage.folder(identity)
    scripts = str(folder) if identity.fallback else "/show"
    secret = stage.path / "secret"
    secret.write_text("public on the host")
    secret.chmod(0o644)
    values = {
        "SECRET": str(secret), "FOLDER": str(elsewhere), "OTHER_SCRIPT": str(elsewhere / "other.py"),
        "OTHER_STATE": str(state / "firecurtain"), "SHOW": str(folder), "SHM": "/dev/shm", "FILE": scripts + "/good.py",
        "LIBRARY": LIBRARY, "LIBRARY2": LIBRARY, "SCRIPT": scripts + "/attack_files.py", "HOSTS": "/etc/hosts", "ROOT": "/", "LIBC": LIBC,
        "UNIX_STREAM": listeners.stream, "UNIX_ABSTRACT": listeners.abstract, "UNIX_DATAGRAM": listeners.datagram,
    }
    theatre = open_theatre({"py1": ("attack_files", ""), "py2": ("attack_files", "")}, folder=folder,
                           scripts={"places.py": module(values), "attack_sockets.py": SOCKETS},
                           env={"FC_SECRET": "do not tell", "XDG_STATE_HOME": str(state)},
                           maps=["wire./other > other.other.go", f"[include {elsewhere / 'other.cfg'}]"])
    theatre.log.wait(r"^running \(pid", "other")
    theatre.state = state
    return theatre


@pytest.mark.parametrize("entry", params(FILES))
def test_refused(theatre, listeners, entry, request):
    if entry.hole and theatre.fallback:
        request.applymarker(pytest.mark.xfail(strict=True, reason=entry.hole))
    met = listeners.met
    # the second instance looks for what the first has left
    outcome = theatre.attack(entry, FILES, "py2" if entry.name.startswith("read_") else "py1")
    assert re.fullmatch(entry.expected(theatre.fallback), outcome), outcome
    assert listeners.met == met, "a unix socket of the host was reached"
    theatre.prober.check()


def test_what_was_left_does_not_stop_a_restart(theatre):
    """18: with everything that the attacks have left in /state."""
    show = theatre.show
    position = theatre.log.position
    os.kill(show.worker("py1"), signal.SIGKILL)
    theatre.log.wait(r"^running \(pid", "py1", after=position)
    assert theatre.attack(BY_NAME["etc_passwd"], FILES) == BY_NAME["etc_passwd"].expected(theatre.fallback)
    left = {path.name for path in theatre.state.rglob("left-*")}
    assert "left-file" in left and not {"left-link", "left-fifo", "left-device", "left-hard-link"} & left
    theatre.prober.check(fresh=True)


def test_outside_each_of_them_succeeds(tmp_path, listeners, monkeypatch):
    for name in ("library.py", "library2.py", "script.py", "hosts", "secret", "file"):
        (tmp_path / name).write_text("# text\n")
    (tmp_path / "folder").mkdir()
    for name in ("library.py", "script.py", "hosts"):
        (tmp_path / name[0]).mkdir()
        (tmp_path / name).rename(tmp_path / name[0] / name)
    at = str(tmp_path)
    (tmp_path / "places.py").write_text(module({
        "SECRET": at + "/secret", "FOLDER": at, "OTHER_SCRIPT": at + "/secret", "OTHER_STATE": at, "SHOW": at, "SHM": at,
        "FILE": at + "/file", "LIBRARY": at + "/l/library.py", "LIBRARY2": at + "/library2.py",
        "SCRIPT": at + "/s/script.py", "HOSTS": at + "/h/hosts", "ROOT": at, "LIBC": LIBC,
        "UNIX_STREAM": listeners.stream, "UNIX_ABSTRACT": listeners.abstract, "UNIX_DATAGRAM": listeners.datagram}))
    monkeypatch.setenv("FC_SECRET", "do not tell")
    met = listeners.met
    assert not check_controls("attack_files", FILES, tmp_path)
    until(lambda: listeners.met >= met + 6, lambda: f"{listeners.met - met} of 6 reached the host's sockets")
    # 22: outside, the next process finds what one has left
    found = control("attack_files", ["write_shared", "write_state", "read_shared", "read_state"], tmp_path)
    assert found["read_shared"] == found["read_state"] == "ok 5"


__all__ = ["ROOT", "dedent"]


def test_locks_that_were_granted_are_none(theatre):
    """23: flock() seems to succeed, but locks nothing that others could notice."""
    theatre.show.log.wait("flock", "py1")
    with open(os.__file__) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
