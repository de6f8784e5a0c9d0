# SPDX-License-Identifier: BSD-2-Clause
"""MQTT with npm's package mqtt as the other client of a mosquitto: both versions of the protocol, and TLS."""

import contextlib
import os
import signal

import control
import pytest
from mqtt import Server

pytestmark = [pytest.mark.one_setting]

CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [mqtt mq]
    host = {scheme}://127.0.0.1:{port}
    protocol = {protocol}
    availability = show/here
    /kept = retain on
    /kept = qos 1
    {certificates}
    [map]
    wire./plain > mq./plain
    wire./kept > mq./kept
    wire./red > mq.lamp/set#color.red
    mq./in > wire./in
    mq.lamp#level > wire./level
"""


@pytest.fixture
def server():
    with contextlib.closing(Server()) as started:
        yield started


@pytest.mark.parametrize("protocol", ["5", "3.1.1", "5 with TLS"])
def test_values_both_ways_and_the_last_will(play, judge_by, server, protocol):
    protocol, _, tls = protocol.partition(" with ")
    names = {"ca": "ca.crt", "certificate": "client.crt", "key": "client.key"} if tls else {}
    if tls:
        server.secure()
    judge = judge_by("mqtt", server.port, 5 if protocol == "5" else 4, *([server.folder] if tls else []))
    judge.wait("subscribed")
    certificates = "\n    ".join(f"{option} = {server.folder / name}" for option, name in names.items())
    show = play(config=CONFIG.format(scheme="mqtts" if tls else "mqtt", port=server.port, protocol=protocol, certificates=certificates), ready=())
    show.log.wait("^connected to ", "mq")

    def heard(*message):
        judge.wait("message", lambda *_: list(message) in judge.all("message"))

    heard("show/here", "online", False, 1)
    show.set("/plain", 0.5)
    heard("/plain", "0.500000", False, 0)
    show.set("/kept", 0.25)
    heard("/kept", "0.250000", False, 1)  # to whom is there already, nothing is retained
    show.set("/red", 0.75)
    heard("lamp/set", '{"color":{"red":0.75}}', False, 0)
    for qos in range(3):
        judge.tell("send", "/in", f"0.{qos + 1}", {"qos": qos})
        show.expect("/in", (qos + 1) / 10)
    judge.tell("send", "lamp", '{"level": 0.125}', {"retain": True})
    show.expect("/level", 0.125)
    os.kill(control.status(show)["mq"]["pid"], signal.SIGKILL)
    heard("show/here", "offline", False, 1)  # by the server, in the show's name
    judge.wait("message", lambda *_: judge.all("message").count(["show/here", "online", False, 1]) == 2)
    show.stop()
    judge.wait("message", lambda *_: [text for topic, text, *_ in judge.all("message") if topic == "show/here"][-1] == "offline")
