# SPDX-License-Identifier: BSD-2-Clause
"""Where rows are measured: real shows of the build, the programs in this folder, and processors to run them on."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 60  # seconds after which something expected counts as missing
RUNNING = re.compile(r"\S+ info (\S+) running \(pid (\d+)\)")
KEPT_LINES = 2000
PINNED = str(max(os.sched_getaffinity(0)))  # the processor of rows that use only one


class Failure(Exception):
    """A row cannot be measured; the others are."""


class Show:
    """A running broker, whose log is read continuously."""

    def __init__(self, bench, config, scripts, cpu=None, launcher=(), env=()):
        self.folder = bench.folder()
        self.in_port, self.out_port = free_port(), free_port()
        for name, text in {"show.cfg": config, **scripts}.items():
            self.write(name, text)
        self.running = {}  # instance: [(pid, when), …]
        self.lines = []
        self.ended = False  # and with it the show
        self.changed = threading.Condition()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "--", *on(cpu), *launcher, bench.build / "broker/firecurtain", "run",
             self.folder / "show.cfg"],
            cwd="/", env={**environment(self.folder), **dict(env)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text.replace("@IN@", str(self.in_port)).replace("@OUT@", str(self.out_port)))
        return path

    def _read(self):
        for raw in self.process.stderr:
            line = raw.decode(errors="replace").rstrip("\n")
            match = RUNNING.fullmatch(line)
            with self.changed:
                if match:
                    self.running.setdefault(match[1], []).append((int(match[2]), time.monotonic()))
                self.lines = [*self.lines[-KEPT_LINES:], line] if len(self.lines) > 2 * KEPT_LINES else self.lines
                self.lines.append(line)
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _wait(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while not (result := condition()):
                if self.ended or not self.changed.wait(max(0, deadline - time.monotonic())):
                    raise Failure(f"{what}; the log ends with:\n" + "\n".join(self.lines[-20:]))
        return result

    def ready(self, instances, ports=None):
        """Waits until these instances run and the ports are open."""
        self._wait(lambda: len(self.running) >= len(instances) and all(name in self.running for name in instances),
                   "not all instances run")
        for port in ports or [self.in_port]:
            until(lambda: is_bound(port), f"port {port} is not open")
        return self

    def said(self, pattern, count=1):
        """Waits for the count-th line that matches a pattern. Returns the match."""
        def found():
            matches = [match for match in map(re.compile(pattern).search, self.lines) if match]
            return matches[count - 1] if len(matches) >= count else None
        return self._wait(found, f"no line {pattern!r}")

    def send(self, path, value):
        """Sets an OSC path to a value."""
        text = path.encode() + b"\0" * (4 - len(path) % 4) + b",f\0\0" + struct.pack(">f", value)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.sendto(text, ("127.0.0.1", self.in_port))

    def pid(self, instance):
        return self.running[instance][-1][0]

    def last_start(self):
        """Returns the seconds from the start of the program until the last instance ran."""
        return max(times[0][1] for times in self.running.values()) - self.started

    def state(self, instance):
        """Returns the private folder of an instance."""
        return next((self.folder / "state").glob(f"firecurtain/*/{instance}"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(PATIENCE)
        self.process.stderr.close()


class Bench:
    """The build that is measured, and a folder for everything that is written."""

    def __init__(self, build, scratch, quick, plot=None):
        self.build, self.scratch, self.quick = build, Path(scratch), quick
        self.plot = plot  # a file for the plot of the row growth
        self.servers = []

    def server_pids(self):
        """Returns the processes of the floors that answer now."""
        return [pid for server in self.servers for pid in (server, *descendants(server))]

    def pick(self, full, quick):
        return quick if self.quick else full

    def folder(self):
        path = Path(tempfile.mkdtemp(prefix="s", dir=self.scratch))
        path.chmod(0o755)
        return path

    def program(self, name):
        return self.build / "tests/bench" / f"bench-{name}"

    @contextlib.contextmanager
    def show(self, config, scripts, ready=(), ports=None, cpu=None, **how):
        show = Show(self, config, scripts, cpu, **how)
        try:
            yield show.ready(ready, ports)
        finally:
            show.stop()

    @contextlib.contextmanager
    def server(self, kind, cpu=None):
        """Starts a floor that answers datagrams; yields its port."""
        port = free_port()
        with self.answering([self.program("floor"), kind, str(port)], cpu):
            yield port

    @contextlib.contextmanager
    def embedded(self, script, function, own_port, cpu=None):
        """Starts the program that has a script in its own process; yields its port."""
        port, folder = free_port(), self.folder()
        (folder / "script.py").write_text(script)
        with self.answering([self.program("embedded"), str(port), str(own_port), folder, "script", function], cpu):
            yield port

    @contextlib.contextmanager
    def answering(self, command, cpu):
        with subprocess.Popen([*on(cpu), *command], stdout=subprocess.PIPE) as process:
            try:
                if process.stdout.readline() != b"ready\n":
                    raise Failure(f"this floor does not start: {' '.join(map(str, command))}")
                self.servers.append(process.pid)
                yield
            finally:
                self.servers = [pid for pid in self.servers if pid != process.pid]
                process.kill()

    @contextlib.contextmanager
    def busy(self, is_busy=True):
        """Keeps all processors busy in this context."""
        spinning = [subprocess.Popen([self.program("floor"), "spin"]) for _ in os.sched_getaffinity(0) if is_busy]
        try:
            yield
        finally:
            for process in spinning:
                process.kill()
                process.wait()

    def measure(self, name, *arguments, cpu=None):
        """Returns what a program prints: usually nanoseconds."""
        return samples_of([*on(cpu), self.program(name), *arguments])

    def ask(self, port, own_port, path, count, *, answers=1, pause_us=0, cpu=None):
        return self.measure("client", port, own_port, path, count, max(20, count // 20), answers, pause_us, cpu=cpu)


def samples_of(command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
    if done.returncode != 0:
        raise Failure(f"{Path(command[-1]).name if len(command) == 1 else ' '.join(map(str, command))}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def on(cpu):
    """Returns what precedes a command to restrict it to one processor."""
    return ("taskset", "-c", cpu) if cpu else ()


def environment(folder):
    for name in ("run", "state"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_STATE_HOME": str(folder / "state")}


def free_port():
    """Returns a free port below those that the kernel assigns: nobody else takes it."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def is_bound(port):
    return re.search(rf"^ *\d+: [0-9A-F]+:{port:04X} ", Path("/proc/net/udp").read_text(), re.M) is not None


def until(condition, complaint):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(complaint)
        time.sleep(0.01)


def descendants(pid):
    """Returns all descendants of a process."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found, todo = [], [pid]
    while todo:
        above = todo.pop()
        below = [child for child, parent in parents.items() if parent == above]
        found += below
        todo += below
    return found
