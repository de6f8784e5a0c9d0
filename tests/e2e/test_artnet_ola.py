# SPDX-License-Identifier: BSD-2-Clause
"""Art-Net with OLA at the other end of a network: it sends only to nodes that answered its polls, and is found by ours."""

import socket

import ola
import osc
import pytest
from waiting import until

pytestmark = [*ola.NEEDED]

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
from-ola.timecode.hours > to-ola.5
from-ola.timecode.minutes > to-ola.6
from-ola.timecode.seconds > to-ola.7
from-ola.timecode.frames > to-ola.8
from-ola.timecode.type > to-ola.9
"""
CONSOLE = """
[backend artnet]
bind = 10.9.0.3 6455
[artnet console]
universe = 1
destination = 10.9.0.1
[loopback fader]
[map]
fader.x > console.1
"""
FADERS = """
[backend artnet]
bind = * 6454
net = 0

; faders of a tablet
[osc touch]
bind = * 8000
dest = learn@8001

[artnet out]
uni = 2
destination = 255.255.255.255

[map]
touch./4/multifader1/{1..24} > out.{1..24}
out.{25..47} < touch./4/multifader2/{1..23}
out.48 < touch./4/multifader2/24
"""


@pytest.fixture
def judge(networks):
    made = ola.Ola(networks, "artnet", "ArtNet", "ip = 10.9.0.2\nalways_broadcast = false\n")
    made.sends(1)
    made.receives(2)
    return made


def test_frames_time_and_a_second_console_that_takes_over(networks, judge):
    show, recorded = networks.broker("show", SHOW), judge.record(2)
    first = judge.play(1, "77,5,6")
    until(lambda: [0, 0, 0, 77] in [frame[:4] for frame in recorded()], "OLA does not get back what it has sent")
    values = show.follow("from-ola.1")
    second = networks.broker("second", CONSOLE, side=1)
    second.emit("fader.x", 1)
    until(lambda: show.detail("from-ola").startswith("receiving from 2 sources"), "the second console is not heard")
    until(lambda: judge.run("ola_timecode", "-f", "SMPTE", "11:22:33:14") is not None and recorded()[-1][3:9] == [77, 11, 22, 33, 14, 3],
          "OLA's time code does not come back")
    judge.pull(first)
    until(lambda: recorded()[-1][3] == 255, "the second console does not take over")
    until(lambda: values()[-1] == 1, "the watch ends")
    assert [round(value * 255) for value in values()] == [77, 255], "the universe flickers"
    assert {frame[3] for frame in recorded()} <= {0, 77, 255}
    second.pull()
    until(lambda: show.detail("from-ola").startswith("lost for "), "nobody notices that the second console is gone")


def test_faders_by_broadcast(networks, judge):
    networks.broker("faders", FADERS)
    recorded, tablet = judge.record(2), networks.socket(0, socket.AF_INET)
    for page, level in ((1, 0.2), (2, 0.4)):
        for n in range(1, 25):
            tablet.sendto(osc.encode(f"/4/multifader{page}/{n}", "f", [level]), ("127.0.0.1", 8000))
    until(lambda: recorded()[-1:] and recorded()[-1][:49] == [51] * 24 + [102] * 24 + [0], "OLA does not get the faders")
