"""A user who exhausts one of her quotas, all her instances at it: another user's answers come about as fast as before.

Each kind of exhaustion is a script of hers (or, for instances, a configuration), begun and ended by a value on her
channel, with a line of the log, or her own processor time, that shows that it really happened in each pressed round.
"""

import contextlib
import os
import signal
import socket
import threading
import time

import pressure
import pytest
from harness import dedent, root_only, status
from pressure import needs_real_speed
from test_users import SCRIPT, House

pytestmark = [pytest.mark.alone, needs_real_speed, root_only]

INSTANCES = [f"py{n}" for n in range(1, 5)]  # as many as she may have
GRANTS = "grant-input = desk./in\ngrant-output = desk./out\n"

# Begins with a value above 0 and ends with 0; `work` runs in the threads that it says.
FRAME = """
    import midimonster, threading, time
    go = threading.Event()
    def f(value):
        if value > 0:
            go.set()
        else:
            go.clear()
    said = 0
    def say(*what):
        global said
        if time.monotonic() - said > 0.2:
            said = time.monotonic()
            print(*what)
    def again():
        while True:
            go.wait()
            try:
                work()
            except Exception as error:
                say("exhausted:", type(error).__name__, error)
    """
THREADS = """
    for _ in range({threads}):
        threading.Thread(target=again, daemon=True).start()
    """
MEMORY = """
    def work():
        kept = []
        try:
            while go.is_set():
                kept.append(bytearray(b"x") * (1 << 20))
        finally:
            del kept[:]
    """
CPU = """
    import hashlib
    block = bytes(1 << 20)
    def work():
        while go.is_set():
            hashlib.sha256(block).digest()  # without the interpreter's lock
    """
RATE = """
    def work():
        n = 0
        while go.is_set():
            n = (n + 1) % 1000
            midimonster.output("out", n / 1000)
    """
CONNECTIONS = """
    import errno, socket
    target = ("127.0.0.1", int(open("/show/port").read()))
    def work():
        kept = []
        while go.is_set():
            try:
                for _ in range(20):
                    one = socket.socket()
                    one.settimeout(1)
                    one.connect(target)
                    kept.append(one)
            except OSError as error:
                say("exhausted:", errno.errorcode.get(error.errno))
            try:
                for _ in range(20):
                    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    one.bind(("127.0.0.1", 0))
                    kept.append(one)
            except OSError as error:
                say("exhausted:", errno.errorcode.get(error.errno))
            if len(kept) > 100:
                del kept[:50]
    """
# At import, when channels can be made.
CHANNELS = """
    import midimonster, time
    def f(value): pass
    n = 0
    while True:
        n += 1
        midimonster.output("c%d" % n, 0.5)
    """
STATE = """
    def work():
        n = 0
        while go.is_set():
            n += 1
            with open("large-%d" % n, "wb") as file:
                for _ in range(64):
                    file.write(bytes(1 << 16))
    """
# Just within the quota, and never at rest: a count of so many files is what this costs the house.
FILES = """
    import os
    def work():
        os.makedirs("many", exist_ok=True)
        n = len(os.listdir("many"))
        while go.is_set():
            n += 1
            with open("many/%d" % (n % 9000), "wb") as file:
                file.write(b"x")
            if n > 9000:
                say("exhausted: 9000 files")
                time.sleep(0.001)
    """


class Pressure:
    """The house with bob, who answers, and alice with all her instances."""

    def __init__(self, house, script="", quotas="", options="", threads=1):
        self.house = house
        house.options["alice"] = GRANTS + quotas
        self.configure(options)
        house.write("alice", "script.py", dedent(script) if "import midimonster" in script else
                    dedent(FRAME) + dedent(script) + dedent(THREADS.format(threads=threads)))
        house.options["bob"] = "grant-input = probe./in\ngrant-output = probe./out\n"
        house.write("bob", "script.py", SCRIPT)
        house.write("bob", "show.cfg", "[python py1]\nmodule = script\n[map]\n"
                                       "probe./in > py1.script.f\npy1.out > probe./out\n")

    def configure(self, options, instances=INSTANCES):
        sections = "".join(f"[python {name}]\nmodule = script\n{options}" for name in instances)
        maps = "".join(f"desk./in > {name}.script.f\n{name}.out > desk./out\n" for name in instances)
        self.house.write("alice", "show.cfg", sections + "[map]\n" + maps)

    def start(self, running=True):
        self.probe = pressure.Probe()
        config = "[osc desk]\nbind = 127.0.0.1 @IN2@\ndest = 127.0.0.1 @OUT2@\n"
        config += self.probe.section + self.house.config()
        names = [f"alice/{name}" for name in INSTANCES] if running else []
        self.show = self.house.show = self.house.play(config=config, ready=[*names, "bob/py1"], bound=[self.probe.to],
                                               launcher=pressure.AS_A_SERVICE)
        return self.show

    def workers(self):
        return [self.show.worker(f"alice/{name}") for name in INSTANCES]

    @contextlib.contextmanager
    def on(self, evidence=None, instances=INSTANCES, settle=0.5):
        """Her scripts are at it in here; each of them has left evidence in the log by the end."""
        position = self.show.log.position
        self.show.wire2.set("/in", 1)
        time.sleep(settle)
        yield
        if evidence:
            for name in instances:
                self.show.log.wait(evidence, f"alice/{name}", after=position, timeout=5)
        self.show.wire2.set("/in", 0)
        time.sleep(0.3)


@pytest.fixture
def house(play, identity, stage):
    return House(play, identity, stage)


def test_memory(house):
    press = Pressure(house, MEMORY, "memory = 512M\n")
    press.start()
    pressure.answers(press.probe, lambda: press.on("^exhausted: MemoryError"), "memory")


def test_processor(house):
    press = Pressure(house, CPU, threads=8)
    show = press.start()

    @contextlib.contextmanager
    def spinning():
        before, begun = sum(map(pressure.cpu_seconds, press.workers())), time.monotonic()
        with press.on():
            yield
            used = sum(map(pressure.cpu_seconds, press.workers())) - before
            assert used > 0.5 * (time.monotonic() - begun), "that was no pressure"

    assert all(int(status(pid)["Threads"]) > 8 for pid in press.workers())
    pressure.answers(press.probe, spinning, "cpu, 4 instances of 8 threads")
    assert not show.log.matching("^worker ended")


def test_rate(house):
    press = Pressure(house, RATE)
    press.start()
    pressure.holds(press.probe, lambda: press.on("option rate"), "rate")


def test_connections(house):
    press = Pressure(house, CONNECTIONS, "connections = 64\nallow-connect = *:*\nallow-listen = udp:*:*\n",
                     "connect = *:*\nlisten = udp:*:*\n", threads=8)
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        house.write("alice", "port", str(server.getsockname()[1]))
        press.start()
        stop = threading.Event()

        def accept():
            server.settimeout(0.2)
            kept = []
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    kept.append(server.accept()[0])
                for one in kept[:-100]:
                    one.close()
                del kept[:-100]

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            pressure.holds(press.probe, lambda: press.on("^exhausted: E(MFILE|AGAIN)"), "connections")
        finally:
            stop.set()
            thread.join()


def test_channels(house):
    """Each of her workers makes channels until it is ended, and its successor begins again."""
    press = Pressure(house, CHANNELS, options="restart-delay = 100ms\n")
    show = press.start(running=False)

    @contextlib.contextmanager
    def again():
        position = show.log.position
        yield
        for name in INSTANCES:
            show.log.wait("has made more channels than allowed", f"alice/{name}", after=position)

    pressure.holds(press.probe, again, "channels")


def test_state(house):
    press = Pressure(house, STATE, "state = 256M\n", "restart-delay = 100ms\n")
    press.start()
    pressure.answers(press.probe, lambda: press.on("its private folder .* has more than", settle=0), "state")


def test_small_files(house):
    press = Pressure(house, FILES)
    press.start()
    with press.on("^exhausted: 9000 files", settle=8):
        pass
    pressure.answers(press.probe, lambda: press.on("^exhausted: 9000 files", settle=0), "state, small files")


def test_instances(house):
    press = Pressure(house)
    show = press.start()

    @contextlib.contextmanager
    def reloading():
        stop, position = threading.Event(), show.log.position
        press.configure("", [*INSTANCES, "py5"])

        def read_again():
            while not stop.is_set():
                before = show.log.position
                os.kill(show.pid, signal.SIGHUP)
                show.log.wait("^the new configuration is running", after=before)
                time.sleep(0.02)  # faster, and what reads the log here is a pressure of its own

        thread = threading.Thread(target=read_again)
        thread.start()
        yield
        stop.set()
        thread.join()
        assert len(show.log.matching("may have 4 instances", "alice", after=position)) > 5

    pressure.holds(press.probe, reloading, "instances")
