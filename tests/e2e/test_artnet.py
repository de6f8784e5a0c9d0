# SPDX-License-Identifier: BSD-2-Clause
"""Art-Net in both directions, with peers that have code of their own."""

import os
import re
import shutil
import signal
import subprocess

import artnet
import control
import pytest
from waiting import until
from wire import free_port

pytestmark = [pytest.mark.one_setting]

OSC = "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n"


class Stage:
    """A show with Art-Net on a port of its own, and peers on other addresses of this host."""

    def __init__(self, play):
        self.port, self.peers = free_port(), []
        self.peer = self.join()
        self.play = play

    def join(self, host="127.0.0.1"):
        self.peers.append(artnet.Peer(self.port, host))
        return self.peers[-1]

    def text(self, instances, *maps):
        backend = f"[backend artnet]\nbind = 127.0.0.1 {self.port}\nbroadcast = 127.0.0.1 {self.peer.port}\n"
        return OSC + backend + instances.replace("PEER", f"127.0.0.1 {self.peer.port}") + "[map]\n" + "\n".join(maps) + "\n"

    def start(self, instances, *maps):
        return self.play(config=self.text(instances, *maps), ready=(), bound=(self.port,))


@pytest.fixture
def wired(play):
    made = Stage(play)
    yield made
    for peer in made.peers:
        peer.close()


@pytest.mark.smoke
def test_frames_both_ways(wired):
    show = wired.start("[artnet in]\nnet = 1\nuniverse = 0x23\n[artnet out]\nuni = 5\ndest = PEER\n",
                       "in.1 > wire./one", "in.2+3 > wire./pair", "in.512 > wire./last",
                       "wire./a > out.1", "wire./b > out.10+9", "in.4 > out.4")
    wired.peer.send(artnet.dmx(1, 0x23, [51, 0x12, 0x34]))
    show.expect("/one", 0.2)
    show.expect("/pair", 0x1234 / 65535)
    wired.peer.send(artnet.dmx(1, 0x23, [51, 0x12, 0x35] + [0] * 508 + [255]))
    show.expect("/pair", 0x1235 / 65535)
    show.expect("/last", 1)
    assert show.wire.waiting("/one") == []  # only changes are events
    wired.peer.send(artnet.dmx(1, 0x24, [99]))  # another universe
    wired.peer.send(artnet.dmx(1, 0x23, [0, 0x12, 0x35, 77]))
    show.expect("/one", 0)
    wired.peer.frame(0, 0, 0, 77, net=0, universe=5)
    show.set("/a", 0.5)
    show.set("/b", 0x1234 / 65535)
    frame = wired.peer.frame(128, 0, 0, 77, 0, 0, 0, 0, 0x34, 0x12, net=0, universe=5)
    assert len(frame["slots"]) == 512


def test_times_and_sequence_of_frames(wired):
    show = wired.start("[artnet out]\ndest = PEER\n", "wire./a > out.1")
    first = wired.peer.frame(0)
    for n in range(1, 200):
        show.set("/a", n / 255)
    busy = [first, *wired.peer.frames(1.5)]
    while busy[-1]["slots"][0] != 199:
        busy.append(wired.peer.frame())
    numbers = [frame["sequence"] for frame in busy]
    assert numbers == [n % 255 + 1 for n in range(numbers[0] - 1, numbers[0] - 1 + len(numbers))], "not one after the other from 1 to 255"
    assert len(busy) / (busy[-1]["at"] - busy[0]["at"] + 1 / 44) < 50
    wired.peer.frames(0.5)
    quiet = [wired.peer.frame(199) for _ in range(3)]
    assert quiet[2]["at"] - quiet[0]["at"] > 1.2, "frames that say nothing new come about once in 0.9 seconds"


def test_polls_are_answered_and_nodes_that_answer_get_frames(wired):
    show = wired.start("[artnet in]\nnet = 1\nuniverse = 0x23\n[artnet out]\nuniverse = 0x36\ndestination = auto\n",
                       "in.1 > wire./in", "wire./a > out.1")
    wired.peer.take(code=artnet.POLL)
    wired.peer.send(artnet.poll())
    answers = sorted((wired.peer.take(code=artnet.REPLY) for _ in range(2)), key=lambda answer: answer["name"])
    assert [(answer["name"], answer["net"], answer["subnet"], answer["output"], answer["type"]) for answer in answers] == [
        ("in", 1, 2, 3, 0x80), ("out", 0, 3, 6, 0xC0)]
    assert {answer["bind_index"] for answer in answers} == {1, 2}
    assert {(answer["ip"], answer["port"], answer["ports"], answer["status2"]) for answer in answers} == {("127.0.0.1", wired.port, 1, 8)}
    wired.peer.send(artnet.reply(wired.peer.port, 0, 3, [5, 6]))
    show.set("/a", 1)
    wired.peer.frame(255, universe=0x36)
    wired.peer.take(code=artnet.POLL)  # and so on


def test_status_says_that_no_node_wants_a_universe_and_that_one_never_came(wired):
    show = wired.start("[artnet in]\nuniverse = 2\n[artnet stage]\nuniverse = 7\ndestination = auto\n[artnet far]\nnet = 3\nuniverse = 4\ndestination = auto\n",
                       "in.1 > wire./in", "wire./a > stage.1", "wire./a > far.1")
    status = control.status(show)
    assert status["stage"]["detail"] == "no node wants universe 7: nothing is sent"
    assert status["far"]["detail"] == "no node wants universe 4 of net 3: nothing is sent"
    assert status["in"]["detail"] == "" and not status["in"]["heard_ms"]
    show.set("/a", 1)
    until(lambda: control.status(show)["stage"]["out"], "nothing is put out")

    def heard():
        table = control.run(show, "status", check=0).stdout.splitlines()
        return {line.split()[0]: line[:table[0].index("LAST HEARD") + len("LAST HEARD")].rsplit("  ", 1)[1].strip() for line in table[1:] if line}

    assert (heard()["in"], heard()["stage"]) == ("never", "-")
    wired.peer.take(code=artnet.POLL)
    wired.peer.send(artnet.reply(wired.peer.port, 0, 0, [7]))
    until(lambda: control.status(show)["stage"]["detail"] == "", "it says so for ever")
    assert control.status(show)["far"]["detail"]
    wired.peer.send(artnet.dmx(0, 2, [10]))
    show.expect("/in", 10 / 255)
    assert re.fullmatch(r"\d+ s ago", heard()["in"])


def test_two_consoles_do_not_flicker_and_the_second_takes_over(wired):
    show = wired.start("[artnet in]\n", "in.1 > wire./in", "in.alive > wire./alive", "in.sources > wire./sources")
    second, third = wired.join("127.0.0.2"), wired.join("127.0.0.3")
    wired.peer.send(artnet.dmx(0, 0, [10]))
    show.expect("/in", 10 / 255)
    show.expect("/alive", 1)
    for n in range(20):
        second.send(artnet.dmx(0, 0, [20]))
        wired.peer.send(artnet.dmx(0, 0, [10]))
    third.send(artnet.dmx(0, 0, [30]))
    show.log.wait("127.0.0.3 sends the same universe as 2 others and is ignored", "in", "warning")
    assert show.wire.waiting("/in") == []
    taken_over = until(lambda: second.send(artnet.dmx(0, 0, [20])) or show.wire.waiting("/in"), "the second does not take over")
    assert taken_over == [pytest.approx(20 / 255)]
    until(lambda: second.send(artnet.dmx(0, 0, [20])) or control.status(show)["in"]["detail"].startswith("receiving from 127.0.0.2"),
          "status does not say from where")
    show.wire.take("/alive")  # nobody sends any more
    show.log.wait("nobody sends the universe any more; it keeps its last values", "in", "warning")
    assert show.wire.waiting("/in") == taken_over


def test_held_until_sync(wired):
    show = wired.start("[artnet in]\n[artnet also]\nuniverse = 1\n", "in.1 > wire./in", "also.1 > wire./also")
    wired.peer.send(artnet.dmx(0, 0, [1]))
    wired.peer.send(artnet.dmx(0, 1, [1]))
    show.expect("/in", 1 / 255)
    show.expect("/also", 1 / 255)
    wired.peer.send(artnet.sync())
    wired.peer.send(artnet.dmx(0, 0, [2]))
    wired.peer.send(artnet.dmx(0, 0, [3]))
    wired.peer.send(artnet.dmx(0, 1, [4]))
    wired.peer.send(artnet.sync())
    show.expect("/in", 3 / 255)
    show.expect("/also", 4 / 255)
    wired.peer.send(artnet.dmx(0, 0, [5]))
    show.expect("/in", 5 / 255)  # four seconds later, though no sync came


def test_sync_follows_frames(wired):
    show = wired.start("[artnet out]\nsync = on\ndest = PEER\n[artnet also]\nuniverse = 1\nsync = on\ndest = PEER\n[artnet not]\nuniverse = 2\n"
                       "dest = PEER\n", "wire./a > out.1", "wire./a > also.1", "wire./b > not.1")
    show.set("/a", 1)
    frames = {wired.peer.frame(255)["universe"] for _ in range(2)}
    assert frames == {0, 1}
    wired.peer.take(code=artnet.SYNC)
    assert wired.peer.packets[-1] == artnet.sync()
    kinds = [artnet.decode(packet)["code"] for packet in wired.peer.packets]
    assert kinds.count(artnet.SYNC) < kinds.count(artnet.DMX), "one is enough for the frames of a turn"


def test_time_code(wired):
    show = wired.start("[artnet in]\n[artnet also]\nuniverse = 1\n", "in.timecode > wire./day", "also.timecode.hours > wire./hours",
                       "also.timecode.frames > wire./frames")
    other = wired.join("127.0.0.2")
    wired.peer.send(artnet.timecode(6, 0, 0, 0, 1))
    show.expect("/day", 0.25)
    show.expect("/hours", 6 / 255)
    other.send(artnet.timecode(7, 0, 0, 0, 1))  # two clocks do not make time jump
    wired.peer.send(artnet.timecode(6, 0, 0, 24, 1))
    show.expect("/frames", 0, 24 / 255)
    show.expect("/day", 0.25 + 24 / 25 / 86400)
    assert show.wire.waiting("/hours") == []


def test_a_new_configuration_keeps_the_socket_and_what_was_set(wired):
    show = wired.start("[artnet first]\n[artnet second]\nuniverse = 1\n[artnet out]\nuniverse = 2\ndest = PEER\n",
                       "first.1 > wire./first", "second.1 > wire./second", "wire./a > out.1", "wire./b > out.2")
    show.set("/a", 1)
    wired.peer.frame(255, 0)
    show.write("show.cfg", wired.text("[artnet second]\nuniverse = 1\n[artnet out]\nuniverse = 2\ndest = PEER\nrate = 40\n",
                                      "second.1+2 > wire./second", "wire./a > out.1", "wire./b > out.2"))
    os.kill(show.pid, signal.SIGHUP)
    until(lambda: "first" not in control.status(show), "the new configuration does not come")
    wired.peer.send(artnet.dmx(0, 1, [0x12, 0x34]))
    show.expect("/second", 0x1234 / 65535)  # by the socket that the first one opened
    show.set("/b", 1)
    wired.peer.frame(255, 255)  # of an instance with other options, which is made anew


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark, whose dissector is the judge")
def test_packets_as_others_take_them_apart(wired, tmp_path):
    show = wired.start("[artnet stage-left]\nnet = 0x12\nuniverse = 0x34\ndest = PEER\nsync = on\n[artnet polls]\ndest = auto\n",
                       "wire./a > stage-left.512")
    wired.peer.take(code=artnet.POLL)
    wired.peer.send(artnet.poll())
    for _ in range(2):
        wired.peer.take(code=artnet.REPLY)
    show.set("/a", 0.5)
    while wired.peer.take(code=artnet.DMX)["slots"][511] != 128:
        pass
    artnet.capture(tmp_path / "packets", wired.peer.packets)
    names = ["header.opcode", "header.protver", "output.universe", "output.length", "poll_reply.short_name", "poll_reply.netswitch",
             "poll_reply.subswitch", "poll_reply.swout_1", "poll_reply.port_types_1", "poll_reply.num_ports", "poll_reply.port_nr"]
    fields = [word for name in ["_ws.malformed", *(f"artnet.{name}" for name in names)] for word in ("-e", name)]
    done = subprocess.run(["tshark", "-r", tmp_path / "packets", "-T", "fields", *fields], check=True, text=True, stdout=subprocess.PIPE)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == len(wired.peer.packets) and not any(row[0] for row in rows)
    found = [dict(zip(names, row[1:], strict=True)) for row in rows]
    frames = [row for row in found if int(row["header.opcode"], 0) == artnet.DMX]
    assert frames and {(int(row["output.universe"], 0), int(row["output.length"])) for row in frames} == {(0x1234, 512)}
    answers = {row["poll_reply.short_name"]: row for row in found if int(row["header.opcode"], 0) == artnet.REPLY}
    left = answers["stage-left"]
    assert [int(left[name], 0) for name in names[5:10]] == [0x12, 3, 4, 0xC0, 1]
    assert int(left["poll_reply.port_nr"]) == wired.port
    assert {int(row["header.opcode"], 0) for row in found} == {artnet.POLL, artnet.REPLY, artnet.DMX, artnet.SYNC}


MALFORMED = [
    b"", b"Art-Net\0", b"Art-Net\0\0\x50", artnet.dmx(0, 0, [9, 9])[:-1], artnet.dmx(0, 0, [])[:17], artnet.dmx(0, 0, []),
    artnet.dmx(0, 0, [9] * 514), b"art-net\0" + artnet.dmx(0, 0, [9, 9])[8:], artnet.poll()[:-1], artnet.sync()[:-1],
    artnet.reply(1, 0, 0, [0])[:206], artnet.timecode(1, 2, 3, 4, 0)[:-1], artnet.timecode(24, 0, 0, 0, 0), b"\xff" * 1500, b"\0" * 2048,
]


def test_malformed_packets_are_dropped_and_counted(wired):
    show = wired.start("[artnet in]\n", "in.1 > wire./in")
    for _ in range(20):
        for packet in MALFORMED:
            wired.peer.send(packet)
    until(lambda: wired.peer.send(artnet.dmx(0, 0, [51])) or show.wire.waiting("/in"), "a sound frame is not received any more")
    show.expect("/in", 0.2)
    show.log.wait("malformed input dropped", "in", "warning")
    assert len(show.log.matching("malformed", "in")) <= 5


def test_mistakes_in_the_configuration(firecurtain):
    def errors(text):
        result = firecurtain("check", "show.cfg", files={"show.cfg": text})
        return result.returncode, result.stderr

    for text, error in [
        ("[artnet a]\nuniverse = 3\n[artnet b]\nuniverse = 0x03\n", "universe 3 of net 0 is that of the instance a already"),
        ("[artnet a]\nnet = 128\n", "net is a number from 0 to 127"),
        ("[artnet a]\nuniverse = 256\n", "universe is a number from 0 to 255"),
        ("[artnet a]\ninterface = 1\n", "there are only 1 binds"),
        ("[backend artnet]\nbind = 0.0.0.0 announce=here\n", "does not name an IPv4 address"),
        ("[artnet a]\nmerge = lowest\n", "merge is first, htp, ltp or off"),
        ("[artnet a]\n[loopback l]\n[map]\na.513 > l.x\n", "is not a channel"),
        ("[artnet a]\n[loopback l]\n[map]\na.1+2 > l.x\na.2 > l.y\n", "channel 2 is part of the pair 1+2"),
        ("[artnet a]\n[loopback l]\n[map]\nl.x > a.alive\n", "cannot be set"),
    ]:
        code, said = errors(text)
        assert code == 78 and error in said, (text, said)
    assert errors("[artnet a]\n[backend artnet]\nnet = 1\n[artnet b]\n[artnet c]\nnet = 2\n[backend artnet]\nnet = 3\n[artnet d]\n") == (0, "")
    code, said = errors("[artnet a]\n[backend artnet]\nnet = 1\n[artnet b]\n[artnet c]\nnet = 1\n")
    assert code == 78 and "universe 0 of net 1 is that of the instance b already" in said
    assert errors("[backend artnet]\nbind = 0.0.0.0\nbind = 127.0.0.1 6455 announce=10.0.0.1\nnet = 1\ndetect = on\n"
                  "[artnet a]\nuni = 010\n[artnet b]\niface = 1\nuni = 8\ndest = localhost\nrealtime = 1\n") == (0, "")
