# SPDX-License-Identifier: BSD-2-Clause
"""sACN and Art-Net with packages of npm at the other end of a network, as consoles and as receivers."""

import ola
from waiting import until

pytestmark = [*ola.NEEDED[1:]]

SACN = """
[backend sacn]
bind = 10.9.0.1
name = Stage left
[sacn in]
universe = 1
[sacn out]
universe = 0x102
priority = 150
[map]
in.1 > out.4
in.512 > out.5
"""
ARTNET = """
[backend artnet]
bind = 0.0.0.0
broadcast = 10.9.0.255
[artnet in]
net = 1
universe = 0x23
[artnet out]
universe = 0x12
destination = auto
[map]
in.1 > out.4
in.512 > out.5
"""


def test_sacn_of_consoles_with_priorities(networks, judge_by):
    show = networks.broker("show", SACN)
    judge = judge_by("sacn", "10.9.0.2", 0x102, launcher=networks.theirs)

    def receives(*slots):
        judge.wait("packet", lambda universe, priority, name, values: values[3:5] == list(slots))

    receives(0, 0)
    judge.tell("send", "low", 1, 100, {1: 20, 512: 255})
    receives(20, 255)
    judge.tell("send", "high", 1, 150, {1: 77})
    receives(77, 0)
    until(lambda: show.detail("in").startswith("receiving from 2 sources"), "status does not have both consoles")
    begin = len(judge.all("packet"))
    judge.tell("send", "low", 1, 100, {1: 33})  # nobody cares
    judge.tell("send", "high", 1, 150, {1: 88, 2: 1})
    receives(88, 0)
    assert {values[3] for *_, values in judge.all("packet")[begin:]} <= {77, 88}
    judge.tell("end", "high")
    receives(33, 0)
    assert {tuple(packet[:3]) + (len(packet[3]),) for packet in judge.all("packet")} == {(0x102, 150, "Stage left", 512)}
    assert not judge.all("fault")


def test_artnet_with_a_node_that_answers_polls(networks, judge_by):
    show = networks.broker("show", ARTNET)
    judge = judge_by("dmxnet", "10.9.0.2", "10.9.0.1", launcher=networks.theirs)
    judge.tell("set", 1, 77)
    judge.tell("set", 512, 255)
    judge.wait("frame", lambda slots: slots[:6] == [0, 0, 0, 77, 255, 0])
    assert {len(slots) for slots, in judge.all("frame")} == {512}
    judge.tell("set", 1, 78)
    judge.wait("frame", lambda slots: slots[3:5] == [78, 255])
    assert show.detail("in").startswith("receiving from 10.9.0.2")
