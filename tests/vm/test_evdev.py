# SPDX-License-Identifier: BSD-2-Clause
"""evdev on a kernel with input devices: what is read and what is made, judged by devices and readers of python3-evdev.

The show runs as an ordinary account of the group `input`, as a user would have it; the driver is one of its processes.
"""

import contextlib
import grp
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import evdev
import pytest
from evdev import ecodes as e
from system import PATIENCE, until

FIRECURTAIN = os.environ.get("FIRECURTAIN_BIN", "firecurtain")
ACCOUNT = "stagehand"
RULE = 'KERNEL=="uinput", GROUP="input", MODE="0660", OPTIONS+="static_node=uinput"\n'  # docs/service.md has it
PEDAL = {e.EV_KEY: [e.KEY_A, e.KEY_B, e.BTN_SOUTH], e.EV_ABS: [(e.ABS_X, evdev.AbsInfo(0, -128, 127, 0, 0, 0))],
         e.EV_REL: [e.REL_X, e.REL_Y]}
SHOW = """
[osc wire]
bind = 127.0.0.1 {bind}
dest = 127.0.0.1 {dest}
[evdev pedal]
input = Test Pedal
relaxis.REL_X = 100 50
[evdev maker]
output = Test Maker
id = 0x1 0x2 0x3
axis.ABS_Y = 0 -128 127 0 0 0
relaxis.REL_X = 100 50
[loopback near]
[map]
pedal.EV_KEY.KEY_A > wire./a
pedal.EV_KEY.KEY_B > wire./b
pedal.EV_KEY.BTN_A > wire./south
pedal.EV_ABS.ABS_X > wire./x
pedal.EV_REL.REL_X > wire./rel
pedal.EV_REL.REL_Y > wire./sign
pedal.alive > wire./alive
wire./near > near.a
near.a > wire./near
wire./key > maker.EV_KEY.KEY_C
wire./y > maker.EV_ABS.ABS_Y
wire./move > maker.EV_REL.REL_X
"""


def osc(path, value):
    def padded(text):
        raw = text.encode() + b"\0"
        return raw + bytes(-len(raw) % 4)
    return padded(path) + padded(",f") + struct.pack(">f", value)


def read_osc(packet):
    path = packet[:packet.index(b"\0")].decode()
    return path, struct.unpack(">f", packet[-4:])[0]


class Show:
    """A show of the account, its log, and both ends of its OSC."""

    def __init__(self, folder, text, *options):
        self.inbox, self.folder = [], folder
        self.receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver.bind(("127.0.0.1", 0))
        self.receiver.setblocking(False)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "show.cfg").write_text(text.format(bind=self.port, dest=self.receiver.getsockname()[1]))
        self.log_path = folder / "log"
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "XDG_STATE_HOME": str(folder)}
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen([*self.account(), FIRECURTAIN, "run", folder / "show.cfg", *options], stderr=log, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, env=self.environment)

    @staticmethod
    def account():
        return ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups", "--"]

    def log(self):
        return self.log_path.read_text()

    def said(self, pattern, times=1):
        until(lambda: len(re.findall(pattern, self.log(), re.M)) >= times, f"{pattern}: {self.log()}")

    def count(self, pattern):
        return len(re.findall(pattern, self.log(), re.M))

    def send(self, path, value):
        self.receiver.sendto(osc(path, value), ("127.0.0.1", self.port))

    def take(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.inbox.append(read_osc(self.receiver.recv(4096)))

    def expect(self, path, value, tolerance=1e-6):
        """Waits for a value; what came before it is gone."""
        def found():
            self.take()
            for i, (name, got) in enumerate(self.inbox):
                if name == path and abs(got - value) <= tolerance:
                    del self.inbox[:i + 1]
                    return True
            return False
        until(found, lambda: f"no {path} {value}: {self.inbox}\n{self.log()}")

    def answers(self):
        """The rest of the show is alive. Sent again until it answers, since the port may not be open yet."""
        value = time.monotonic() % 1

        def answered():
            self.send("/near", value)
            time.sleep(0.05)
            self.take()
            return any(path == "/near" and abs(got - value) < 1e-6 for path, got in self.inbox)
        until(answered, lambda: f"the show does not answer: {self.log()}")

    def status(self):
        """What `status` says, as soon as there is a control socket."""
        def asked():
            return subprocess.run([*self.account(), FIRECURTAIN, "status", "--json"], env=self.environment, text=True, stdout=subprocess.PIPE).stdout
        told = until(asked, lambda: f"no status: {self.log()}")
        return {each["name"]: each for each in json.loads(told)}

    def driver(self, name):
        return until(lambda: self.status()[name].get("pid"), f"{name} has no driver")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, self.log()
        self.receiver.close()


@pytest.fixture(scope="module", autouse=True)
def machine():
    """An account of the group `input`, uinput as docs/service.md sets it up, and devices that udev has seen."""
    subprocess.run(["useradd", "--create-home", "--groups", "input", ACCOUNT], check=True)
    Path("/etc/udev/rules.d/70-uinput.rules").write_text(RULE)
    subprocess.run(["udevadm", "control", "--reload"], check=True)
    subprocess.run(["modprobe", "-a", "evdev", "uinput"], check=True)
    subprocess.run(["udevadm", "trigger", "--settle", "/dev/uinput"], check=True)
    assert Path("/dev/uinput").stat().st_gid == grp.getgrnam("input").gr_gid
    yield
    subprocess.run(["userdel", "--remove", ACCOUNT], check=False)


@pytest.fixture
def play():
    shows = []

    def start(text=SHOW, *options):
        folder = Path(f"/home/{ACCOUNT}/show")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.chown(folder, ACCOUNT, ACCOUNT)
        shows.append(Show(folder, text, *options))
        return shows[-1]

    yield start
    for show in shows:
        if show.process.poll() is None:
            show.process.kill()
            show.process.wait()


def pedal(name="Test Pedal"):
    return evdev.UInput(PEDAL, name=name)


class Reader(evdev.InputDevice):
    def __init__(self, path):
        super().__init__(path)
        self.unread = []  # what came behind an event that was waited for


def made(name="Test Maker"):
    """The device that the show has made, as a reader opens it."""
    def find():
        for path in evdev.list_devices():
            with contextlib.suppress(OSError):
                device = Reader(path)
                if device.name == name:
                    return device
                device.close()
        return None
    return until(find, f"there is no device {name}")


def read(device, *events):
    """Waits for events, each as its kind, code and value, right after one another; what came before them is gone."""
    unread, wanted = device.unread, list(events)

    def found():
        with contextlib.suppress(BlockingIOError):
            unread.extend((event.type, event.code, event.value) for event in device.read())
        for at in range(len(unread)):
            if unread[at:at + len(wanted)] == wanted:
                del unread[:at + len(wanted)]
                return True
        return False
    until(found, lambda: f"no events {wanted}: {unread}")


def press(device, kind, code, value):
    device.write(kind, code, value)
    device.syn()


def test_what_a_device_says(play):
    """Missing at start, there, gone in the show with a key down, and back; each is said once and is a channel."""
    show = play()
    show.said(r'the device "Test Pedal" is not there; waiting for it')
    show.expect("/alive", 0)
    show.answers()
    assert show.status()["pedal"]["state"] == "down" and show.status()["pedal"]["detail"] == 'waiting for "Test Pedal"'
    with contextlib.closing(pedal("Test Ped")), contextlib.closing(pedal("Test Pedal, the longer one")) as longer:
        show.expect("/alive", 1)
        press(longer, e.EV_KEY, e.KEY_A, 1)
        show.expect("/a", 1)
    show.expect("/a", 0)  # nobody else would let go of it
    show.expect("/alive", 0)
    show.said(r'the device "Test Pedal, the longer one" is gone; waiting until it is back')

    device = pedal()
    show.expect("/alive", 1)
    assert show.status()["pedal"]["state"] == "running" and show.status()["pedal"]["detail"] == 'reads "Test Pedal"'
    press(device, e.EV_KEY, e.KEY_B, 1)
    show.expect("/b", 1)
    press(device, e.EV_KEY, e.KEY_B, 2)  # a repetition, which is none of ours
    press(device, e.EV_KEY, e.KEY_B, 0)
    show.expect("/b", 0)
    assert not [value for path, value in show.inbox if path == "/b"]
    press(device, e.EV_KEY, e.BTN_SOUTH, 1)
    show.expect("/south", 1)
    for position, value in ((127, 1), (-128, 0), (0, 128 / 255)):
        press(device, e.EV_ABS, e.ABS_X, position)
        show.expect("/x", value)
    for movement, value in ((25, 0.75), (-50, 0.25), (1000, 1), (-1000, 0)):
        press(device, e.EV_REL, e.REL_X, movement)
        show.expect("/rel", value)
    press(device, e.EV_REL, e.REL_Y, -3)
    show.expect("/sign", 0)
    press(device, e.EV_REL, e.REL_Y, 3)
    show.expect("/sign", 1)

    # a reader that comes late: the kernel has dropped events, and the state counts
    driver = show.driver("pedal")
    os.kill(driver, 19)
    for n in range(4000):
        press(device, e.EV_ABS, e.ABS_X, n % 2)
        press(device, e.EV_REL, e.REL_Y, 1)
    press(device, e.EV_KEY, e.KEY_A, 1)
    press(device, e.EV_ABS, e.ABS_X, 100)
    os.kill(driver, 18)
    show.expect("/a", 1)
    show.expect("/x", 228 / 255)
    show.answers()

    # a driver that is killed is replaced, and reads on
    os.kill(driver, 9)
    show.said("driver ended: killed by SIGKILL")
    until(lambda: show.status()["pedal"].get("pid") not in (None, driver), "no other driver")
    until(lambda: show.status()["pedal"]["state"] == "running", "it is not up again")
    press(device, e.EV_ABS, e.ABS_X, -128)
    show.expect("/x", 0)
    device.close()
    show.expect("/alive", 0)
    assert show.count("is not there; waiting for it") == 1 and show.count("is gone; waiting") == 2, show.log()
    show.stop()


def test_what_a_show_makes(play):
    show = play()
    device = made()
    assert (device.info.vendor, device.info.product, device.info.version) == (1, 2, 3)
    assert device.absinfo(e.ABS_Y).max == 127
    until(lambda: show.status()["maker"]["state"] == "running", "it is not up")
    show.answers()
    show.send("/key", 1)
    read(device, (e.EV_KEY, e.KEY_C, 1), (e.EV_SYN, e.SYN_REPORT, 0))
    show.send("/key", 0.9)
    read(device, (e.EV_KEY, e.KEY_C, 0))
    show.send("/y", 1)
    read(device, (e.EV_ABS, e.ABS_Y, 127))
    show.send("/y", 0)
    read(device, (e.EV_ABS, e.ABS_Y, -128))
    show.send("/move", 0.75)
    read(device, (e.EV_REL, e.REL_X, 25))
    show.send("/move", 0.25)
    read(device, (e.EV_REL, e.REL_X, -50))

    # a new configuration has another key, with which the device is made anew
    config = show.folder / "show.cfg"
    config.write_text(config.read_text() + "wire./more > maker.EV_KEY.KEY_D\n")
    subprocess.run([*show.account(), FIRECURTAIN, "reload"], env=show.environment, check=True)

    def renewed():
        with contextlib.closing(made()) as found:
            return e.KEY_D in found.capabilities()[e.EV_KEY]
    until(renewed, "the device has no new key")
    device.close()
    device = made()
    show.send("/more", 1)
    read(device, (e.EV_KEY, e.KEY_D, 1))

    # its driver is killed with a key down: nobody sees it down for ever, and the next one presses it again
    os.kill(show.driver("maker"), 9)
    read_to_the_end(device, [])
    device.close()
    until(lambda: show.count("makes the device") >= 3, "it is not made again")
    device = made()
    until(lambda: e.KEY_D in device.active_keys(), "the key is not down")
    came = []
    reader = threading.Thread(target=read_to_the_end, args=(device, came))
    reader.start()
    show.process.terminate()
    assert show.process.wait(PATIENCE) == 0
    reader.join()
    assert (e.EV_KEY, e.KEY_D, 0) in came, f"a program that has it open is not told that the key is up: {came}"
    device.close()
    until(lambda: not [path for path in evdev.list_devices() if evdev.InputDevice(path).name == "Test Maker"], "it is left behind")


def read_to_the_end(device, came):
    """Reads until the device is gone. Appends what came until then."""
    with contextlib.suppress(OSError):
        came.extend((event.type, event.code, event.value) for event in device.read_loop())


def test_what_status_watch_get_and_a_recording_have_of_a_device(play):
    show = play(SHOW, "--record", f"/home/{ACCOUNT}/evdev.rec")

    def asked(verb, *words):
        return subprocess.run([*show.account(), FIRECURTAIN, verb, *words], env=show.environment, check=True, text=True, stdout=subprocess.PIPE).stdout

    with contextlib.closing(pedal()) as device:
        show.expect("/alive", 1)
        with subprocess.Popen([*show.account(), FIRECURTAIN, "watch", "pedal.EV_ABS.*"], env=show.environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as watch:
            assert "waiting" in watch.stderr.readline()
            press(device, e.EV_ABS, e.ABS_X, 127)
            assert watch.stdout.readline().split() == ["pedal.EV_ABS.ABS_X", "1"]
            watch.kill()
        assert [each["value"] for each in json.loads(asked("get", "--json", "pedal.EV_ABS.ABS_X"))] == [1]
        assert show.status()["pedal"]["in"] >= 2
        show.stop()
    recorded = asked("record", "--print", f"/home/{ACCOUNT}/evdev.rec")
    assert re.search(r" input pedal\.EV_ABS\.ABS_X 1(\.0*)?$", recorded, re.M), recorded


def test_only_the_named_device_and_to_itself(play):
    """Exclusive: other readers get nothing; one that another program has is said once, and taken when it is free."""
    with contextlib.closing(pedal()) as device, contextlib.closing(pedal("Another")) as another:
        with contextlib.closing(evdev.InputDevice(device.device.path)) as reader:
            reader.grab()
            show = play("[backend evdev]\ndetect = on" + SHOW.replace("input = Test Pedal", "input = Test Pedal\nexclusive = 1"))
            show.said("another program has /dev/input/event[0-9]+ to itself; trying again until it can be had")
            show.answers()
            reader.ungrab()
            show.expect("/alive", 1)
            press(another, e.EV_KEY, e.KEY_A, 1)
            press(device, e.EV_KEY, e.KEY_B, 1)
            show.expect("/b", 1)
            show.said("pedal incoming: pedal.EV_KEY.KEY_B = 1.000")
            show.take()
            assert not [path for path, _ in show.inbox if path == "/a"]
            with pytest.raises(BlockingIOError):
                list(reader.read())
            assert show.count("another program has") == 1
            show.stop()


def test_what_is_not_permitted_is_said_with_what_to_do(play):
    """Without uinput, and then with it: by another driver, since the first was confined when it was missing."""
    subprocess.run(["modprobe", "-r", "uinput"], check=True)
    hidden = Path("/dev/uinput.hidden")
    if Path("/dev/uinput").exists():  # a static node
        Path("/dev/uinput").rename(hidden)
    try:
        show = play()
        show.said(r"maker cannot start: there is no /dev/uinput: the module is not loaded \(modprobe uinput\)")
        show.answers()
        time.sleep(3)
        assert show.count("cannot start") == 1 and show.count("driver ended") == 0, show.log()
    finally:
        if hidden.exists():
            hidden.rename("/dev/uinput")
        subprocess.run(["modprobe", "uinput"], check=True)
    subprocess.run(["udevadm", "trigger", "--settle", "/dev/uinput"], check=True)
    show.said('makes the device "Test Maker"')
    os.chmod("/dev/uinput", 0o600)
    try:
        os.kill(show.driver("maker"), 9)
        show.said("maker cannot start: /dev/uinput may not be opened: it has to belong to the group input")
    finally:
        os.chmod("/dev/uinput", 0o660)
    show.said('makes the device "Test Maker"', 2)
    show.stop()


def test_a_driver_sees_only_its_devices(play):
    show = play()
    root = Path(f"/proc/{show.driver('maker')}/root")
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == ["dev", "dev/uinput"]
    root = Path(f"/proc/{show.driver('pedal')}/root")
    assert sorted(os.listdir(root)) == ["dev"] and os.listdir(root / "dev") == ["input"]
    show.stop()


def test_as_root_the_driver_keeps_the_group_and_nothing_else():
    """The service of a machine whose broker root starts: its driver is the workers' account, and in the group `input`."""
    folder = Path("/var/tmp/rooted")
    folder.mkdir()
    (folder / "show.cfg").write_text("[evdev maker]\noutput = Of root\n[loopback near]\n[map]\nnear.a > maker.EV_KEY.KEY_C\n")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([FIRECURTAIN, "run", "--runtime-dir", folder / "run", folder / "show.cfg"], stderr=log, stdin=subprocess.DEVNULL)
    try:
        device = made("Of root")
        device.close()
        pid = int(re.search(r"driver running \(pid (\d+)\)", (folder / "log").read_text())[1])
        facts = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        assert facts["Groups"].split() == [str(grp.getgrnam("input").gr_gid)] and "0" not in facts["Uid"].split()
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0, (folder / "log").read_text()


def test_the_example_of_evdev(play):
    show = play((Path(__file__).parents[2] / "examples/evdev/evdev.cfg").read_text().replace("8000", "{bind}").replace("9000", "{dest}")
                + "[loopback near]\n[map]\ndesk./near > near.a\nnear.a > desk./near\n")
    with contextlib.closing(pedal("PCsensor FootSwitch Keyboard")) as device:
        show.expect("/pedal", 1)
        press(device, e.EV_KEY, e.KEY_B, 1)
        show.expect("/cue/go", 1)
        slides = made("Stage slides")
        show.answers()
        show.send("/next", 1)
        read(slides, (e.EV_KEY, e.KEY_PAGEDOWN, 1))
    show.expect("/pedal", 0)
    show.stop()


def test_the_folder_goes_with_its_last_device(play):
    """As on a machine without any other input device: the next one is in a new folder, which the driver was not confined to."""
    show = play()
    with contextlib.closing(pedal()):
        show.expect("/alive", 1)
    show.expect("/alive", 0)
    for path in sorted(Path("/dev/input").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    Path("/dev/input").rmdir()
    show.said("pedal cannot start: there is no /dev/input: this machine has no input devices")
    show.answers()
    with contextlib.closing(pedal()) as device:
        show.expect("/alive", 1)
        press(device, e.EV_KEY, e.KEY_B, 1)
        show.expect("/b", 1)
    assert show.count("driver ended") == 0 and show.count("pedal cannot start") == 1, show.log()
    show.stop()
