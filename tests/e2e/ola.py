# SPDX-License-Identifier: BSD-2-Clause
"""OLA at the other end of a network, as a console and as the judge of what a show sends; and brokers on both ends."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from waiting import until

NEEDED = [pytest.mark.skipif(not shutil.which("olad"), reason="needs olad, which the package ola has"),
          pytest.mark.skipif(os.getuid() != 0, reason="needs root, for two networks that are joined")]
PLUGINS = ("artnet dummy e131 espnet ftdidmx gpio karate kinet milinst nanoleaf opendmx openpixelcontrol osc pathport renard sandnet shownet "
           "spi stageprofi uartdmx usbdmx usbpro usbserial").split()
OLAD_PORT = 9010  # of its tools
CLONE_NEWNET = 0x40000000


class Networks:
    """Two networks with a cable between them: `ours` has 10.9.0.1, `theirs` has 10.9.0.2 and 10.9.0.3."""

    def __init__(self, folder, firecurtain):
        self.folder, self.firecurtain = folder, str(firecurtain)
        self.names = [f"fc{os.getpid()}{side}" for side in "ab"]
        self.running, self.folders, self.sockets = [], [], []
        for name in self.names:
            self.ip("netns", "add", name)
        self.plug()
        self.ours = ["ip", "netns", "exec", self.names[0]]
        self.theirs = ["ip", "netns", "exec", self.names[1], "setpriv", "--reuid=nobody", "--clear-groups"]

    def plug(self):
        """Joins the networks."""
        self.ip("link", "add", "cable", "netns", self.names[0], "type", "veth", "peer", "name", "cable", "netns", self.names[1])
        for name, hosts in zip(self.names, ("1", "23"), strict=True):
            for host in hosts:
                self.ip("-n", name, "addr", "add", f"10.9.0.{host}/24", "broadcast", "+", "dev", "cable")
            self.ip("-n", name, "addr", "add", f"fd09::{hosts[0]}/64", "dev", "cable", "nodad")
            for device in ("lo", "cable"):
                self.ip("-n", name, "link", "set", device, "up")
            self.ip("-n", name, "route", "add", "default", "dev", "cable")

    def unplug(self):
        """Takes the cable away, with what it is plugged into."""
        self.ip("-n", self.names[0], "link", "del", "cable")

    @staticmethod
    def ip(*arguments):
        subprocess.run(["ip", *arguments], check=True)

    def start(self, *command, **how):
        how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **how}
        self.running.append(subprocess.Popen(command, start_new_session=True, **how))
        return self.running[-1]

    def broker(self, name, config, side=0, is_complete=True):
        """Runs a show in one of the networks, of which all instances can start, or not."""
        return Broker(self, name, config, side, is_complete)

    def socket(self, side, family, kind=socket.SOCK_DGRAM):
        """Makes a socket in one of the networks."""
        def make():
            with open(f"/run/netns/{self.names[side]}", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            self.sockets.append(socket.socket(family, kind))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return self.sockets[-1]

    @staticmethod
    def processes(name):
        """Those in a network, with what they do."""
        pids = subprocess.run(["ip", "netns", "pids", name], check=True, text=True, stdout=subprocess.PIPE).stdout.split()
        commands = {}
        for pid in map(int, pids):
            with contextlib.suppress(OSError):
                commands[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        return commands

    def end(self):
        for made in self.sockets:
            made.close()
        for process in reversed(self.running):
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        for name in self.names:
            try:
                until(lambda: not self.processes(name), lambda: f"{self.processes(name)} are left in the network")  # noqa: B023
            finally:
                for pid in self.processes(name):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                subprocess.run(["ip", "netns", "del", name], check=False)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


class Broker:
    """A show in one of the networks, as root."""

    def __init__(self, networks, name, config, side, is_complete):
        self.networks, self.name = networks, name
        self.runtime, self.log = Path(f"/run/fc-{os.getpid()}-{name}"), networks.folder / f"{name}.log"
        networks.folders.append(self.runtime)
        show = networks.folder / f"{name}.cfg"
        show.write_text(config)
        environment = {**os.environ, "XDG_STATE_HOME": str(networks.folder / f"state-{name}")}
        with open(self.log, "wb") as log:
            self.process = networks.start("ip", "netns", "exec", networks.names[side], networks.firecurtain, "run", str(show),
                                          "--runtime-dir", str(self.runtime), env=environment, stderr=log)
        until(lambda: (self.runtime / "control").exists() and ({each["state"] for each in self.status()} == {"running"}) == is_complete,
              lambda: f"the show {name} does not start:\n{self.log.read_text()}")

    def command(self, verb, *words):
        return [self.networks.firecurtain, verb, "--runtime-dir", str(self.runtime), *words]

    def emit(self, channel, value):
        subprocess.run(self.command("emit", channel, str(value)), check=True)

    def status(self):
        done = subprocess.run(self.command("status", "--json"), check=True, text=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout)

    def detail(self, instance):
        """How an instance does, in the words of `status`."""
        return {each["name"]: each["detail"] for each in self.status()}[instance]

    def get(self, channel):
        """The value that a channel had last, from 0 to 255; None if it had none."""
        done = subprocess.run(self.command("get", channel), check=True, text=True, stdout=subprocess.PIPE)
        value = done.stdout.split()[-1]
        return None if value == "-" else round(float(value) * 255)

    def follow(self, channel):
        """Follows a channel; returns a function that gives the values that it has had, in turn, without those that were soon followed by others."""
        path, note = (self.networks.folder / f"{what}-{self.name}-{channel}" for what in ("values", "note"))
        with open(path, "wb") as values, open(note, "wb") as notes:
            self.networks.start(*self.command("watch", channel), stdout=values, stderr=notes)
        until(lambda: path.read_text().endswith("\n") or "no value so far" in note.read_text(), f"nothing is said about {channel}")
        return lambda: [float(line.split()[1]) for line in path.read_text().splitlines()]

    def pull(self):
        """Ends it as a power cut would: nothing is said to anybody."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Ola:
    """An olad in their network with one plugin."""

    def __init__(self, networks, plugin, title, settings):
        self.networks, self.folder = networks, networks.folder / "ola"
        self.folder.mkdir()
        for name in PLUGINS:
            (self.folder / f"ola-{name}.conf").write_text("enabled = false\n")
        (self.folder / f"ola-{plugin}.conf").write_text(f"enabled = true\n{settings}")
        for path in (self.folder, *self.folder.iterdir()):
            shutil.chown(path, "nobody")
        self.environment = {**os.environ, "HOME": str(self.folder)}
        networks.start(*networks.theirs, "olad", "-c", str(self.folder), "--no-register-with-dns-sd", env=self.environment)
        until(self.answers, "olad does not start")
        until(lambda: title in self.run("ola_dev_info"), "olad does not have its plugin")
        self.device = next(line.split()[1].rstrip(":") for line in self.run("ola_dev_info").splitlines() if title in line)

    def answers(self):
        """Its tools, if nobody answers them, start another olad, which nobody would end."""
        with self.networks.socket(1, socket.AF_INET, socket.SOCK_STREAM) as asking:
            return asking.connect_ex(("127.0.0.1", OLAD_PORT)) == 0

    def run(self, *command):
        return subprocess.run([*self.networks.theirs, *command], env=self.environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False).stdout

    def sends(self, universe, port=0):
        """Its universe is sent on an output port of the plugin."""
        self.run("ola_patch", "-d", self.device, "-p", str(port), "-u", str(universe))

    def receives(self, universe, port=0):
        self.run("ola_patch", "-d", self.device, "-p", str(port), "-i", "-u", str(universe))

    def play(self, universe, values):
        """Sends these values until the returned process ends."""
        loop = f"while echo {values}; do sleep 0.2; done | ola_streaming_client -u {universe}"
        return self.networks.start(*self.networks.theirs, "sh", "-c", loop, env=self.environment)

    def pull(self, playing):
        os.killpg(playing.pid, signal.SIGKILL)
        playing.wait()

    def record(self, universe):
        """Records a universe; returns a function that gives what has come so far, as lists of slots."""
        path = self.folder / f"recorded-{universe}"
        self.networks.start(*self.networks.theirs, "ola_recorder", "-r", str(path), "-u", str(universe), env=self.environment)

        def frames():
            lines = path.read_text().splitlines() if path.exists() else []
            return [[int(slot) for slot in line.split()[1].split(",") if slot] for line in lines if line.startswith(f"{universe} ")]
        return frames
