# SPDX-License-Identifier: BSD-2-Clause
"""Every backend has its place in `status`, `watch`, `get` and a recording, with what came from its own wire.

MIDI's sequencer and evdev need devices: see tests/vm.
"""

import contextlib
import json
import re

import artnet
import control
import pytest
import rtpmidi
import sacn
from mqtt import Peer, Server
from recording import recordings  # noqa: F401
from test_watch import watch
from waiting import until
from wire import free_port

pytestmark = [pytest.mark.one_setting]

CONFIG = """
    [backend artnet]
    bind = 127.0.0.1 {artnet}
    [backend sacn]
    bind = 127.0.0.1 {sacn} local
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [artnet node]
    universe = 1
    [sacn stream]
    universe = 1
    [rtpmidi keys]
    mode = direct
    learn = true
    bind = 127.0.0.1 {rtpmidi}
    [mqtt house]
    host = 127.0.0.1:{mqtt}
    [loopback seen]
    [map]
    wire./fader > seen.osc
    node.1 > seen.artnet
    stream.1 > seen.sacn
    keys.ch0.cc7 > seen.rtpmidi
    house.level > seen.mqtt
"""
SOURCES = {"wire./fader": 0.25, "node.1": 51 / 255, "stream.1": 102 / 255, "keys.ch0.cc7": 64 / 127, "house.level": 0.75}


def test_each_wire(play, recordings):  # noqa: F811
    ports = {"artnet": free_port(), "sacn": free_port(), "rtpmidi": rtpmidi.free_ports() + 1}
    with contextlib.ExitStack() as stack:
        server, console, keys = (stack.enter_context(contextlib.closing(each))
                                 for each in (Server(), sacn.Console(ports["sacn"]), rtpmidi.Peer()))
        peer = stack.enter_context(contextlib.closing(Peer(server)))
        show = play(config=CONFIG.format(mqtt=server.port, **ports), ready=(), bound=ports.values(), arguments=("--record", recordings.path("all")))
        show.log.wait("^connected to ", "house")
        node = stack.enter_context(contextlib.closing(artnet.Peer(ports["artnet"])))
        keys.show = ("127.0.0.1", ports["rtpmidi"] - 1)
        watching = stack.enter_context(watch(show, "node.*", "stream.*", "keys.*", "house.*", "wire.*"))
        assert "waiting" in watching.note()

        show.set("/fader", 0.25)
        node.send(artnet.dmx(0, 1, [51]))
        console.send(1, 102)
        keys.play(b"\xb0\x07\x40")
        peer.send("level", "0.75")
        lines = [line.split() for line in watching.lines(len(SOURCES))]
        assert {name: float(value) for name, value in lines} == pytest.approx(SOURCES, abs=1e-6)

        def found():
            got = json.loads(control.run(show, "get", "--json", *SOURCES).stdout)
            return {each["channel"]: each.get("value") for each in got} == pytest.approx(SOURCES, abs=1e-6)
        until(found, "the values cannot be asked for")
        status = control.status(show)
        for name in ("wire", "node", "stream", "keys", "house"):
            assert status[name]["in"] >= 1 and status[name]["state"] == "running", status[name]
        show.stop()
    inputs = dict(re.findall(r" input (\S+) (\S+)$", recordings.text("all"), re.M))
    assert {name: float(inputs[name]) for name in SOURCES} == pytest.approx(SOURCES, abs=1e-6)
