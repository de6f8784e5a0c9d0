# SPDX-License-Identifier: BSD-2-Clause
"""The soak: a probe and an idle script keep running while everything else goes wrong, and nothing grows.

FIRECURTAIN_SOAK_MINUTES is its duration (1); `./dev soak MINUTES` runs only this and shows the figures.
"""

import contextlib
import multiprocessing
import os
import random
import re
import signal
import socket
import statistics
import time
from pathlib import Path

import osc
import pytest
from harness import dedent, only
from processes import children, descriptors, named, private_folder, workers_of
from waiting import until

MINUTES = float(os.environ.get("FIRECURTAIN_SOAK_MINUTES", 1))
QUIET_SECONDS = 5
RATE = 200  # messages to the probe, a second, unless
WINDOW = 100  # are on their way: more might not fit into a socket of a broker that hardly runs
# The first process of a pid namespace survives most signals from outside: half of them are the one that it does not.
SIGNALS = [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTERM, signal.SIGINT,
           signal.SIGUSR1, signal.SIGSTOP, *[signal.SIGKILL] * 9]

CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@

    [osc desk]
    bind = 127.0.0.1 @IN2@
    dest = 127.0.0.1 @OUT2@

    [backend python]
    restart-delay = 20ms
    log-rate = 4000

    [loopback-driver driver]

    [python probe]
    module = probe

    [python idle]
    module = idle

    [python victim]
    module = victim
    handler-timeout = 300ms

    [python hanging]
    module = hanging
    handler-timeout = 300ms

    [python flooding]
    module = flooding

    [python leaking]
    module = leaking
    memory = 80M

    [python edited]
    module = edited
    reload = on

    [python changing]
    module = changing

    [python calling]
    module = calling

    [map]
    wire./probe > probe.probe.probe
    probe.answer > wire./answer
    desk./n > victim.victim.n
    desk./n > hanging.hanging.n
    desk./n > edited.edited.n
    desk./n > changing.changing.n
    flooding.{a,b,c} > changing.{x,y,z}
    edited.version > desk./version
    victim.out > desk./victim
    desk./n > driver.n
    driver.n > changing.driver
    """
SCRIPTS = {
    "probe.py": "import midimonster\ndef probe(value): midimonster.output('answer', value)\n",
    "idle.py": "",
    "victim.py": """
        import midimonster, os
        log = os.open("handled", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        def n(value):
            os.write(log, b"begin %d\\n" % round(value * 65536))
            midimonster.output("out", value)
            os.write(log, b"end %d\\n" % round(value * 65536))
        midimonster.interval(lambda: None, 5)
        """,
    "hanging.py": """
        def n(value):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
        """,
    "flooding.py": """
        import midimonster, threading
        def flood():
            n = 0
            while True:
                n += 1
                for name in "abc":
                    midimonster.output(name, n % 1000 / 1000)
        threading.Thread(target=flood, daemon=True).start()
        """,
    "leaking.py": """
        import midimonster
        kept = []
        midimonster.interval(lambda: kept.append(bytearray(1 << 20)), 10)
        """,
    "calling.py": """
        import midimonster, socket
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        def call():
            try:
                client.sendto(b"x", ("127.0.0.1", 9))
                print("it was sent")
            except PermissionError:  # what a gate says
                pass
            except OSError as error:
                print("wrong:", error)
        midimonster.interval(call, 20)
        """,
    "changing.py": "import midimonster\ndef n(value): pass\nmidimonster.interval(lambda: None, 10)\n",
}
EDITED = "import midimonster\ndef n(value): midimonster.output('version', {} / 65536)\n"


def probe(port, seconds, result):
    """Runs in its own process: sends at a steady rate, and notes how long each answer took."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        wire.bind(("127.0.0.1", port.bound))
        sent, took, wrong = {}, [], []
        begin = due = time.monotonic()
        n = 0
        while time.monotonic() < begin + seconds or (sent and time.monotonic() < begin + seconds + 30):
            now = time.monotonic()
            if now >= due and now < begin + seconds and len(sent) < WINDOW:
                n += 1
                due += 1 / RATE
                sent[n % 65536] = time.monotonic()
                wire.sendto(osc.encode("/probe", "f", [n % 65536 / 65536]), ("127.0.0.1", port.show))
            wire.settimeout(max(0.0001, min(due - now, 0.05)))
            with contextlib.suppress(TimeoutError):
                (_, _, (value,)), = osc.decode(wire.recv(1000))
                key = round(value * 65536)
                if not sent or key != next(iter(sent)):
                    wrong.append(key)
                if key in sent:
                    took.append((time.monotonic() - sent.pop(key)) * 1e6)
        took.sort()
        result.send((n, len(sent), wrong[:10], [round(took[min(int(len(took) * share), len(took) - 1)]) for share in (0.5, 0.99, 1)] if took else [0] * 3))


class Port:
    """The address to which a show sends, for the probe's process."""

    def __init__(self, wire):
        self.bound, self.show = wire.port, wire.show_port
        wire.close()


def measure(port, seconds):
    """Starts the probe. Returns a function that waits for the figures."""
    receiving, sending = multiprocessing.Pipe(False)
    process = multiprocessing.Process(target=probe, args=(port, seconds, sending))
    process.start()

    def end():
        n, lost, wrong, (p50, p99, longest) = receiving.recv()
        process.join()
        assert lost == 0, f"{lost} of {n} messages were not answered"
        assert not wrong, f"answers twice, or out of order: {wrong}"
        return {"messages": n, "p50": p50, "p99": p99, "max": longest}

    return process, end


class Trouble:
    """Disturbs the show, with each disturbance at its own interval."""

    def __init__(self, show):
        self.show, self.rng = show, random.Random(1)
        self.counts = dict.fromkeys(("kills", "fc-zygote", "fc-desk", "fc-driver", "hangs", "gates", "edits", "reads", "events"), 0)
        self.read, self.killed, self.pids, self.answers = 0, set(), {}, []
        self.variants = [dedent(CONFIG), dedent(CONFIG).replace("module = changing", "module = changing\nfiles = 100")
                         .replace("[map]", "[map]\nwire./extra > idle.idle.extra")]
        self.things = [[self.kill, 0.025, 0], [self.edit, 0.12, 0], [self.read_again, 0.35, 0], [self.play, 0.05, 0],
                       [lambda: self.kill_named("fc-zygote"), 5, time.monotonic() + 5],
                       [lambda: self.kill_named("fc-desk"), 7, time.monotonic() + 7],
                       [lambda: self.kill_named("fc-driver"), 2, time.monotonic() + 2],
                       [self.stop_driver, 20, time.monotonic() + 15],
                       [self.kill_gate, 3, time.monotonic() + 3]]

    def go_on(self):
        now = time.monotonic()
        for thing in self.things:
            if now >= thing[2]:
                thing[2] = now + thing[1]
                thing[0]()

    def kill(self):
        lines = self.show.log.lines
        for line in lines[self.read:]:
            if match := re.match(r"running \(pid (\d+)\)", line.message):
                self.pids[line.instance] = int(match[1])
        self.read = len(lines)
        pid = self.pids.get("victim")
        if pid in self.killed:
            return
        how = self.rng.choice(SIGNALS)
        if how == signal.SIGKILL:
            self.killed.add(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
            self.counts["kills"] += 1

    def kill_named(self, name):
        for pid in children(self.show.pid):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text() == name + "\n":
                    os.kill(pid, signal.SIGKILL)
                    self.counts[name] += 1

    def stop_driver(self):
        """It hangs; for long enough that the broker notices, nobody kills it."""
        found = named(self.show.pid, "fc-driver")
        if not found:  # it is about to be started again
            self.things[7][2] = time.monotonic() + 0.1
        for pid in found:
            os.kill(pid, signal.SIGSTOP)
            self.counts["hangs"] += 1
            self.things[6][2] = time.monotonic() + 8

    def kill_gate(self):
        for keeper in named(self.show.pid, "fc-keeper"):
            for pid in named(keeper, "fc-gate"):
                os.kill(pid, signal.SIGKILL)
                self.counts["gates"] += 1

    def edit(self):
        self.counts["edits"] += 1
        version = self.counts["edits"] % 65536
        path = self.show.folder / "edited.py"
        text = EDITED.format(version)
        how = self.rng.randrange(5)
        if how == 0:
            path.write_text(text.replace("def", "dfe"))
        elif how == 1:
            path.write_text(text[:self.rng.randrange(len(text))])
        elif how == 2:
            path.with_suffix(".new").write_text(text)
            path.with_suffix(".new").rename(path)
        else:
            path.write_text(text)

    def read_again(self):
        self.counts["reads"] += 1
        self.show.write("show.cfg", self.variants[self.counts["reads"] % 2])
        os.kill(self.show.pid, signal.SIGHUP)

    def play(self):
        self.counts["events"] += 1
        self.show.wire2.set("/n", self.counts["events"] % 65536 / 65536)
        self.listen()

    def listen(self):
        self.answers += [round(value * 65536) for value in self.show.wire2.waiting("/victim")]
        self.show.wire2.inbox.clear()

    def check_the_victim(self):
        """Each event was handled once and in order, and what it put out came once and in order. Only where a kill met the
        handler is an answer missing; and it can meet it before its first line."""
        sent = [number % 65536 for number in range(1, self.counts["events"] + 1)]
        until(lambda: self.listen() or sent[-1] in self.answers[-1000:] or sent[-1] in self.handled("begin")[-1000:], "the last event")
        until(lambda: self.listen() or is_part(self.handled("end"), self.answers), self.missing)
        begun, ended = self.handled("begin"), self.handled("end")
        never = len(sent) - len(begun)
        figures = f"of {len(sent)} events of the victim, {len(begun)} were begun, {len(ended)} ended, {len(self.answers)} answered"
        assert is_part(begun, sent) and is_part(self.answers, begun) and is_part(ended, self.answers), figures
        ends = len(self.show.log.matching("^worker ended", "victim"))  # each costs one event at most, that of its handler
        assert never >= 0 and len(sent) - len(ended) <= ends, f"{figures}; {ends} workers ended"
        return figures

    def missing(self):
        """Tells an answer that the show has lost from one that this socket had no room for."""
        ended = self.handled("end")
        first = next((at for at, number in enumerate(ended) if number not in self.answers), len(ended))
        dropped = re.search(rf"^ *\d+: [0-9A-F]+:{self.show.wire2.port:04X} .* (\d+)\s*$", Path("/proc/net/udp").read_text(), re.M)[1]
        return (f"of {len(ended)} handled events, {len(set(ended) - set(self.answers))} are not answered, first number {first}: "
                f"{ended[first - 3:first + 5]}, but {self.answers[max(0, first - 5):first + 5]}; the socket has dropped {dropped}")

    def handled(self, what):
        lines = (private_folder(self.show, "victim") / "handled").read_text().splitlines()
        return [int(number) for word, number in map(str.split, lines) if word == what]


def is_part(some, whole):
    """Whether these are in the other list, once each and in its order."""
    rest = iter(whole)
    return all(number in rest for number in some)


def usage(show):
    status = Path(f"/proc/{show.pid}/status").read_text()
    return {"memory": int(re.search(r"VmRSS:\s+(\d+)", status)[1]), "descriptors": descriptors(show.pid) or 0,
            "children": len(children(show.pid))}


def zombies(show):
    found = set()
    for pid in children(show.pid):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                found.add(pid)
    return found


def flat(samples, name, room):
    """The last quarter is like the second one."""
    quarter = len(samples) // 4
    before = [sample[name] for sample in samples[quarter:2 * quarter]]
    after = [sample[name] for sample in samples[-quarter:]]
    assert statistics.median(after) <= statistics.median(before) + room, f"{name} grows: {before} … {after}"
    return f"{statistics.median(before):g} -> {statistics.median(after):g}"


@only("user")
@pytest.mark.skipif(MINUTES <= 0, reason="FIRECURTAIN_SOAK_MINUTES is 0")
def test_the_probe_answers_everything_and_nothing_grows(play):
    instances = ("probe", "idle", "calling", "victim", "flooding", "leaking", "edited", "changing", "hanging")
    show = play(config=CONFIG, scripts={**SCRIPTS, "edited.py": EDITED.format(0)}, ready=instances)
    port = Port(show.wire)
    steady = {name: show.worker(name) for name in ("probe", "idle", "calling")}
    _, quiet = measure(port, QUIET_SECONDS)
    quiet = quiet()

    trouble, samples, dead = Trouble(show), [], [set()] * 8
    process, noisy = measure(port, 60 * MINUTES)
    next_sample = time.monotonic()
    while process.is_alive() and show.process.poll() is None:
        trouble.go_on()
        if time.monotonic() >= next_sample:
            next_sample = time.monotonic() + 0.5
            samples.append(usage(show))
            dead = [*dead[1:], zombies(show)]  # workers of a killed zygote are found after a second or two
            left = set.intersection(*dead)
            assert not left, [f"not reaped: {pid}\n" + Path(f"/proc/{pid}/status").read_text() for pid in left]
        time.sleep(0.005)
    noisy = noisy()
    assert show.process.poll() is None, f"the broker ended:\n{show.log}"

    print(f"\nsoak, {MINUTES:g} minutes: {trouble.counts}")
    print(f"round trip in us, quiet {quiet}, in trouble {noisy}: p99 x {noisy['p99'] / quiet['p99']:.1f}")
    print(trouble.check_the_victim())
    (show.folder / "edited.py").write_text(EDITED.format(4321))
    until(lambda: show.wire2.set("/n", 0.5) or 4321 in (round(version * 65536) for version in show.wire2.waiting("/version")),
          "the last version is not live")
    for name, pid in steady.items():
        assert show.worker(name) == pid and os.path.exists(f"/proc/{pid}"), f"{name} was touched"

    assert not show.log.matching("^wrong|^it was sent", "calling")
    assert trouble.counts["kills"] >= 20 * MINUTES, f"{trouble.counts}: the pid of the next victim was not seen"
    restarts = len(show.log.matching(r"^running \(pid \d+\)$", "victim")) - 1
    assert restarts >= trouble.counts["kills"] / 4, trouble.counts
    print(f"restarts of the victim: {restarts}")
    for cause in ("killed by SIGKILL", "killed: it has not answered for 5 s"):
        assert show.log.matching(f"^driver ended: {cause}; starting it again", "driver") or MINUTES < 0.5, cause
    for name, room in (("memory", 2048), ("descriptors", 10), ("children", 4)):
        print(f"{name}{' (kB)' if name == 'memory' else ''}: {flat(samples, name, room)}")


@pytest.mark.one_setting
def test_a_thousand_kills_in_a_row(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@

        [python probe]
        module = probe

        [python victim]
        module = idle
        restart-delay = 0

        [map]
        wire./probe > probe.probe.probe
        probe.answer > wire./answer
        """, scripts={name: SCRIPTS[name] for name in ("probe.py", "idle.py")}, ready=("probe", "victim"))
    steady, before = show.worker("probe"), usage(show)
    port = Port(show.wire)
    process, figures = measure(port, 5)
    position = 0
    for _ in range(1000):
        line = show.log.wait(r"^running \(pid \d+\)$", "victim", after=position)
        position = show.log.lines.index(line, position) + 1
        os.kill(int(re.search(r"\d+", line.message)[0]), signal.SIGKILL)
        if not process.is_alive():
            figures()
            process, figures = measure(port, 5)
    show.log.wait(r"^running \(pid \d+\)$", "victim", after=position)
    figures()
    assert len(show.log.matching("^worker ended: killed by SIGKILL", "victim")) == 1000
    assert show.worker("probe") == steady
    until(lambda: len(workers_of(show.pid)) == 2 and not zombies(show), "children are left")
    assert usage(show)["descriptors"] == before["descriptors"]
