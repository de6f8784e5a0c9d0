# SPDX-License-Identifier: BSD-2-Clause
"""A real show for a test: a folder with scripts, the real broker, real UDP in and out, and its log."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import textwrap
from pathlib import Path

import pytest
from processes import descendants, surviving
from showlog import Log
from waiting import PATIENCE, until
from wire import Wire, is_bound

TOP = Path(__file__).resolve().parents[2]
BUILT = Path(os.environ.get("FIRECURTAIN_BIN", TOP / "build/broker/firecurtain")).resolve()
USER_ID = 12345
# The programs, where a build has them; FIRECURTAIN_REPLACE and install() call them so.
PROGRAMS = {"command": "broker/firecurtain", "broker": "broker/firecurtain-broker",
            "desk": "broker/firecurtain-desk", "worker": "worker/firecurtain-worker",
            "driver": "broker/firecurtain-driver-loopback", "driver-evdev": "broker/firecurtain-driver-evdev",
            "driver-midi": "broker/firecurtain-driver-midi", "driver-mqtt": "broker/firecurtain-driver-mqtt"}
# Another broker or worker of the build directory: "worker=tests/worker-without-root".
REPLACED = dict(item.split("=") for item in os.environ.get("FIRECURTAIN_REPLACE", "").split())
IS_ASAN = b"__asan_init" in BUILT.read_bytes() if BUILT.exists() else False

# The show that most tests use. A test adds mappings; `wire` exchanges OSC with the test, `py1` runs script.py.
USUAL = """\
[osc wire]
bind = 127.0.0.1 @IN@
dest = 127.0.0.1 @OUT@

[python py1]
module = script
{options}
[map]
{maps}
"""

# With these a test can wait until everything it has sent is handled.
SYNC_SCRIPT = "import midimonster\ndef request(value):\n\tmidimonster.output('synced', value)\n"
SYNC_OPTIONS = "module = syncing"
SYNC_MAPS = ("wire./sync > py1.syncing.request", "py1.synced > wire./synced")


def without_user_namespaces(uid):
    """A launcher that makes the kernel refuse user namespaces: in a new one whose limit of further ones is 0, and
    without any capability there. In all else the command runs as the same user as before."""
    return ("unshare", "--user", f"--map-user={uid}", f"--map-group={uid}", "--keep-caps", "sh", "-c",
            "echo 0 >/proc/sys/user/max_user_namespaces && "
            'exec setpriv --inh-caps=-all --ambient-caps=-all --pdeathsig=KILL -- "$@"', "sh")


class Identity:
    """The account that starts the broker: the caller, or (for root) an ordinary user without any group. The fallback is
    an ordinary user whose kernel refuses user namespaces."""

    def __init__(self, uid, fallback=False):
        self.uid = uid
        self.fallback = fallback
        self.fence = without_user_namespaces(uid) if fallback else ()

    @property
    def is_root(self):
        return self.uid == 0

    def command(self, arguments):
        """Returns the command as that user; whatever ends this process also ends the command."""
        switch = []
        if self.uid != os.getuid():
            switch = [f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        return ["setpriv", *switch, "--pdeathsig=KILL", "--", *map(str, arguments)]

    def own(self, path):
        if self.uid != os.getuid():
            os.chown(path, self.uid, self.uid)


class Stage:
    """Where shows are set up: short paths that every identity can read, with the program that is tested."""

    def __init__(self, path):
        self.path = path
        self.firecurtain = BUILT
        self.examples = self.path / "examples"
        shutil.copytree(TOP / "examples", self.examples)
        if os.getuid() == 0 or REPLACED:  # the other user may not be able to reach the clone
            self.install("bin")
        self.open_up()

    def install(self, name, **replaced):
        """Copies the programs to a folder: the built ones, or others of the build directory."""
        for program, part in PROGRAMS.items():
            place = self.path / name / part
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(BUILT.parents[1] / {**REPLACED, **replaced}.get(program, part), place)
        shutil.copytree(BUILT.parent / "console", self.path / name / "broker/console", dirs_exist_ok=True)
        self.firecurtain = self.path / name / PROGRAMS["command"]

    def open_up(self):
        subprocess.run(["chmod", "-R", "a+rX", self.path], check=True)

    def folder(self, identity):
        """Makes a folder that belongs to the identity."""
        path = Path(tempfile.mkdtemp(prefix="s", dir=self.path))
        path.chmod(0o755)
        identity.own(path)
        return path


class Show:
    """A running broker. Made by the fixture `play`."""

    def __init__(self, stage, identity, config, scripts, *, command=("run",), arguments=(), env=(), folder=None,
                 launcher=(), name="show.cfg", bound=()):
        self.stage, self.identity = stage, identity
        self.folder = folder or stage.folder(identity)
        self.wire, self.wire2 = Wire(), Wire()
        self.config = self.folder / name
        self.ports, self.bound = {self.wire.show_port, self.wire2.show_port}, set(bound)
        if config is not None:
            self.write(name, config)
        for script, text in scripts.items():
            self.write(script, text)
        reading, writing = os.pipe()
        pipe = os.fstat(writing)
        arguments = [self.filled(str(argument)) for argument in arguments]
        env = {key: value for key, value in {**environment(self.folder), **dict(env)}.items() if value is not None}
        if "JOURNAL_STREAM" in env:
            env["JOURNAL_STREAM"] = f"{pipe.st_dev}:{pipe.st_ino}"
        self.process = subprocess.Popen(
            identity.command([*launcher, *identity.fence, stage.firecurtain, *command, self.config, *arguments]), cwd="/", env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writing)
        os.close(writing)
        self.log = Log(reading)
        self.family = {}
        self.syncs = 0

    # Before and around it

    def write(self, name, text):
        """Writes a file of the show; port numbers are filled in."""
        path = self.folder / name
        for parent in reversed(path.relative_to(self.folder).parents[:-1]):
            if not (self.folder / parent).exists():
                (self.folder / parent).mkdir()
                self.identity.own(self.folder / parent)
        path.write_text(self.filled(text))
        self.identity.own(path)
        return path

    def filled(self, text):
        for mark, port in (("@IN@", self.wire.show_port), ("@OUT@", self.wire.port),
                           ("@IN2@", self.wire2.show_port), ("@OUT2@", self.wire2.port)):
            text = text.replace(mark, str(port))
        return text

    def ready(self, instances):
        """Waits until these Python instances run, and the OSC ports and those in `bound` are open."""
        for instance in instances:
            self.log.wait(r"^running \(pid \d+\)", instance)
        text = self.filled(" ".join([self.config.read_text(), *self.process.args]))
        for port in self.ports | self.bound:
            if port in self.bound or f" {port}" in text:
                until(lambda: is_bound(port) or self.process.poll() is not None, f"port {port} is not open:\n{self.log}")
        return self

    @property
    def pid(self):
        return self.process.pid

    def worker(self, instance="py1"):
        """The pid of the instance's latest worker."""
        return int(re.search(r"pid (\d+)", self.log.matching(r"^running \(pid", instance)[-1].message)[1])

    # While it runs

    def set(self, path, value):
        self.wire.set(path, value)

    def expect(self, path, *values, timeout=PATIENCE):
        self.wire.expect(path, *values, timeout=timeout)

    def printed(self, pattern, instance="py1", **kwargs):
        """Waits for a line that a script printed and returns it."""
        return self.log.wait(pattern, instance, **kwargs).message

    def coax(self, path, answer, value=0.5):
        """For shows whose log does not say that they are ready: sends until something comes back."""
        def answered():
            self.set(path, value)
            return self.wire.receive(0.1) or self.process.poll() is not None
        until(answered, f"no answer on {answer}")
        self.expect(answer, value)
        self.wire.inbox.clear()

    def sync(self):
        """Everything sent to py1 before this has been handled, and its outputs are on the way (needs sync=True)."""
        self.syncs += 1  # a different value each time: OSC does not send an unchanged one again
        value = self.syncs % 1024 / 1024
        self.set("/sync", value)
        self.expect("/synced", value)

    def wait_restart(self, instance="py1", after=0):
        """Waits for the end of a worker and for its successor. Returns the line that says how it ended."""
        end = self.log.wait("^worker ended", instance, after=after)
        self.log.wait(r"^running \(pid", instance, after=self.log.lines.index(end))
        return end

    # The end of it

    def stop(self, how=signal.SIGTERM, status=0):
        """Ends the show as an operator does; nothing may stay behind."""
        if self.process.poll() is None:
            self.family = descendants(self.pid)
            self.process.send_signal(how)
        try:
            left = self.process.wait(PATIENCE + 10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the broker does not end:\n{self.log}") from None
        self.log.thread.join(PATIENCE)
        assert left == status, f"exit status {left}, expected {status}:\n{self.log}"
        until(lambda: not surviving(self.family), f"processes are left: {self.family}\n{self.log}")
        self.close()

    def kill(self):
        self.family.update(descendants(self.pid) if self.process.poll() is None else {})
        self.process.kill()
        self.process.wait()
        for pid in surviving(self.family):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.close()

    def close(self):
        self.wire.close()
        self.wire2.close()

    @property
    def over(self):
        return self.wire2.socket.fileno() == -1


def environment(folder):
    """Hides the caller from the broker: its home and its directories belong to the show."""
    kept = {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}
    for name in ("home", "run", "state"):
        path = folder / name
        if not path.exists():
            path.mkdir(mode=0o700)
            owner = folder.stat()
            os.chown(path, owner.st_uid, owner.st_gid)
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder / "home"),
            "XDG_RUNTIME_DIR": str(folder / "run"), "XDG_STATE_HOME": str(folder / "state"), **kept}


def usual(maps, options="", sync=False):
    """Returns the text of the usual configuration."""
    if sync:
        maps, options = [*SYNC_MAPS, *maps], SYNC_OPTIONS + "\n" + options
    return USUAL.format(options=options, maps="\n".join(maps))


def dedent(text):
    return textwrap.dedent(text).lstrip("\n")


def only(name):
    """For what does not exist for the other identity."""
    if name == "root" and os.getuid() != 0:
        return pytest.mark.skip(reason="needs root")
    return pytest.mark.parametrize("identity", [name], indirect=True)


user_only, root_only = only("user"), only("root")
looks_into_the_broker = pytest.mark.skipif(os.getuid() != 0, reason="only root may look into /proc of a broker")
