"""However a worker ends: each event but the one whose handler ended is handled once, in order, by the next worker if it
takes one; and what was put out before the end arrives once, in order.

A feeder puts the same events into every instance of a show; each instance ends in one of these, in its own way, and a
sink notes what arrives. Values are numbers in disguise.
"""

import os
import re
import signal
import subprocess
import time

import control
import pytest
from harness import PATIENCE, dedent, environment, until

CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [backend python]
    restart-delay = 100ms
    start-timeout = 60s
    [python feed]
    module = feed
    [python sink]
    module = sink
    default-handler = sink.take
    queue = 1000000
    """
FEED = """
    import midimonster
    def go(value):
        for n in range(round(value * 1024)):
            midimonster.output("out", (n + 1) / 65536)
    def finish(value):
        midimonster.output("out", 1)
    """
SINK = """
    import os
    import midimonster
    got = os.open("got", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    def take(value):
        os.write(got, b"%s %d\\n" % (midimonster.current().encode(), round(value * 65536)))
    """
VICTIM = """
    import ctypes, os, signal, socket, sys, time
    import midimonster

    WAY, AT = os.environ["WAY"], int(os.environ["AT"])
    MORE = int(os.environ.get("MORE", 0))       # values that the last call puts out
    CHANNELS = int(os.environ.get("CHANNELS", 1))
    for number in range(20):
        if os.path.exists(f"file{number}"):
            os.unlink(f"file{number}")
    handled = os.open("handled", os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def hang():
        while True:
            try:
                time.sleep(30)
            except BaseException:
                pass

    def use_memory():
        taken = []
        while True:
            taken.append(bytearray(1 << 20))

    def violate():
        for number in range(3, 64):
            try:
                link = socket.socket(fileno=os.dup(number))
            except OSError:
                continue
            if link.family == socket.AF_UNIX and link.type == socket.SOCK_SEQPACKET:
                link.send(bytes([255] * 8))
                time.sleep(30)
            link.detach()

    def fill_folder():
        for number in range(20):
            open(f"file{number}", "w").close()
        time.sleep(30)

    def wait_for_the_killer():
        print("kill me", flush=True)
        time.sleep(30)

    ENDS = {
        "exit": lambda: sys.exit(3), "clean_exit": lambda: sys.exit(0), "at_once": lambda: os._exit(4),
        "segv": lambda: ctypes.string_at(0), "abort": os.abort, "killed": wait_for_the_killer, "hang": hang,
        "memory": use_memory, "violation": violate, "quota": fill_folder, "raise": lambda: 1 / 0,
    }

    def each(value):
        code, before = round(value * 65536), round(midimonster.inputvalue("victim.each") * 65536)
        is_first = b"\\n%d " % code not in b"\\n" + os.pread(handled, 1 << 20, 0)
        os.write(handled, b"%d %d\\n" % (code, before))
        midimonster.output("out%d" % (code % CHANNELS) if CHANNELS > 1 else "out", value)
        if "PAUSE" in os.environ and code == 1:
            time.sleep(float(os.environ["PAUSE"]))
        time.sleep(float(os.environ.get("WORK", 0)))
        if code - 1 == AT and is_first:
            for n in range(MORE):
                midimonster.output("out%d" % (n % CHANNELS) if CHANNELS > 1 else "out", (10001 + n) / 65536)
            ENDS[WAY]()

    if "TICKS" in os.environ:
        n_calls = 0
        here, there = socket.socketpair()
        there.send(b"x")
        def called(what):
            global n_calls
            n_calls += 1
            may_end = n_calls > 5 and os.path.getsize("handled") and not os.path.exists("ended")
            if what == os.environ["TICKS"] and may_end:
                open("ended", "w").close()
                ENDS[WAY]()
        def tick():
            called("tick")
        def ready(ready_socket):
            there.send(ready_socket.recv(1))
            called("ready")
        midimonster.interval(tick, 2)
        midimonster.manage(ready, here)
    """
WAYS = ("exit", "clean_exit", "at_once", "segv", "abort", "killed", "hang", "memory", "violation", "quota", "raise")
OPTIONS = {"hang": "handler-timeout = 2s\n", "quota": "state-files = 10\n", "memory": "memory = 96M\n"}
LAST = 65536  # the code of the last event
FEW = 40


class House:
    """A show with victims: {name: {variable: value}}, and further options of all of them."""

    def __init__(self, play, victims, options="", n_channels=1, **how):
        config = dedent(CONFIG)
        maps = ["wire./go > feed.feed.go", "wire./finish > feed.feed.finish"]
        for name, variables in victims.items():
            env = "".join(f"env = {key}={value}\n" for key, value in {**variables, "CHANNELS": n_channels}.items())
            config += f"[python {name}]\nmodule = victim\n{env}{OPTIONS.get(variables['WAY'], '')}{options}"
            maps += [f"feed.out > {name}.victim.each", f"{name}.out > sink.{name}"]
            maps += [f"{name}.out{n} > sink.{name}" for n in range(n_channels)] if n_channels > 1 else []
        self.victims = victims
        self.show = play(config=config + "[map]\n" + "\n".join(maps) + "\n", ready=("feed", "sink", *victims),
                         scripts={"feed.py": FEED, "sink.py": SINK, "victim.py": VICTIM}, **how)

    def feed(self, n):
        self.show.set("/go", n / 1024)

    def kill(self):
        """Those that wait for it."""
        for name, variables in self.victims.items():
            if variables["WAY"] == "killed":
                self.show.printed("^kill me", name)
                os.kill(self.show.worker(name), signal.SIGKILL)

    def lines(self, instance, file):
        for path in (self.show.folder / "state").rglob(f"{instance}/{file}"):
            return path.read_text().rpartition("\n")[0].splitlines()  # not the one that is being written
        return []

    def handled(self, name):
        """[(code, the one before as the script sees it)]"""
        return [tuple(map(int, line.split())) for line in self.lines(name, "handled")]

    def arrived(self):
        found = {name: [] for name in self.victims}
        for line in self.lines("sink", "got"):
            name, code = line.split()
            found[name].append(int(code))
        return found

    def finish(self):
        """An event behind all others, and what it puts out behind all other outputs."""
        self.show.set("/finish", 1)
        until(lambda: all(LAST in codes for codes in self.arrived().values()), self.missing, timeout=3 * PATIENCE)

    def missing(self):
        arrived = self.arrived()
        late = [name for name in self.victims if LAST not in arrived[name]]
        told = [f"{name}: handled {self.handled(name)[-3:]}, arrived {arrived[name][-3:]}" for name in late]
        return "\n".join([*told, str(self.show.log)])

    def check(self, n):
        arrived = self.arrived()
        codes = [*range(1, n + 1), LAST]
        for name, variables in self.victims.items():
            log = self.show.log.messages(name)
            assert [code for code, _ in self.handled(name)] == codes, (name, log)
            assert [before for _, before in self.handled(name)] == [0, *codes[:-1]], (name, log)
            at = int(variables["AT"]) + 1
            more = [*range(10001, 10001 + int(variables.get("MORE", 0)))]
            assert arrived[name] == [*codes[:at], *more, *codes[at:]], (name, log)
            ends = len(self.show.log.matching("^worker ended", name))
            assert ends == (0 if variables["WAY"] in ("raise", "memory") and not ends else 1), (name, log)


def victims_of(*ways, n=FEW, **more):
    """One of each way in each place of a batch of n events."""
    places = {"first": 0, "middle": n // 2, "last": n - 1}
    return {f"{way}_{where}": {"WAY": way, "AT": at, **more} for way in ways for where, at in places.items()}


def test_every_way_to_end(play):
    """First, in the middle, and last in its batch."""
    house = House(play, victims_of(*WAYS))
    house.feed(FEW)
    house.kill()
    house.finish()
    house.check(FEW)


@pytest.mark.one_setting
def test_a_batch_sent_ahead(play):
    """512 events in the first one, which is under way when the second one comes."""
    n, ends = 900, (0, 256, 511, 512, 700, 899)
    ways = ("at_once", "segv", "killed")
    house = House(play, {f"{way}_{at}": {"WAY": way, "AT": at, "PAUSE": 0.5} for way in ways for at in ends})
    house.feed(n)
    house.kill()
    house.finish()
    house.check(n)


@pytest.mark.one_setting
def test_intervals_and_managed_sockets_beside_it(play):
    """They end in an event; or in an interval or a socket's handler, and then no event is."""
    ways = ("exit", "at_once", "segv", "killed")
    victims = victims_of(*ways, TICKS="beside")
    victims |= {f"{way}_{what}": {"WAY": way, "AT": -1, "TICKS": what} for way in ways for what in ("tick", "ready")}
    house = House(play, victims)
    house.feed(FEW)
    house.kill()
    for name in victims:
        house.show.log.wait("^worker ended", name)
    house.finish()
    house.check(FEW)


@pytest.mark.one_setting
def test_outputs_above_one_report(play):
    """600 are two reports, 9,000 more than the memory holds."""
    plain = victims_of("exit", "at_once", "segv", "killed", "hang")
    victims = {f"{name}_{more}": {**variables, "MORE": more} for more in (600, 9000)
               for name, variables in plain.items() if "middle" not in name}
    house = House(play, victims)
    house.feed(FEW)
    house.kill()
    house.finish()
    house.check(FEW)


def test_killed_at_any_moment(play):
    """Each end costs one event at most, that of the handler that it met, and nothing comes twice."""
    n, n_kills = 900, 15
    house = House(play, {name: {"WAY": "raise", "AT": -1, "WORK": 0.002} for name in ("a", "b")})
    show = house.show
    house.feed(n)
    for number in range(n_kills):
        for name in house.victims:
            show.log.wait(r"^running \(pid", name, count=number + 1)
        time.sleep(0.01 + 0.007 * number)
        for name in house.victims:
            os.kill(show.worker(name), signal.SIGKILL)
    for name in house.victims:
        show.log.wait(r"^running \(pid", name, count=n_kills + 1)
    house.finish()
    for name, arrived in house.arrived().items():
        handled = [code for code, _ in house.handled(name)]
        for codes in (handled, arrived):
            assert codes == sorted(set(codes)), name
            assert len(codes) >= n + 1 - n_kills, name


@pytest.mark.one_setting
def test_with_a_rate(play):
    """Values of many channels wait in the broker, and none of them gives way to another."""
    house = House(play, victims_of("exit", "at_once", "killed", "hang"), "rate = 20\n", n_channels=64)
    house.feed(FEW)
    house.kill()
    house.finish()
    until(lambda: all(len(codes) > FEW for codes in house.arrived().values()), house.missing)
    for name, codes in house.arrived().items():
        assert sorted(codes) == [*range(1, FEW + 1), LAST], name
        assert [code for code, _ in house.handled(name)] == [*range(1, FEW + 1), LAST], name


@pytest.mark.one_setting
def test_with_a_rate_the_newest_value_is_kept(play):
    """What a worker had reported when it ended, and nobody had read since it puts out too much, counts, too."""
    n_channels, more = 64, 5000
    victims = {way: {"WAY": way, "AT": 0, "MORE": more} for way in ("exit", "at_once", "killed", "quota")}
    house = House(play, victims, "rate = 50\nrestart = never\n", n_channels=n_channels)
    house.feed(1)
    house.kill()
    newest = [*range(10001 + more - n_channels, 10001 + more)]

    def wrong():
        return {name: codes for name, codes in house.arrived().items() if sorted(codes[-n_channels:]) != newest}
    until(lambda: not wrong(), lambda: f"{wrong()}\n{house.show.log}")


@pytest.mark.one_setting
@pytest.mark.parametrize("options", ["restart = never\n", "restart-limit = 1/1m\n"])
def test_without_another_worker_the_rest_is_dropped_and_that_is_said(play, options):
    """With a limit of one restart, the first end leaves the rest to another worker; the second comes from outside."""
    victims = victims_of("at_once", "killed", "hang")
    house = House(play, victims, options)
    show = house.show
    house.feed(FEW)
    house.kill()
    if "limit" in options:
        house.finish()
        house.check(FEW)
        for name in victims:
            os.kill(show.worker(name), signal.SIGKILL)
            show.log.wait("^worker ended", name, count=2)
        house.feed(FEW)
    for name, variables in victims.items():
        rest = FEW - int(variables["AT"]) - 1
        until(lambda: control.status(show, name)[name]["dropped"] == (FEW if "limit" in options else rest),
              lambda: f"{name}: {control.status(show, name)}\n{show.log}")
        if "never" in options:
            if rest:
                show.log.wait(f"^{rest} events that waited for it were dropped$", name)
            wanted = [*range(1, FEW - rest + 1)]
            until(lambda name=name, wanted=wanted: [code for code, _ in house.handled(name)] == wanted, name)
            assert len(show.log.matching("dropped", name)) == bool(rest), name


@pytest.fixture
def replay(stage, identity):
    """Replays a recording with the show of a house, and records that; returns both as text."""

    def output(*arguments, **how):
        done = subprocess.run(identity.command([stage.firecurtain, *arguments]), cwd="/", text=True,
                              timeout=3 * PATIENCE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, **how)
        assert done.returncode == 0, done
        return done.stdout

    def run(path, show):
        again, folder = path.with_name("second.rec"), stage.folder(identity)  # with private folders of its own
        output("replay", path, show.config, "--speed", "max", "--record", again, env=environment(folder))
        return output("record", "--print", path), output("record", "--print", again)

    return run


@pytest.mark.one_setting
@pytest.mark.parametrize("ways", [("exit", "at_once", "segv"), ("killed",)], ids=["ends", "killed"])
def test_while_it_is_recorded(play, stage, identity, replay, ways):
    """The recording has each event once, and each output. So has its replay, in which scripts end as they did, but
    nobody kills."""
    victims = victims_of(*ways)
    path = stage.folder(identity) / "first.rec"
    house = House(play, victims, "handler-timeout = 3s\n", arguments=("--record", path))
    house.feed(FEW)
    house.kill()
    house.finish()
    house.check(FEW)
    house.show.stop()
    first, second = replay(path, house.show)
    codes = [*range(1, FEW + 1), LAST]
    for name in victims:
        for kind in (f"event {name}.victim.each", f"output {name}.out"):
            for recording in (first, second):
                values = re.findall(rf" {re.escape(kind)} (\S+)$", recording, re.M)
                assert [round(float(value) * 65536) for value in values] == codes, (kind, recording)
    if "killed" not in ways:
        assert second == first
