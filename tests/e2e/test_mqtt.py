# SPDX-License-Identifier: BSD-2-Clause
"""MQTT, judged by mosquitto and paho: values both ways, TLS, loss and return of the server, Home Assistant."""

import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import struct
import time
from pathlib import Path

import control
import pytest
from mqtt import Peer, Server
from processes import named
from serving import accepting
from waiting import one_in_time, until
from wire import free_tcp_port

OSC = "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n"


@pytest.fixture
def served():
    """Makes servers and peers, which end with the test."""
    with contextlib.ExitStack() as stack:
        def serve(*lines):
            server = Server(*lines)
            stack.callback(server.close)
            return server

        def join(server, **how):
            peer = Peer(server, **how)
            stack.callback(peer.close)
            return peer

        serve.join = join
        yield serve


def start(play, options, maps, up=True):
    show = play(config=OSC + f"[mqtt mq]\n{options}\n[map]\n" + "\n".join(maps) + "\n", ready=())
    if up:
        show.log.wait("^connected to ", "mq")
    return show


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_values_both_ways(play, served, protocol):
    server = served()
    peer = served.join(server, protocol=5 if protocol == "5" else 4)
    show = start(play, f"host = 127.0.0.1:{server.port}\nprotocol = {protocol}\n/dim = range 0 255\n/back = range 10 -10\n"
                 "/mode = discrete 0 0.4 off\n/mode = discrete !0.4 1 on now\n/mode = qos 1\nlamp/set#color.x = range 0 1000\n/kept = retain on",
                 ["wire./a > mq./plain", "wire./b > mq./dim", "wire./c > mq./back", "wire./d > mq./mode", "wire./e > mq.lamp/set#color.x",
                  "wire./f > mq./kept", "mq./plain > wire./in/plain", "mq./in/dim > wire./in/dim", "mq./mode > wire./in/mode",
                  "mq.lamp#brightness > wire./in/brightness", "mq.lamp#list.1 > wire./in/list", "mq.#connected > wire./connected"])
    show.set("/a", 0.5)
    peer.expect("/plain", "0.500000")
    show.set("/b", 0.25)
    peer.expect("/dim", "63.750000")
    show.set("/c", 0.25)
    peer.expect("/back", "5.000000")
    show.set("/d", 0.25)
    show.set("/d", 0.75)
    peer.expect_last("/mode", "on now")
    assert peer.on("/mode")[-1][2] == 1, "QoS 1"
    show.set("/e", 0.3125)
    peer.expect("lamp/set", '{"color":{"x":312.5}}')
    show.set("/f", 0.5)
    peer.expect("/kept", "0.500000")
    late = served.join(server)
    late.expect("/kept", "0.500000")
    assert late.on("/kept")[0][1] and not late.on("/plain"), "only that one is retained"

    peer.send("/plain", "0.25")
    show.expect("/in/plain", 0.25)  # not what the show itself has sent there
    peer.send("/mode", "off")
    show.expect("/in/mode", 0.2)
    peer.send("/mode", "on now", qos=2)
    show.expect("/in/mode", 0.4)
    peer.send("lamp", json.dumps({"brightness": 0.75, "list": [1, True, "x"]}))
    show.expect("/in/brightness", 0.75)
    show.expect("/in/list", 1)
    peer.send("lamp", json.dumps({"linkquality": 80}))  # says nothing of it, and is no error
    peer.send("/plain", "7")
    show.expect("/in/plain", 1)
    assert not show.log.matching("malformed", "mq")
    peer.send("/plain", "fast\x1b[2J")
    peer.send("lamp", "{")
    show.log.wait(r"malformed input dropped: topic /plain: \"fast", "mq", "warning")
    until(lambda: control.status(show)["mq"]["malformed"] == 2, "both are counted")
    assert control.status(show)["mq"]["detail"] == f"connected to 127.0.0.1:{server.port}"
    assert named(show.pid, "fc-driver")


def test_the_server_goes_and_comes_back(play, served):
    server = served()
    show = start(play, f"host = 127.0.0.1:{server.port}\nprotocol = 3.1.1\navailability = show/state",
                 ["wire./a > mq.a", "wire./b > mq.b", "mq.c > wire./c", "mq.#connected > wire./connected"])
    peer = served.join(server)
    peer.expect("show/state", "online")
    late = served.join(server)
    late.expect("show/state", "online")
    assert late.on("show/state")[0][1], "retained"
    show.set("/a", 0.25)
    peer.expect("a", "0.250000")
    server.stop()
    show.log.wait(r"^the connection to 127.0.0.1:\d+ is lost: .*; trying again until it is back$", "mq", "warning")
    until(lambda: 0 in show.wire.waiting("/connected"), "it is no channel")
    assert control.wait_for(show, "mq", "down")["detail"].startswith("not connected to 127.0.0.1")
    for n in range(100):
        show.set("/b", n / 128)
    time.sleep(1.5)  # a few tries
    assert len(show.log.matching("lost|cannot connect", "mq")) <= 2, "each reason is said once"
    assert show.wire.waiting("/connected").count(0) == 1, "it is told once"
    position = show.log.position
    server.start()
    peer.received.clear()
    show.log.wait("^connected to ", "mq", after=position)
    again = served.join(server)
    until(lambda: 1 in show.wire.waiting("/connected"), "it is no channel")
    assert control.wait_for(show, "mq", "running")
    show.set("/b", 1)
    again.expect_last("b", "1.000000")
    again.send("c", "0.5")
    show.expect("/c", 0.5)
    show.stop()
    again.expect_last("show/state", "offline")


def test_state_is_sent_again_and_only_the_newest(play, served):
    server = served()
    server.stop()
    show = start(play, f"host = 127.0.0.1:{server.port}\nretain = on\navailability = show/state\nhomeassistant = on\nb = discrete 0 0.5 off\nb = discrete 0.5 1 on",
                 ["wire./a > mq.a", "wire./b > mq.b", "mq.b > wire./was"], up=False)
    show.log.wait(r"^cannot connect to .*; trying again until it can$", "mq", "warning")
    for n in range(65):
        show.set("/a", n / 128)
        show.set("/b", n / 64)
    until(lambda: control.run(show, "channels", "mq.b").stdout.find(" 1") >= 0, "it is not set")
    server.start()
    peer = served.join(server)
    peer.expect("a", "0.500000")
    peer.expect("b", "on")
    config = {topic: json.loads(payload) for topic, payload, *_ in peer.received if topic.startswith("homeassistant/")}
    number = config["homeassistant/sensor/firecurtain_mq/a/config"]
    assert number["state_topic"] == "a" and number["availability_topic"] == "show/state" and "command_topic" not in number
    choice = config["homeassistant/select/firecurtain_mq/b/config"]
    assert choice["options"] == ["off", "on"] and choice["command_topic"] == "b" and choice["unique_id"] != number["unique_id"]
    # a driver that dies is replaced, and the next one sends the state again; the server tells of its death
    for pid in named(show.pid, "fc-driver"):
        os.kill(pid, 9)
    peer.expect("show/state", "online", "offline", "online")
    peer.expect_last("a", "0.500000")
    peer.send("b", "off")
    until(lambda: 0.25 in show.wire.waiting("/was"), "nothing comes in")


@pytest.mark.one_setting
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize(("channel", "options", "ours", "theirs"), [
    ("hall", (), "0.250000", "0.75"), ("hall", ("qos 1",), "0.250000", "0.75"), ("hall", ("discrete 0 0.5 off", "discrete 0.5 1 on"), "off", "on"),
    ("hall", ("discrete 0 0.5 off", "discrete 0.5 1 on"), "off", "neither"), ("hall#state.x", ("qos 1",), '{"state":{"x":0.25}}', '{"state":{"x":1},"y":1}')])
def test_what_others_have_set_since_is_not_overwritten(play, served, protocol, channel, options, ours, theirs):
    server = served("allow_anonymous true", "persistence true", "persistence_location @DIR@/", "autosave_interval 1", "autosave_on_changes true")
    show = start(play, f"host = 127.0.0.1:{server.port}\nretain = on\nprotocol = {protocol}\n" + "".join(f"{channel} = {option}\n" for option in options),
                 [f"wire./a > mq.{channel}", f"mq.{channel} > wire./was", "wire./end > mq.end", "mq.told > wire./told"])
    peer = served.join(server)

    def back(end):
        """Waits until what is sent again has been sent; returns what has come on the topic since."""
        show.log.wait("^connected to ", "mq", after=position)
        again = served.join(server)
        show.set("/end", end)
        again.expect_last("end", f"{end:f}")
        return [entry[0] for entry in again.on("hall")]

    show.set("/a", 0.25)
    peer.expect_last("hall", ours)
    peer.send("hall", theirs, retain=True, qos=1)
    peer.send("told", "1", qos=1)
    show.expect("/told", 1)
    until(lambda: theirs.encode() in (server.folder / "mosquitto.db").read_bytes(), "the server does not keep it")
    position = show.log.position
    server.stop()
    server.start()
    assert back(0.5) == [theirs]
    position = show.log.position
    for pid in named(show.pid, "fc-driver"):
        os.kill(pid, 9)  # the next one has the values from the broker
    assert back(0.75) == [theirs] or theirs == "neither"  # which is nothing for the broker

    show.set("/a", 0.25)
    again = served.join(server)
    again.expect_last("hall", ours)
    position = show.log.position
    server.stop()
    (server.folder / "mosquitto.db").unlink()
    server.start()
    assert back(0.25) == [ours], "it is the newest again, for a server that has forgotten it"


@pytest.mark.one_setting
@pytest.mark.one_setting
@pytest.mark.parametrize("qos", [1, 2])
def test_what_was_under_way_does_not_come_behind_what_is_newer(play, served, qos):
    server = served()
    show = start(play, f"host = 127.0.0.1:{server.port}\nretain = on\na = qos {qos}", ["wire./a > mq.a", "wire./end > mq.end"])
    os.kill(server.process.pid, signal.SIGSTOP)
    show.set("/a", 0.25)  # is sent, and not acknowledged
    until(lambda: control.status(show)["mq"]["out"] == 1, "it is not sent")
    show.set("/a", 0.75)
    until(lambda: control.status(show)["mq"]["out"] == 2, "it is not sent")
    position = show.log.position
    server.stop()
    server.start()
    peer = served.join(server)
    show.log.wait("^connected to ", "mq", after=position)
    show.set("/end", 1)
    peer.expect_last("end", "1.000000")
    time.sleep(0.5)  # QoS 2 takes some turns
    assert [entry[0] for entry in peer.on("a")] == ["0.750000"]


def test_a_server_that_falls_silent_is_noticed_and_named(play, served):
    server = served()
    show = start(play, f"host = 127.0.0.1:{server.port}", ["wire./a > mq.a"])
    told = set()

    def silence(n):
        position, begin = show.log.position, time.monotonic()
        os.kill(server.process.pid, signal.SIGSTOP)
        while not (lost := show.log.matching("is lost", "mq", "warning", after=position)):
            show.set("/a", (time.monotonic() - begin) % 1)  # what is sent is no sign of life
            time.sleep(0.2)
        assert lost[0].message == f"the connection to 127.0.0.1:{server.port} is lost: nothing was heard from it for 20 s; trying again until it is back"
        while not (failed := show.log.matching("^cannot connect", "mq", "warning", after=position)):
            told.add(control.status(show)["mq"]["detail"])
            time.sleep(0.2)
        assert failed[0].message == f"cannot connect to 127.0.0.1:{server.port}: it does not answer; trying again until it can"
        told.add(control.status(show)["mq"]["detail"])
        os.kill(server.process.pid, signal.SIGCONT)
        control.wait_for(show, "mq", "running")
        return lost[0].arrived - begin

    one_in_time(silence, 15, 21, tries=3)
    assert told == {f"not connected to 127.0.0.1:{server.port}: {why}" for why in ("nothing was heard from it for 20 s", "it does not answer")}


@pytest.mark.one_setting
def welcome_and_leave(client, code):
    """A server of MQTT 5 that says goodbye with a reason."""
    assert client.recv(4096)[0] == 0x10
    client.sendall(bytes([0x20, 3, 0, 0, 0, 0xe0, 2, code, 0]))
    while client.recv(4096):
        pass


def test_why_there_is_no_connection(play, served):
    """In words of its own: nothing of a library's, nor with a full stop in the middle of a line."""
    server, strict = served(), served("allow_anonymous false")

    def start_and_wait(options, pattern, maps=("wire./a > mq.a",)):
        show = start(play, options, list(maps), up=False)
        show.log.wait(pattern + "; trying again", None, "warning")
        assert not show.log.matching(r"\.;|libmosquitto|Unknown"), show.log
        return show

    start_and_wait(f"host = 127.0.0.1:{strict.port}", "^cannot connect to .*: the server refuses: not authorized").stop()
    start_and_wait(f"host = 127.0.0.1:{strict.port}\nprotocol = 3.1.1", "the server refuses: not authorised").stop()
    start_and_wait(f"host = mqtts://127.0.0.1:{server.port}", "^cannot connect to .*: it closed the connection").stop()
    for code, words in ((0x8e, r"another client has connected with this one's name \(clientid\)"), (0x8b, "it is shutting down"),
                        (0x97, "it ended the connection: quota exceeded")):
        with accepting(functools.partial(welcome_and_leave, code=code)) as port:  # mosquitto says none of these
            start_and_wait(f"host = 127.0.0.1:{port}", "is lost: " + words).stop()
    for protocol in ("5", "3.1.1"):
        show = start(play, f"host = 127.0.0.1:{server.port}\nprotocol = {protocol}", ["wire./a > mq.a"])
        server.stop()
        show.log.wait("is lost: it closed the connection; trying again", "mq", "warning")
        show.log.wait("cannot connect to .*: Connection refused; trying again", "mq", "warning")
        server.start()
        show.stop()


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def hang_up(client, how):
    if how == "reads":
        client.recv(4096)
    elif how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("scheme", ["mqtt", "mqtts"])
@pytest.mark.parametrize("how, words", [("refuses", "Connection refused"), ("reads", "it closed the connection"),
                                        ("reset", "it closed the connection"), ("at once", "it closed the connection")])
def test_a_server_that_is_not_there_is_told_at_once_and_costs_nothing(play, scheme, how, words):
    """With TLS, an end before the handshake was waited for in a loop, on a whole processor."""
    with contextlib.nullcontext(free_tcp_port()) if how == "refuses" else accepting(functools.partial(hang_up, how=how)) as port:
        show = start(play, f"host = {scheme}://127.0.0.1:{port}", ["wire./a > mq.a"], up=False)
        show.log.wait(f"^cannot connect to 127.0.0.1:{port}: {words}.*; trying again", "mq", "warning")
        driver, = named(show.pid, "fc-driver")
        before = processor_seconds(driver)
        time.sleep(2)
        assert processor_seconds(driver) - before < 1, "it waits in a loop"
        show.stop()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is missing")
def test_tls_with_certificates(play, served):
    server = served()
    server.secure()
    options = f"host = mqtts://127.0.0.1:{server.port}\nca = {server.folder}/ca.crt\n"
    own = f"certificate = {server.folder}/client.crt\nkey = {server.folder}/client.key\n"
    show = start(play, options + own, ["wire./a > mq.a"])
    peer = served.join(server, ca_certs=server.folder / "ca.crt", certfile=server.folder / "client.crt", keyfile=server.folder / "client.key")
    show.set("/a", 0.5)
    peer.expect_last("a", "0.500000")
    show.stop()
    without = start(play, options, ["wire./a > mq.a"], up=False)
    without.log.wait(r"(cannot connect to|the connection to) .*: (TLS: .*certificate required|it closed the connection( as TLS began)?); trying", "mq", "warning")
    without.stop()
    server.secure("wrong")
    wrong = start(play, options + own, ["wire./a > mq.a"], up=False)
    wrong.log.wait(r"cannot connect to .*: TLS: its certificate is for another name; trying", "mq", "warning")
    time.sleep(1)
    assert not wrong.log.matching("^connected to", "mq"), "a certificate of the same authority for another name"
    wrong.stop()
    shutil.copy(server.folder / "server.crt", server.folder / "other.crt")
    stranger = start(play, options.replace("ca.crt", "other.crt") + own, ["wire./a > mq.a"], up=False)
    stranger.log.wait(r"cannot connect to .*: TLS: certificate verify failed; trying", "mq", "warning")
    stranger.stop()


def test_check_finds_what_is_wrong(firecurtain):
    def check(text):
        return firecurtain("check", "show.cfg", files={"show.cfg": text + "\n[loopback l]\n[map]\nl.a > mq.x\n"})
    assert check("[mqtt mq]\nhost = mqtts://user:word@10.0.0.1:8883\nx = range 0 255").returncode == 0
    for line, words in (("protocol = 5", "the option host is missing"), ("host = 10.0.0.1:x", "a port is a number from 1 to 65535"),
                        ("host = a\nx = range 1 1", "the range has a single value"), ("host = a\nx = range 1", 'expected "range MIN MAX"'),
                        ("host = a\nx = discrete 0 2 on", 'expected "discrete MIN MAX TEXT"'), ("host = a\nqos = 3", "qos is 0, 1 or 2"),
                        ("host = a\nx+ = range 0 1", "a topic must not contain"), ("host = a\nca = ca.crt", "are for TLS"),
                        ("host = mqtts://a\nkey = k", "belong together"), ("host = a\ncert = x", 'did you mean "certificate"?'),
                        ("host = a\nclient-id = x", 'did you mean "clientid"?'), ("hots = a", 'did you mean "host"?'),
                        ("host = a\nhall/lamp = 0 255", 'if it is a topic, what its values are begins with "range"')):
        done = check("[mqtt mq]\n" + line)
        assert done.returncode != 0 and words in done.stdout + done.stderr, (line, done)
    done = firecurtain("check", "show.cfg", files={"show.cfg": "[mqtt mq]\nhost = a\n[loopback l]\n[map]\nl.a > mq.a/+\nl.b > mq.#connected\n"})
    assert "must not contain" in done.stdout + done.stderr and "cannot be set" in done.stdout + done.stderr


def test_it_reaches_its_server_and_nothing_else(play, served):
    """Names are looked up by the broker; the gate connects to the addresses of this one."""
    server = served()
    show = start(play, f"host = localhost:{server.port}\nclientid = fc-test", ["wire./a > mq.a"])
    peer = served.join(server)
    show.set("/a", 0.5)
    peer.expect_last("a", "0.500000")
    if os.getuid() == 0:
        (driver,) = named(show.pid, "fc-driver")
        assert os.readlink(f"/proc/{driver}/ns/net") != os.readlink("/proc/self/ns/net")
