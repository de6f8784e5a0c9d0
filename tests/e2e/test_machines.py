# SPDX-License-Identifier: BSD-2-Clause
"""The example machines: two brokers in networks of their own, joined by a mosquitto with TLS (docs/machines.md)."""

import re
import shutil
import subprocess

import control
from harness import root_only
from mqtt import MOSQUITTO
from waiting import until


def copy_of(example, folder, identity):
    shutil.copytree(example, folder)
    for path in (folder, *folder.iterdir()):
        identity.own(path)
    return folder


@root_only
def test_machines(play, stage, identity, networks):
    """Two brokers in networks of their own, and an engine with TLS; each keeps its values while others are away."""
    folder = copy_of(stage.examples / "machines", stage.folder(identity) / "foh", identity)

    def engine():
        return networks.start(*networks.ours, MOSQUITTO, "-c", "mosquitto.conf", cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def machine(folder, name, network):
        return play(folder=folder, name=name, ready=(), launcher=("ip", "netns", "exec", network))

    def has(show, channel, value):
        until(lambda: re.search(rf"\s{re.escape(value)}\s", control.run(show, "channels", channel).stdout + " "),
              lambda: f"{channel} is not {value}: {control.run(show, 'channels', channel).stdout}\n{show.log}")

    subprocess.run(["sh", "certificates.sh", "10.9.0.1"], cwd=folder, check=True, capture_output=True)
    for key in folder.glob("*.key"):
        key.chmod(0o644)
    (folder / "mosquitto.conf").write_text((folder / "mosquitto.conf").read_text() + "user root\n")
    theirs = copy_of(folder, stage.folder(identity) / "stage", identity)
    running = engine()
    front, back = machine(folder, "machines.cfg", networks.names[0]), machine(theirs, "stage.cfg", networks.names[1])
    has(front, "link.show/stage", "1")
    control.run(front, "emit", "desk./fader1", "0.5", check=0)
    has(back, "lamps.1", "0.5")
    has(front, "link.show/lamp1", "0.5")

    running.kill()
    running.wait()
    has(front, "link.#connected", "0")
    has(back, "lamps.1", "0.5")
    control.run(front, "emit", "desk./fader1", "0.75", check=0)
    running = engine()  # which has forgotten everything
    has(back, "lamps.1", "0.75")
    has(front, "link.show/stage", "1")
    has(front, "link.show/lamp1", "0.75")

    back.kill()
    has(front, "link.show/stage", "0")
    has(front, "link.show/lamp1", "0.75")
    control.run(front, "emit", "desk./fader1", "0.25", check=0)
    back = machine(theirs, "stage.cfg", networks.names[1])
    has(back, "lamps.1", "0.25")
    has(front, "link.show/lamp1", "0.25")
    has(front, "link.show/stage", "1")
    for show in (front, back):
        show.stop()
