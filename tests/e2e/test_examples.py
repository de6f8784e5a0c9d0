# SPDX-License-Identifier: BSD-2-Clause
"""Every folder of examples/ runs as its README says, on ports of the test."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import xml.etree.ElementTree as xml

import artnet
import pytest
import rtpmidi
import sacn
from browsing import Console, is_open
from harness import TOP
from waiting import until
from wire import free_port, free_tcp_port, is_bound

pytestmark = pytest.mark.one_setting


def copy_of(example, folder, identity):
    shutil.copytree(example, folder)
    for path in (folder, *folder.iterdir()):
        identity.own(path)
    return folder


@pytest.fixture
def example(play, stage, identity):
    """Runs a copy of an example. `osc` names its OSC instance; `edits` replaces text in its files."""

    def start(name, osc, python, edits=()):
        folder = copy_of(stage.examples / name, stage.folder(identity) / name, identity)
        for file, old, new in edits:
            text = (folder / file).read_text()
            assert old in text
            (folder / file).write_text(text.replace(old, new))
        os.rename(folder / f"{name}.cfg", folder / "show.cfg")
        return play(folder=folder, ready=(python,) if python else (), arguments=(
            "-i", f"{osc}.bind=127.0.0.1 @IN@", "-i", f"{osc}.dest=127.0.0.1 @OUT@"))

    return start


@pytest.mark.rules
def test_each_example_has_a_readme_of_about_ten_lines():
    for folder in (TOP / "examples").iterdir():
        assert (folder / f"{folder.name}.cfg").exists()
        text = (folder / "README.md").read_text()
        assert 5 <= len(text.splitlines()) <= 20, folder
        assert f"    firecurtain run {folder.name}.cfg" in text and "run examples" not in re.sub(r"in a clone: ./dev run examples", "", text), folder


@pytest.mark.rules
def test_every_example_is_played_here():
    played = {name[len("test_"):] for name in globals() if name.startswith("test_")}
    played |= {path.stem[len("test_"):] for path in (TOP / "tests/e2e").glob("test_*.py")}  # or in a file of its own
    assert {folder.name for folder in (TOP / "examples").iterdir()} <= played


def test_every_example_passes_the_check(firecurtain, stage):
    for folder in stage.examples.iterdir():
        result = firecurtain("check", folder / f"{folder.name}.cfg")
        assert (result.returncode, result.stderr) == (0, ""), result


@pytest.mark.smoke
def test_hello(example):
    show = example("hello", "desk", "show")
    show.set("/fader1", 0.25)
    show.expect("/answer", 0.75)
    show.printed("^fader at 0.25$", "show")


def on_port(port):
    return [(file, "8990", str(port)) for file in ("handlers.py", "reference.cfg")]


def test_reference(example):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        show = example("reference", "desk", "py1", on_port(server.getsockname()[1]))
        peer, _ = server.accept()
        with peer:
            show.set("/in1", 0.25)
            show.expect("/out1", 0.75)
            peer.sendall(b"x" * 512)
            show.expect("/received", 0.5)
            peer.shutdown(socket.SHUT_WR)
            show.printed("^received 0 bytes")
            assert peer.recv(1) == b""
    show.expect("/ping", 1, 0)
    show.process.terminate()
    show.expect("/out1", 0)
    show.stop()
    (saved,) = show.folder.rglob("positions.json")
    assert json.loads(saved.read_text())["handlers.in1"] == 0.25


def test_reference_without_its_server(example):
    show = example("reference", "desk", "py1", on_port(free_port()))
    show.printed("^no server")
    show.set("/in1", 0.25)
    show.expect("/out1", 0.75)


def test_wave(example):
    show = example("wave", "lights", "wave")
    seen = {n: [show.wire.value(f"/dimmer/{n}") for _ in range(3)] for n in range(1, 25)}
    assert len({round(values[0], 3) for values in seen.values()}) > 10, "the dimmers differ"
    assert all(values[0] != values[2] for values in seen.values()), "and move"
    show.set("/level", 0)
    until(lambda: show.wire.value("/dimmer/7") == 0, "the level fader does nothing")


def test_cues(example):
    show = example("cues", "desk", "cues", [("cues.cfg", "127.0.0.1 8080", f"127.0.0.1 {free_tcp_port()}")])

    def fade(light, end):
        """The values of a fade, up to its end."""
        values = [show.wire.value(light)]
        while abs(values[-1] - end) > 0.0001:
            values.append(show.wire.value(light))
        return values

    show.set("/go", 1)
    show.expect("/cue", 0)
    rising = fade("/front", 0.8)
    assert rising == sorted(rising) and len(rising) > 3, rising
    show.set("/go", 0)  # let go
    show.set("/go", 1)
    show.expect("/cue", 0.5)
    falling = fade("/front", 0.2)
    assert falling == sorted(falling, reverse=True) and len(falling) > 3, falling
    assert len(fade("/back", 1)) > 1 and len(fade("/back", 0.4)) > 1, "the steps follow by themselves"
    show.set("/go", 1)
    show.expect("/cue", 1)
    assert 0 < show.wire.value("/front") < 0.2
    show.set("/stop", 1)
    show.set("/go", 1)  # the first again
    show.expect("/cue", 0)
    show.wire.inbox.clear()
    after = fade("/front", 0.8)
    assert after == sorted(after) and after[0] > 0, "from where it was stopped"


@pytest.mark.skipif(not shutil.which("oscdump"), reason="needs liblo-tools")
def test_hello_with_the_tools_its_readme_names(play, stage, identity):
    """Uses the ports 8000 and 9000 as written, if they are free: `oscsend localhost` must reach the show."""
    if is_bound(8000) or is_bound(9000):
        pytest.skip("port 8000 or 9000 is in use")
    folder = copy_of(stage.examples / "hello", stage.folder(identity) / "hello", identity)
    show = play(folder=folder, name="hello.cfg", ready=("show",))
    with subprocess.Popen(["oscdump", "-L", "9000"], stdout=subprocess.PIPE, text=True) as dump:
        try:
            until(lambda: is_bound(9000), "oscdump does not listen")
            subprocess.run(["oscsend", "localhost", "8000", "/fader1", "f", "0.25"], check=True, timeout=10)
            assert "/answer f 0.750000" in dump.stdout.readline()
        finally:
            dump.kill()
    show.printed("^fader at 0.25$", "show")


def test_master(play, stage, identity):
    port = free_port()
    console, lights = artnet.Peer(port, "127.0.0.2"), artnet.Peer(port)
    try:
        folder = copy_of(stage.examples / "master", stage.folder(identity) / "master", identity)
        os.rename(folder / "master.cfg", folder / "show.cfg")
        show = play(folder=folder, ready=("master",), arguments=(
            "-i", "desk.bind=127.0.0.1 @IN@", "-b", f"artnet.bind=127.0.0.1 {port}", "-b", f"artnet.broadcast=127.0.0.1 {lights.port}"))
        lights.take(code=artnet.POLL)
        lights.send(artnet.reply(lights.port, 0, 0, [1]))
        console.send(artnet.dmx(0, 0, [200, 100]))
        lights.frame(200, 100, universe=1)
        show.set("/master", 0.5)
        lights.frame(100, 50, universe=1)
        lights.frame(0, 0, universe=1)  # the console has gone
    finally:
        console.close()
        lights.close()


def test_bridge(play, stage, identity):
    artnet_port, sacn_port = free_port(), free_port()
    console, lights = artnet.Peer(artnet_port), sacn.Receiver(sacn_port, 1)
    try:
        folder = copy_of(stage.examples / "bridge", stage.folder(identity) / "bridge", identity)
        os.rename(folder / "bridge.cfg", folder / "show.cfg")
        play(folder=folder, ready=(), bound=(artnet_port, sacn_port), arguments=(
            "-b", f"artnet.bind=127.0.0.1 {artnet_port}", "-b", f"sacn.bind=127.0.0.1 {sacn_port}"))
        console.send(artnet.dmx(0, 0, range(200)))
        frame = lights.take(slots=range(200))
        assert (frame["name"], frame["universe"], frame["priority"]) == ("bridge", 1, 90)
    finally:
        console.close()
        lights.close()


def test_mqtt(example):
    from mqtt import Peer, Server  # skips where mosquitto is missing
    with contextlib.closing(Server()) as server, contextlib.closing(Peer(server)) as peer:
        show = example("mqtt", "desk", None, edits=[("mqtt.cfg", "host = 127.0.0.1", f"host = 127.0.0.1:{server.port}")])
        show.log.wait("^connected to ", "house")
        show.set("/fader1", 0.5)
        peer.expect("zigbee2mqtt/lamp/set", '{"brightness":127}')
        peer.send("zigbee2mqtt/lamp", '{"brightness": 127, "linkquality": 80}')
        show.expect("/lamp", 0.5)
        peer.send("foyer/button", "pressed")
        show.expect("/cue/1/start", 1)
        show.expect("/house", 1)
        server.stop()
        show.expect("/house", 0)


def test_rtpmidi(example):
    port, peer = rtpmidi.free_ports(), rtpmidi.Peer()
    try:
        show = example("rtpmidi", "mixer", None, edits=[("rtpmidi.cfg", "0.0.0.0 5005", f"127.0.0.1 {port + 1}")])
        until(lambda: is_bound(port) and is_bound(port + 1), lambda: f"no ports:\n{show.log}")
        peer.join(port + 1)
        peer.play(b"\xb0\x07\x7f\0\x90\x40\x7f")
        show.expect("/fader1", 1)
        show.expect("/cue/5", 1)
        show.set("/fader1", 0.5)
        peer.heard(b"\xb0\x07\x40")
        peer.send(rtpmidi.invitation(b"BY", 0x11))
        until(lambda: show.wire.waiting("/desk")[-2:] == [1, 0], "the desk does not leave")
        service = xml.parse(show.folder / "firecurtain.service").getroot().find("service")
        assert (service.find("type").text, service.find("port").text) == ("_apple-midi._udp", "5004"), "one below that of the example"
    finally:
        peer.close()


def test_panel(play, stage, identity):
    folder, port = copy_of(stage.examples / "panel", stage.folder(identity) / "panel", identity), free_tcp_port()
    os.rename(folder / "panel.cfg", folder / "show.cfg")
    show = play(folder=folder, ready=("cues",), arguments=("-b", f"console.bind=127.0.0.1 {port}"))
    until(lambda: is_open(port), lambda: f"no console:\n{show.log}")
    console = Console(show, port).signed_in("--role", "operator")
    with console.stream("watch=stage.*") as stream:
        stream.wait("event: status")
        for name, value, light in (("master", 1, 0), ("go", 1, 0.25), ("go", 0, None), ("go", 1, 0.7), ("master", 0.5, 0.35), ("worklight", 1, None), ("back", 1, 0.2)):
            assert console.outcome("emit", f"stage.{name}", value=value) == "done"
            if light is not None:
                stream.wait(f'"stage.light":{light}[,}}]')
