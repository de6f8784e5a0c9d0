# SPDX-License-Identifier: BSD-2-Clause
"""sACN with OLA at the other end of a network, as a console and as the judge of priorities; and IPv6."""

import re
import socket
import subprocess

import artnet
import ola
import osc
import pytest
import sacn
from waiting import PATIENCE, until

pytestmark = [*ola.NEEDED]

SHOW = """
[backend sacn]
bind = 10.9.0.1
bind = :: 5568 device=cable
[sacn from-ola]
universe = 1
[sacn to-ola]
universe = 2
priority = 90
[sacn six]
universe = 0x1234
interface = 1
priority = 100
[map]
from-ola.1 > to-ola.4
from-ola.alive > to-ola.5
six.1 > six.2
"""
CONSOLE = """
[backend sacn]
bind = 10.9.0.{host}
name = {name}
[sacn console]
universe = {universe}
priority = {priority}
[loopback fader]
[map]
fader.x > console.1
"""
VANISHING = """
from-ola.1 > also.1
other.a > other.b
[backend artnet]
bind = 0.0.0.0
[artnet also]
destination = 10.9.0.2
[loopback other]
"""
KNOBS = """
[backend sacn]
bind = * 5568 local

; knobs and buttons, of which some have the same channels
[osc lc]
bind = * 8000

[sacn out]
universe = 2
priority = 100

[map]

lc./cc/{0..15} > out.{1..16}
lc./note/{0..7} > out.{1..8}
"""


def number_of_cable(networks):
    """Returns the number of the cable's other end in their network."""
    listed = subprocess.run(["ip", "-n", networks.names[1], "-o", "link", "show", "cable"], check=True, text=True, stdout=subprocess.PIPE)
    return int(listed.stdout.split(":")[0])


def console(networks, name, universe, priority, value, host=3, side=1):
    made = networks.broker(name, CONSOLE.format(name=name, universe=universe, priority=priority, host=host), side)
    made.emit("fader.x", value)
    return made


@pytest.fixture
def judge(networks):
    made = ola.Ola(networks, "e131", "E1.31", "ip = 10.9.0.2\ninput_ports = 4\noutput_ports = 4\n")
    made.sends(1)
    made.receives(2, 0)
    made.receives(3, 1)
    return made


def test_frames_to_and_from_ola_and_a_second_console_that_takes_over(networks, judge):
    show, recorded = networks.broker("show", SHOW), judge.record(2)
    second = console(networks, "second", 1, 90, 1)
    until(lambda: recorded()[-1:] and recorded()[-1][3] == 255, "OLA does not get what we receive")
    first = judge.play(1, "77,5,6")  # with its usual priority, which is 100
    until(lambda: recorded()[-1][3] == 77, "OLA does not get back what it has sent")
    values = show.follow("from-ola.1")
    until(lambda: show.detail("from-ola").startswith("receiving from 2 sources"), "status does not have both consoles")
    begin = len(recorded())
    second.emit("fader.x", 0.5)  # nobody cares
    judge.pull(first)
    until(lambda: recorded()[-1][3] == 128, "the second console does not take over")
    assert {frame[3] for frame in recorded()[begin:]} <= {77, 128}
    until(lambda: values()[-1] > 0.5, "the watch ends")
    assert [round(value * 255) for value in values()] == [77, 128], "the universe flickers"
    second.pull()
    until(lambda: show.detail("from-ola").startswith("lost for "), "nobody notices that the second console is gone")


def test_ola_heeds_our_priority_and_the_end_of_our_stream(networks, judge):
    recorded = judge.record(3)
    low = console(networks, "low", 3, 100, 0.2, host=1, side=0)
    until(lambda: recorded()[-1:] and recorded()[-1][0] == 51, "OLA does not receive us")
    high = console(networks, "high", 3, 150, 0.4, host=1, side=0)
    until(lambda: recorded()[-1][0] == 102, "OLA does not heed our priority")
    begin = len(recorded())
    low.emit("fader.x", 0.6)
    high.emit("fader.x", 0.8)
    until(lambda: recorded()[-1][0] == 204, "OLA does not receive us any more")
    assert 153 not in [frame[0] for frame in recorded()[begin:]]
    high.process.terminate()
    until(lambda: recorded()[-1][0] == 153, "OLA does not go back to the other source")


def test_knobs_and_buttons(networks, judge):
    hearing, knobs = (networks.socket(0, socket.AF_INET) for _ in range(2))
    hearing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    hearing.bind(("", 5568))
    hearing.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(sacn.group(2)) + socket.inet_aton("10.9.0.1"))
    hearing.settimeout(PATIENCE)
    recorded = judge.record(2)
    networks.broker("knobs", KNOBS)

    def turn(path, value):
        knobs.sendto(osc.encode(path, "f", [value]), ("127.0.0.1", 8000))

    for n in range(16):
        turn(f"/cc/{n}", 0.2)
    until(lambda: recorded()[-1:] and recorded()[-1][:17] == [51] * 16 + [0], "OLA does not get the knobs")
    turn("/note/7", 1)
    until(lambda: recorded()[-1][:9] == [51] * 7 + [255, 51], "OLA does not get the buttons")
    while sacn.decode(hearing.recv(2048))["slots"][:9] != bytes([51] * 7 + [255, 51]):
        pass  # a program on the machine of the show hears it as well


def test_ipv6(networks):
    networks.broker("show", SHOW)
    index = number_of_cable(networks)
    hearing, sending = (networks.socket(1, socket.AF_INET6) for _ in range(2))
    group = socket.inet_pton(socket.AF_INET6, sacn.group(0x1234, socket.AF_INET6))
    hearing.bind(("::", 5568))
    hearing.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + index.to_bytes(4, "little"))
    hearing.settimeout(1)
    sending.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    peer = sacn.Console(5568, sending=sending, family=socket.AF_INET6)

    def answered():
        peer.send(0x1234, 99)
        try:
            return sacn.decode(hearing.recv(2048))["slots"][:2] == bytes([0, 99])
        except TimeoutError:
            return False

    until(answered, "what came by IPv6 does not go out by IPv6")


def test_a_network_that_is_missing_comes_and_vanishes_and_comes_back(networks):
    networks.unplug()
    show = networks.broker("show", SHOW + VANISHING, is_complete=False)

    def heard(value):
        first, second = (sacn.Console(5568, sending=networks.socket(1, family), family=family) for family in (socket.AF_INET, socket.AF_INET6))
        second.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, number_of_cable(networks))
        lights = networks.socket(1, socket.AF_INET)
        lights.bind(("", 6454))
        lights.settimeout(PATIENCE)

        def comes():
            first.send(1, value)
            second.send(0x1234, value)
            return {show.get("from-ola.1"), show.get("six.1")} == {value}
        until(comes, lambda: f"{value} does not come: {show.get('from-ola.1')}, {show.get('six.1')}\n{show.log.read_text()}")
        while artnet.decode(lights.recv(2048)).get("slots", b"")[:1] != bytes([value]):
            pass
        lights.close()

    def told():
        """What the log has said of each bind, in turn: that it fails, or works again."""
        lines = re.findall(r"^\S+ \w+ (\S+) .*(tried on|works again)", show.log.read_text(), re.M)
        return [[what for name, what in lines if name in names] for names in ({"from-ola", "to-ola"}, {"six"}, {"also"})]

    networks.plug()
    heard(10)
    until(lambda: "tried on" not in [said[-1] for said in told() if said], "nobody notices that the network is there")
    alive = show.follow("from-ola.alive")
    networks.unplug()
    until(lambda: [said[-1:] for said in told()] == [["tried on"]] * 3, "nobody notices that the network is gone")
    for n in range(1, 6):
        show.emit("other.a", n / 255)
        until(lambda: show.get("other.b") == n, "others do not go on")
    until(lambda: alive()[-1:] == [0], "the channel does not say that the network is gone")
    networks.plug()
    heard(20)
    until(lambda: [said[-1] for said in told()] == ["works again"] * 3, "nobody notices that the network is back")
    for said in told():
        assert all(one != next_one for one, next_one in zip(said, said[1:], strict=False)), f"it is said more than once: {said}"
