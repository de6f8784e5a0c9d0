# SPDX-License-Identifier: BSD-2-Clause
"""A real show for a test: a folder with scripts, the real broker, real UDP in and out, and its log."""

import contextlib
import itertools
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import osc
import pytest

TOP = Path(__file__).resolve().parents[2]
BUILT = Path(os.environ.get("FIRECURTAIN_BIN", TOP / "build/broker/firecurtain")).resolve()
PATIENCE = float(os.environ.get("FIRECURTAIN_PATIENCE", 20))  # seconds after which something expected counts as missing; success never waits for it
USER_ID = 12345
SPARES = 2  # SPAWN_SPARES of proto/spawn_request.h
# Another broker or worker of the build directory: "worker=tests/worker-without-root".
REPLACED = dict(item.split("=") for item in os.environ.get("FIRECURTAIN_REPLACE", "").split())
IS_ASAN = b"__asan_init" in BUILT.read_bytes() if BUILT.exists() else False

# Ports for shows; every process of the suite (pytest-xdist) has its own range.
PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
PORTS = itertools.count(12000 + 5000 * PROCESS + random.randrange(3000))

LOG_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}) (error|warning|info|debug|audit) (\S+) ?(.*)")

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
        """Copies both programs to a folder: the built ones, or others of the build directory."""
        for part in ("broker/firecurtain", "worker/firecurtain-worker"):
            place = self.path / name / part
            place.parent.mkdir(parents=True)
            shutil.copy2(BUILT.parents[1] / {**REPLACED, **replaced}.get(part.split("/")[0], part), place)
        self.firecurtain = self.path / name / "broker/firecurtain"

    def open_up(self):
        subprocess.run(["chmod", "-R", "a+rX", self.path], check=True)

    def folder(self, identity):
        """Makes a folder that belongs to the identity."""
        path = Path(tempfile.mkdtemp(prefix="s", dir=self.path))
        path.chmod(0o755)
        identity.own(path)
        return path


class Wire:
    """One OSC peer: a UDP socket that sends to a port of the show and keeps what arrives, by path."""

    def __init__(self, family=socket.AF_INET, host="127.0.0.1"):
        self.host = host
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.show_port = free_port(family, host)
        self.inbox = []  # (path, types, values), oldest first

    def close(self):
        self.socket.close()

    def send_raw(self, packet):
        self.socket.sendto(packet, (self.host, self.show_port))

    def send(self, path, types="f", values=(0.0,)):
        self.send_raw(osc.encode(path, types, values))

    def set(self, path, value):
        self.send(path, "f", [value])

    def receive(self, timeout):
        """Waits for one packet and stores its messages. False if none arrives."""
        self.socket.settimeout(max(timeout, 0.0001))
        try:
            self.inbox += osc.decode(self.socket.recv(65536))
        except TimeoutError:
            return False
        return True

    def take(self, path, timeout=PATIENCE):
        """Takes the oldest message on a path, as (types, values)."""
        deadline = time.monotonic() + timeout
        while True:
            for index, (found, types, values) in enumerate(self.inbox):
                if found == path:
                    del self.inbox[index]
                    return types, values
            if not self.receive(deadline - time.monotonic()):
                raise AssertionError(f"nothing on {path} within {timeout} s; waiting elsewhere: {self.inbox}")

    def value(self, path, timeout=PATIENCE):
        """Takes the oldest message on a path, and returns its first value."""
        return self.take(path, timeout)[1][0]

    def expect(self, path, *expected, timeout=PATIENCE):
        """Asserts that the next messages on a path have exactly these values."""
        for value in expected:
            assert self.value(path, timeout) == pytest.approx(value, abs=1e-6), f"on {path}"

    def waiting(self, path):
        """Takes what has arrived on a path, without waiting."""
        while self.receive(0):
            pass
        return [values[0] for found, _, values in self.inbox if found == path]


class Line:
    """One line of the broker's log; any other text has the level 'raw'."""

    def __init__(self, text):
        self.arrived = time.monotonic()
        self.text = text
        match = LOG_LINE.fullmatch(text)
        self.time, self.level, self.instance, self.message = match.groups() if match else (None, "raw", "", text)

    def __repr__(self):
        return self.text


class Log:
    """The broker's stderr, read continuously. A search may begin `after` a position, which lets tests proceed in it."""

    def __init__(self, descriptor):
        self.lines = []
        self.changed = threading.Condition()
        self.ended = False
        self.descriptor = descriptor
        self.waken, self.wake = os.pipe()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        rest = b""
        with contextlib.ExitStack() as stack:
            for descriptor in (self.descriptor, self.waken, self.wake):
                stack.callback(os.close, descriptor)
            while True:
                readable, _, _ = select.select([self.descriptor, self.waken], [], [])
                if self.waken in readable and not self._obey(os.read(self.waken, 1)):
                    break
                if self.descriptor in readable:
                    data = os.read(self.descriptor, 65536)
                    *lines, rest = (rest + data).split(b"\n")
                    self._add(lines if data or not rest else [rest])
                    if not data:
                        break
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _obey(self, command):
        """'h': reads nothing until the next command. 'q': hangs up."""
        if command == b"h":
            command = os.read(self.waken, 1)
        return command != b"q"

    def _add(self, lines):
        with self.changed:
            self.lines += [Line(line.decode(errors="surrogateescape")) for line in lines]
            self.changed.notify_all()

    @contextlib.contextmanager
    def held(self):
        """Reads nothing in this context: the pipe fills."""
        os.write(self.wake, b"h")
        yield
        os.write(self.wake, b".")

    def hang_up(self):
        """Closes the pipe's reading end."""
        os.write(self.wake, b"q")
        self.thread.join()

    def __str__(self):
        return "\n".join(map(str, self.lines))

    @property
    def position(self):
        return len(self.lines)

    def matching(self, pattern="", instance=None, level=None, after=0):
        levels = (level,) if isinstance(level, str) else level
        return [line for line in self.lines[after:] if re.search(pattern, line.message)
                and instance in (None, line.instance) and (levels is None or line.level in levels)]

    def wait(self, pattern, instance=None, level=None, after=0, count=1, timeout=PATIENCE):
        """Waits for the count-th line that matches."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                found = self.matching(pattern, instance, level, after)
                if len(found) >= count:
                    return found[count - 1]
                if self.ended or not self.changed.wait(max(0, deadline - time.monotonic())):
                    raise AssertionError(f"no line {pattern!r} ({instance}, {level}, {len(found)} of {count}) in:\n{self}")

    def messages(self, instance, pattern="", after=0):
        return [line.message for line in self.matching(pattern, instance, after=after)]


class Show:
    """A running broker. Made by the fixture `play`."""

    def __init__(self, stage, identity, config, scripts, *, command=("run",), arguments=(), env=(), folder=None,
                 launcher=(), name="show.cfg", bound=()):
        self.stage, self.identity = stage, identity
        self.folder = folder or stage.folder(identity)
        self.wire, self.wire2 = Wire(), Wire()
        self.config = self.folder / name
        self.ports = {self.wire.show_port, self.wire2.show_port, *bound}
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
        """Waits until these Python instances run and the OSC ports are open."""
        for instance in instances:
            self.log.wait(r"^running \(pid \d+\)", instance)
        text = self.filled(" ".join([self.config.read_text(), *self.process.args]))
        for port in self.ports:
            if f" {port}" in text:
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


def free_port(family=socket.AF_INET, host="127.0.0.1", kind=socket.SOCK_DGRAM):
    """Returns a free port below those that the kernel assigns; each process of the suite has its own: nobody else takes
    it."""
    while True:
        port = next(PORTS)
        with socket.socket(family, kind) as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port


def is_bound(port):
    """Tells whether a UDP socket of this host has the port."""
    listed = Path("/proc/net/udp").read_text() + Path("/proc/net/udp6").read_text()
    return re.search(rf"^ *\d+: [0-9A-F]+:{port:04X} ", listed, re.M) is not None


def until(condition, complaint, timeout=PATIENCE):
    """Waits for something that nothing announces."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(complaint() if callable(complaint) else complaint)
        time.sleep(0.01)


def one_in_time(measure, least, most, tries=20):
    """What a busy machine may delay now and then: measure(n), for n from 1, is in time at least once in so many tries."""
    seen = []
    for n in range(1, tries + 1):
        seen.append(measure(n))
        if least <= seen[-1] < most:
            return
    raise AssertionError(f"never from {least} to {most}: {seen}")


def only(name):
    """For what does not exist for the other identity."""
    return pytest.mark.parametrize("identity", [name], indirect=True)


user_only = only("user")
root_only = only("root") if os.getuid() == 0 else pytest.mark.skip(reason="needs root")


# Processes as the host sees them


def status(pid, task=None):
    """/proc/PID/status as a dictionary."""
    path = f"/proc/{pid}/task/{task}/status" if task else f"/proc/{pid}/status"
    return dict(line.split(":\t", 1) for line in Path(path).read_text().splitlines() if ":\t" in line)


HAS_CHILDREN = os.path.exists("/proc/thread-self/children")


def _stat(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def children(pid):
    """Returns the children of all its threads, as the kernel lists them or, where it has no such list, as /proc shows
    them."""
    if not HAS_CHILDREN:
        return [int(each) for each in os.listdir("/proc") if each.isdigit() and _parent(each) == pid]
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as file:
                found += map(int, file.read().split())
    return found


def _parent(pid):
    with contextlib.suppress(OSError):
        return int(_stat(pid)[1])
    return None


def descendants(pid):
    """Returns all descendants of a process, with their start times, since a pid may be used again."""
    family, todo = {}, [pid]
    while todo:
        for child in children(todo.pop()):
            with contextlib.suppress(OSError):
                family[child] = _stat(child)[19]
                todo.append(child)
    return family


def private_folder(show, instance="py1"):
    """Of an instance of the house."""
    (path,) = (show.folder / "state/firecurtain").glob(f"*/{instance}")
    return path


def workers_of(pid):
    """Returns the running workers of a broker, which also has a keeper, a zygote, and perhaps spares."""
    return named(pid, "fc-worker")


def named(pid, name):
    """Returns the children of a process with a certain name."""
    found = []
    for child in children(pid):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{child}/comm").read_text() == name + "\n":
                found.append(child)
    return found


def settled_spares(show, zygotes=1):
    """Waits until the zygotes of a show with workers have all their spares; there are none with cgroups."""
    worker = workers_of(show.pid)[0]
    in_cgroup = Path(f"/proc/{worker}/cgroup").read_text() != Path("/proc/self/cgroup").read_text()
    expected = 0 if in_cgroup else SPARES * zygotes
    until(lambda: len(named(show.pid, "fc-spare")) == expected, f"there are not {expected} spares")
    return named(show.pid, "fc-spare")


def descriptors(pid):
    """Counts the descriptors of a process; None where only root may look, as into a broker."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return None


def surviving(family):
    alive = []
    for pid, start in family.items():
        with contextlib.suppress(OSError):
            if _stat(pid)[19] == start:
                alive.append(pid)
    return alive
