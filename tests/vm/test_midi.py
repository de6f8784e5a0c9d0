# SPDX-License-Identifier: BSD-2-Clause
"""MIDI on a kernel with a sequencer, as an account of the group audio: aseqdump and the device's other end are the judges."""

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from system import PATIENCE, run, until

ACCOUNT = "singer"
PROGRAMS = Path("/tmp/programs")  # where the account can reach them
PROGRAM = PROGRAMS / "broker/firecurtain"
FOLDER = Path("/tmp/midi")
SEQUENCER = Path("/dev/snd/seq")
DEVICE = Path("/dev/snd/midiC0D0")  # what is written there comes from the device "VirMIDI 0-0"
CARD, CARD_NAME = Path("/sys/bus/platform/drivers/snd_virmidi"), "snd_virmidi.0"
CONFIG = """
[midi keys]
read = VirMIDI 0-0
write = Virtual Raw MIDI 0-0
[midi real]
note-off = on
epn-tx = short
[midi guest]
write = aseqdump
[loopback to]
[loopback seen]
[map]
keys.ch{0..1}.cc{7..8} > seen.cc{1..4}
keys.ch0.note60 > seen.note
keys.ch0.pitch > seen.pitch
keys.ch0.nrpn900 > seen.nrpn
keys.ch2.cc7+39 > seen.pair
keys.clock > seen.clock
keys.start > seen.start
keys.stop > seen.stop
keys.continue > seen.continue
keys.position > seen.position
keys.ch0.aftertouch > seen.aftertouch
keys.ch0.pressure60 > seen.pressure
keys.ch0.program > seen.program
keys.ch0.rpn0 > seen.rpn
keys.mmc.play > seen.play
keys.mmc.stop > seen.halt
keys.sysex.7d01xx > seen.sysex
keys.msc.go.12 > seen.go
keys.timecode.minutes > seen.minutes
keys.alive > seen.alive
to.fader > keys.ch3.cc1
to.note > keys.ch3.note60
to.pitch > keys.ch3.pitch
to.nrpn > keys.ch3.nrpn900
to.pair > keys.ch3.cc7+39
to.sysex > keys.sysex.7d02xx
to.start > keys.start
to.stop > keys.stop
to.continue > keys.continue
to.position > keys.position
to.aftertouch > keys.ch3.aftertouch
to.pressure > keys.ch3.pressure60
to.program > keys.ch3.program
to.rpn > keys.ch3.rpn0
to.real > real.ch4.note60
to.nrpn > real.ch4.nrpn900
to.guest > guest.ch5.cc9
to.once > guest.start
guest.alive > seen.guest
"""

OUTPUTS = (  # channel, value, what aseqdump says of it, and the bytes at the device
    ("aftertouch", 0.5, r"Channel aftertouch +3, value 64", "d340"),
    ("pressure", 0.25, r"Polyphonic aftertouch +3, note 60, value 32", "a33c20"),
    ("program", 5 / 127, r"Program change +3, program 5$", "c305"),
    ("stop", 1, "Stop", "fc"),
    ("continue", 1, "Continue", "fb"),
    ("position", 130 / 16383, r"Song position pointer +value 130$", "f20201"),
)


def as_account(*words):
    return ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups", "--", *map(str, words)]


class Show:
    """The show of the account."""

    def __init__(self, text=CONFIG, *options):
        (FOLDER / "show.cfg").write_text(text)
        self.log = (FOLDER / "log").open("w+")
        self.process = subprocess.Popen(as_account(PROGRAM, "run", "--runtime-dir", FOLDER / "run", FOLDER / "show.cfg", *options), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, env={"PATH": "/usr/bin:/bin", "HOME": str(FOLDER)})
        until(lambda: self.command("status", check=False).returncode == 0 or self.process.poll() is not None, "no status")
        assert self.process.poll() is None, self.text()

    def command(self, verb, *words, check=True):
        return run(*as_account(PROGRAM, verb, "--runtime-dir", FOLDER / "run", *words), check=check)

    def text(self):
        return (FOLDER / "log").read_text()

    def wait(self, pattern, n=1):
        until(lambda: len(re.findall(pattern, self.text(), re.M)) >= n, f"not {n} times {pattern} in the log:\n{self.text()}")

    def status(self, name):
        return {each["name"]: each for each in json.loads(self.command("status", "--json").stdout)}[name]

    def emit(self, channel, value):
        self.command("emit", channel, value)

    def value(self, channel):
        """What a channel of `seen` was set to last."""
        (found,) = json.loads(self.command("get", "--json", f"seen.{channel}").stdout)
        return found.get("value")

    def sees(self, channel, value):
        until(lambda: self.value(channel) is not None and abs(self.value(channel) - value) < 1e-5,
              f"{channel} is not {value}: {self.log.name}")

    def driver(self, name):
        return self.status(name)["pid"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.text()
        self.log.close()


class Dump:
    """aseqdump, connected to a port: the lines that it prints."""

    def __init__(self, *port):
        self.process = subprocess.Popen(["stdbuf", "-oL", "aseqdump", *port], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.until("Waiting for data")

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def until(self, *patterns):
        """Waits for lines with these patterns, in this order, and forgets what came up to the last."""
        wanted, at = list(patterns), 0

        def came():
            nonlocal at
            while at < len(self.lines) and wanted:
                if re.search(wanted[0], self.lines[at]):
                    del wanted[0]
                at += 1
            return not wanted

        deadline = time.monotonic() + PATIENCE
        while not came():
            assert time.monotonic() < deadline, f"not {wanted} in:\n" + "\n".join(self.lines)
            time.sleep(0.1)
        del self.lines[:at]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class Raw:
    """The other end of the device: the bytes that are sent to it."""

    def __init__(self):
        self.descriptor = os.open(DEVICE, os.O_RDONLY | os.O_NONBLOCK)
        self.bytes = self.read()  # from the first time on the device keeps what comes

    def read(self):
        with contextlib.suppress(BlockingIOError):
            return os.read(self.descriptor, 4096)
        return b""

    def until(self, message):
        """Waits for a message, and forgets what came up to it. A status may be left out if it is that of the message before."""
        wanted = [bytes.fromhex(message)]
        if wanted[0][0] < 0xf0:
            wanted.append(wanted[0][1:])

        def came():
            self.bytes += self.read()
            return next((each for each in wanted if each in self.bytes), None)

        found = until(came, lambda: f"not {message} in {self.bytes.hex()}")
        self.bytes = self.bytes.partition(found)[2]

    def close(self):
        os.close(self.descriptor)


def play(*messages):
    """The device sends messages; there is nobody to connect until its node is there."""
    until(DEVICE.exists, "the device has no node")
    with DEVICE.open("wb", buffering=0) as device:
        for message in messages:
            device.write(bytes.fromhex(message))


def unplug():
    """As a device that is pulled out, whoever is connected to it: the card goes, the module stays."""
    (CARD / "unbind").write_text(CARD_NAME)


def plug():
    run("modprobe", "snd-virmidi", "midi_devs=2")
    if not (CARD / CARD_NAME).exists():
        (CARD / "bind").write_text(CARD_NAME)


def unload(module):
    """Removes a module and those that use it. Returns whether it is gone."""
    for user in Path(f"/sys/module/{module}/holders").glob("*"):
        unload(user.name)
    run("modprobe", "-r", module, check=False)
    return not Path(f"/sys/module/{module}").exists()


@pytest.fixture(scope="module", autouse=True)
def account():
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        run("useradd", "--groups", "audio", ACCOUNT)
    for part in ("broker", "worker"):
        shutil.copytree(Path("/payload/build") / part, PROGRAMS / part, dirs_exist_ok=True)
    run("chmod", "-R", "a+rX", PROGRAMS)
    FOLDER.mkdir(exist_ok=True)
    os.chown(FOLDER, pwd.getpwnam(ACCOUNT).pw_uid, pwd.getpwnam(ACCOUNT).pw_gid)
    run("modprobe", "snd-seq")
    plug()


@pytest.fixture
def show():
    plug()
    with contextlib.ExitStack() as stack:
        playing = Show()
        stack.callback(playing.stop)
        playing.wait(r"keys reading from the MIDI device \"VirMIDI 0-0\" \(\d+:0\)$")
        playing.wait(r"keys writing to the MIDI device \"Virtual Raw MIDI 0-0\" \(\d+:0\)$")
        yield playing


def test_what_the_device_plays(show):
    play("b0077f", "b10840", "903c7f", "e00040")
    show.sees("cc1", 1)
    show.sees("cc4", 64 / 127)
    show.sees("note", 1)
    show.sees("pitch", 0.5)
    play("803c7f", "e07f7f")
    show.sees("note", 0)
    show.sees("pitch", 1)
    play("b06307", "b06204", "b00640", "b02601")
    show.sees("nrpn", (64 * 128 + 1) / 16383)
    play("b20740", "b22702")
    show.sees("pair", (64 * 128 + 2) / 16383)
    play("d040", "a03c20", "c005", "b06500", "b06400", "b00640", "b02601")
    show.sees("aftertouch", 64 / 127)
    show.sees("pressure", 32 / 127)
    show.sees("program", 5 / 127)
    show.sees("rpn", (64 * 128 + 1) / 16383)
    play("fc", "fb", "f20201", "f07f7f0602f7", "f07f7f0601f7")
    show.sees("stop", 1)
    show.sees("continue", 1)
    show.sees("position", 130 / 16383)
    show.sees("play", 1)
    show.sees("halt", 1)
    play("f07d0140f7", "f07f7f0201013132f7", "f07f7f010100050000f7", "fa")
    show.sees("sysex", 64 / 127)
    show.sees("go", 1)
    show.sees("minutes", 5 / 255)
    show.sees("start", 1)
    before = len(show.text().splitlines())
    play(*["f8"] * 96, "fe")
    show.sees("clock", 23 / 24)
    assert len(show.text().splitlines()) == before, "ticks are in the log:\n" + show.text()
    assert show.status("keys")["malformed"] == 0
    assert show.status("keys")["detail"] == "connected to VirMIDI 0-0, Virtual Raw MIDI 0-0"


def test_what_the_show_plays(show):
    keys, real, raw = Dump("-p", "firecurtain-keys:0"), Dump("-p", "firecurtain-real:0"), Raw()
    try:
        show.emit("to.fader", 0.5)
        keys.until(r"Control change +3, controller 1, value 64")
        show.emit("to.note", 1)
        keys.until(r"Note on +3, note 60, velocity 127")
        show.emit("to.pitch", 0.5)
        keys.until(r"Pitch bend +3, value 0$")
        show.emit("to.nrpn", 0.5)
        keys.until("controller 99, value 7", "controller 98, value 4", "controller 6, value 64", "controller 38, value 0",
                   "controller 101, value 127", "controller 100, value 127")
        show.emit("to.pair", 1)
        keys.until("controller 7, value 127", "controller 39, value 127")
        show.emit("to.sysex", 1)
        keys.until(r"System exclusive +F0 7D 02 7F F7")
        show.emit("to.start", 1)
        keys.until(r"Start")
        for channel, value, line, message in OUTPUTS:
            show.emit(f"to.{channel}", value)
            keys.until(line)
            raw.until(message)
        show.emit("to.rpn", 0.5)
        keys.until("controller 101, value 0", "controller 100, value 0", "controller 6, value 64", "controller 38, value 0",
                   "controller 101, value 127", "controller 100, value 127")
        for message in ("b36500", "b36400", "b30640", "b32600", "b3657f", "b3647f"):
            raw.until(message)
        show.emit("to.real", 1)
        real.until("controller 99, value 7", "controller 98, value 4", "controller 6, value 64", "controller 38, value 0", "Note on +4, note 60")
        show.emit("to.real", 0)
        real.until(r"Note off +4, note 60, velocity 64")  # a real one has a velocity
        show.emit("to.real", 1)
        real.until(r"Note on +4, note 60")
        show.command("stop", "real")
        real.until(r"Note off +4, note 60, velocity 64")
        show.command("stop", "keys")
        keys.until(r"Note off +3, note 60")
    finally:
        keys.close()
        real.close()
        raw.close()


def test_what_status_watch_get_and_a_recording_have_of_a_device():
    plug()
    recording = FOLDER / "midi.rec"
    show = Show(CONFIG, "--record", recording)
    show.wait(r"keys reading from the MIDI device")
    try:
        with subprocess.Popen(as_account(PROGRAM, "watch", "--runtime-dir", FOLDER / "run", "keys.ch0.cc*"), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as watch:
            assert "waiting" in watch.stderr.readline()
            play("b0077f")
            assert watch.stdout.readline().split() == ["keys.ch0.cc7", "1"]
            watch.kill()
        assert json.loads(show.command("get", "--json", "keys.ch0.cc7").stdout)[0]["value"] == 1
        assert show.status("keys")["in"] >= 1
    finally:
        show.stop()
    recorded = run(PROGRAM, "record", "--print", recording).stdout
    assert re.search(r" input keys\.ch0\.cc7 1(\.0*)?$", recorded, re.M), recorded


def test_the_device_goes_and_comes_back(show):
    show.sees("alive", 1)
    for n in range(2):
        unplug()
        show.sees("alive", 0)
        show.wait(r"keys the MIDI device \"VirMIDI 0-0\" has gone; it is connected again when it is back", n + 1)
        told = show.status("keys")
        assert told["state"] == "down" and told["detail"] == "not there: VirMIDI 0-0, Virtual Raw MIDI 0-0", told
        assert show.status("real")["state"] == "running"
        plug()
        show.sees("alive", 1)
        play("b0073f" if n else "b00740")
        show.sees("cc1", (0x3f if n else 0x40) / 127)
        assert show.status("keys")["state"] == "running"
    assert len(re.findall(r"device \"VirMIDI 0-0\" ", show.text())) == 5, show.text()  # found three times, lost twice


def test_a_device_that_comes_gets_what_was_set_before(show):
    show.wait(r"guest the MIDI device \"aseqdump\" is not there; it is connected when it appears")
    show.sees("guest", 0)
    show.emit("to.guest", 0.75)
    show.emit("to.once", 1)
    for _ in range(2):
        guest = Dump()
        try:
            guest.until(r"Control change +5, controller 9, value 95")
            show.sees("guest", 1)
            show.emit("to.guest", 0.5)
            guest.until(r"controller 9, value 64")
            assert not [line for line in guest.lines if "Start" in line], "what happened once happens again"
            show.emit("to.guest", 0.75)
            guest.until(r"controller 9, value 95")
        finally:
            guest.close()
        show.sees("guest", 0)
    show.wait(r"guest the MIDI device \"aseqdump\" has gone; it is connected again when it is back", 2)


def test_a_driver_that_dies_is_replaced_and_sends_again(show):
    before = show.driver("keys")
    show.emit("to.fader", 0.25)
    show.emit("to.start", 1)
    other = show.driver("real")
    os.kill(before, signal.SIGKILL)
    until(lambda: show.status("keys")["state"] == "running" and show.driver("keys") not in (before, 0, None), "no other driver")
    show.wait("reading from the MIDI device", 2)
    play("b00711")
    show.sees("cc1", 0x11 / 127)
    assert show.driver("real") == other, "it is another's business"
    heard = Dump("-p", "firecurtain-keys:0")
    try:
        show.emit("to.fader", 0.5)
        heard.until(r"Control change +3, controller 1, value 64")
    finally:
        heard.close()


@pytest.mark.parametrize("is_held", [False, True])
def test_a_flood_is_counted_or_taken_whole(show, is_held):
    """Each message is an event of its own, which `in` counts; if one is missing, there is an overrun that says so, of one message at least."""
    before, driver = show.status("keys")["in"], show.driver("keys")
    sent = 0

    def ends():
        nonlocal sent
        if show.value("cc3") == pytest.approx(0x55 / 127):
            return True
        device.write(bytes.fromhex("b10755"))  # the first may be one of those that are lost
        sent += 1
        return False

    with DEVICE.open("wb", buffering=0) as device:
        if is_held:  # the kernel keeps 2000 messages for it
            os.kill(driver, signal.SIGSTOP)
        for n in range(50 if is_held else 200):
            device.write(bytes.fromhex(f"b007{n % 128:02x}") * 50)
            sent += 50
        os.kill(driver, signal.SIGCONT)
        until(ends, show.text)
    show.emit("to.fader", 0.5)
    taken = -1
    while taken != (taken := show.status("keys")["in"] - before):
        time.sleep(1)
    told = show.status("keys")
    lost = re.search(r"; input was lost (\d+) times$", told["detail"])
    assert lost or not is_held, told
    assert taken == sent if lost is None else taken <= sent - int(lost[1]), (sent, told)
    assert told["malformed"] == 0 and (len(re.findall("messages were lost", show.text())) > 0) == (lost is not None), told
    assert len(re.findall("messages were lost", show.text())) <= 60, "once a second at most"
    assert show.driver("keys") == driver


def test_a_show_without_a_sequencer_waits_for_it():
    unplug()
    until(lambda: unload("snd_virmidi") and unload("snd_seq"), lambda: f"the sequencer stays: {run('lsmod').stdout}")
    SEQUENCER.unlink(missing_ok=True)  # systemd makes it for a module that is not loaded
    show = Show()
    try:
        show.wait(r"keys cannot start: this machine has no ALSA sequencer \(/dev/snd/seq\); as root: modprobe snd-seq")
        show.sees("alive", 0)
        assert show.status("keys")["state"] == "down" and show.status("seen")["state"] == "running"
        run("modprobe", "snd-seq")
        plug()
        show.sees("alive", 1)
        play("b00722")
        show.sees("cc1", 0x22 / 127)
        assert len(re.findall("keys cannot start: this machine", show.text())) == 1, show.text()
    finally:
        show.stop()


def test_an_account_without_the_group_is_told():
    run("gpasswd", "-d", ACCOUNT, "audio")
    try:
        show = Show()
        try:
            show.wait(r"keys cannot start: /dev/snd/seq may not be opened: the account has to be in the group audio")
            assert show.status("seen")["state"] == "running"
        finally:
            show.stop()
    finally:
        run("usermod", "-aG", "audio", ACCOUNT)
