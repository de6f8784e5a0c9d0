# SPDX-License-Identifier: BSD-2-Clause
"""Art-Net with OLA at the other end of a network: it sends only to nodes that answered its polls, and is found by ours."""

import os
import shutil
import signal
import subprocess

import pytest
from waiting import until

pytestmark = [pytest.mark.skipif(not shutil.which("olad"), reason="needs olad, which the package ola has"),
              pytest.mark.skipif(os.getuid() != 0, reason="needs root, for two networks that are joined")]

OTHERS = ("dummy e131 espnet ftdidmx gpio karate kinet milinst nanoleaf opendmx openpixelcontrol osc pathport renard sandnet shownet spi "
          "stageprofi uartdmx usbdmx usbpro usbserial").split()
SHOW = """
[backend artnet]
bind = 0.0.0.0
broadcast = 10.9.0.255
[artnet from-ola]
universe = 1
[artnet to-ola]
universe = 2
destination = auto
[map]
from-ola.1 > to-ola.4
"""


class Networks:
    """Two networks with a cable between them: `ours` has 10.9.0.1, `theirs` has 10.9.0.2."""

    def __init__(self):
        self.names = [f"fc{os.getpid()}{side}" for side in "ab"]
        self.running = []
        for name in self.names:
            self.ip("netns", "add", name)
        self.ip("link", "add", "cable", "netns", self.names[0], "type", "veth", "peer", "name", "cable", "netns", self.names[1])
        for n, name in enumerate(self.names, 1):
            self.ip("-n", name, "addr", "add", f"10.9.0.{n}/24", "broadcast", "+", "dev", "cable")
            for device in ("lo", "cable"):
                self.ip("-n", name, "link", "set", device, "up")
        self.ours = ["ip", "netns", "exec", self.names[0]]
        self.theirs = ["ip", "netns", "exec", self.names[1], "setpriv", "--reuid=nobody", "--clear-groups"]

    @staticmethod
    def ip(*arguments):
        subprocess.run(["ip", *arguments], check=True)

    def start(self, *command, **how):
        self.running.append(subprocess.Popen(command, start_new_session=True, **how))
        return self.running[-1]

    def end(self):
        for process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False)


@pytest.fixture
def networks():
    made = Networks()
    yield made
    made.end()


@pytest.fixture
def ola(networks, stage):
    """Starts olad with Art-Net alone; returns what runs one of its tools, and gives their output."""
    folder = stage.path / "ola"
    folder.mkdir()
    for name in OTHERS:
        (folder / f"ola-{name}.conf").write_text("enabled = false\n")
    (folder / "ola-artnet.conf").write_text("enabled = true\nip = 10.9.0.2\nalways_broadcast = false\n")
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, "nobody")
    environment = {**os.environ, "HOME": str(folder)}
    networks.start(*networks.theirs, "olad", "-c", str(folder), "--no-register-with-dns-sd", env=environment,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(*command, **how):
        return subprocess.run([*networks.theirs, *command], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, **how).stdout

    until(lambda: "ArtNet" in run("ola_dev_info"), "olad does not start")
    device = next(line.split()[1].rstrip(":") for line in run("ola_dev_info").splitlines() if "ArtNet" in line)
    run("ola_patch", "-d", device, "-p", "0", "-u", "1")
    run("ola_patch", "-d", device, "-p", "0", "-i", "-u", "2")
    return run


def test_frames_to_and_from_ola(networks, ola, stage):
    show, recorded = stage.path / "show.cfg", stage.path / "ola" / "recorded"
    show.write_text(SHOW)
    runtime = f"/run/fc-ola-{os.getpid()}"
    networks.start(*networks.ours, str(stage.firecurtain), "run", str(show), "--runtime-dir", runtime, stderr=subprocess.DEVNULL)

    def received():
        ola("ola_set_dmx", "-u", "1", "-d", "77,5,6")
        try:
            ola("ola_recorder", "-r", str(recorded), "-u", "2", timeout=3)
        except subprocess.TimeoutExpired:
            pass
        return recorded.exists() and "2 0,0,0,77," in recorded.read_text()

    try:
        until(received, "OLA does not get back what it has sent")
    finally:
        shutil.rmtree(runtime, ignore_errors=True)
