# SPDX-License-Identifier: BSD-2-Clause
"""RTP-MIDI in both modes, with a peer that has code of its own, and of two shows over a network that loses packets."""

import itertools
import shutil
import subprocess

import control
import pytest
import rtpmidi
from waiting import until

pytestmark = [pytest.mark.one_setting]

OSC = "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n"


class Stage:
    """A show with an instance `midi`, and a peer."""

    def __init__(self, play):
        self.play = play
        self.peer = rtpmidi.Peer()
        self.port = rtpmidi.free_ports() + 1
        self.relays = []

    def start(self, options, *maps, backend=""):
        text = OSC + (f"[backend rtpmidi]\n{backend}\n" if backend else "") + f"[rtpmidi midi]\n{options}\nbind = 127.0.0.1 {self.port}\n"
        return self.play(config=text.replace("PEER", f"127.0.0.1 {self.peer.port}") + "[map]\n" + "\n".join(maps) + "\n",
                         ready=(), bound=(self.port, self.port - 1) if "apple" in options else (self.port,))

    def relay(self, port):
        self.relays.append(rtpmidi.Relay(port))
        return self.relays[-1]


@pytest.fixture
def wired(play):
    made = Stage(play)
    yield made
    for each in [made.peer, *made.relays]:
        each.close()


def both_ways(*channels):
    """Maps channels to OSC and back: `ch0.cc7` from and to `/ch0.cc7`."""
    return [f"midi.{channel} > wire./{channel}" for channel in channels] + [f"wire./{channel} > midi.{channel}" for channel in channels]


def becomes(show, path, value):
    """Waits until the last value on a path is this one."""
    until(lambda: show.wire.waiting(path)[-1:] == [pytest.approx(value, abs=1e-4)], lambda: f"{path} is {show.wire.waiting(path)}, not {value}")


@pytest.mark.smoke
def test_a_session_in_which_somebody_joins(wired):
    channels = ["ch0.cc7", "ch1.note60", "ch15.pitch", "ch2.program", "ch3.aftertouch", "ch4.pressure9", "ch5.nrpn900"]
    show = wired.start("join = *\nmode = apple\nnote-off = on", *both_ways(*channels), "midi.alive > wire./alive")
    peer = wired.peer
    answers = peer.join(wired.port)
    assert [(found["token"], found["name"]) for found in answers] == [(0x11, "midi")] * 2
    assert answers[0]["ssrc"] == answers[1]["ssrc"] != 0
    becomes(show, "/alive", 1)
    for channel, value, commands in [
            ("ch0.cc7", 64 / 127, b"\xb0\x07\x40"), ("ch1.note60", 100 / 127, b"\x91\x3c\x64"), ("ch15.pitch", 0.5, b"\xef\x00\x40"),
            ("ch2.program", 5 / 127, b"\xc2\x05"), ("ch3.aftertouch", 1, b"\xd3\x7f"), ("ch4.pressure9", 1 / 127, b"\xa4\x09\x01")]:
        show.set(f"/{channel}", value)
        assert peer.heard(commands)["ssrc"] == answers[0]["ssrc"]
        peer.play(commands)
        show.expect(f"/{channel}", value)
    show.set("/ch1.note60", 0)
    peer.heard(b"\x81\x3c\x40")
    show.set("/ch5.nrpn900", 1)
    peer.heard(b"\xb5\x63\x07\0\x62\x04\0\x06\x7f\0\x26\x7f\0\x65\x7f\0\x64\x7f")
    peer.play(b"\xb5\x63\x07\0\x62\x04\0\x06\x7f\0\x26\x7f\0\xf8\0\x91\x3c\x7f")
    show.expect("/ch5.nrpn900", 1)
    show.expect("/ch1.note60", 1)
    assert control.status(show)["midi"]["detail"].startswith(f"peer at 127.0.0.1:{peer.port}")
    assert "midi.ch0.cc7" in control.run(show, "get", "midi.ch0.cc7", check=0).stdout
    peer.take(b"RS", sequence=peer.sequence)
    peer.send(rtpmidi.invitation(b"BY", 0x11), data=False)
    becomes(show, "/alive", 0)
    becomes(show, "/ch1.note60", 0)  # nobody else can end it
    show.log.wait(f'"peer" at 127.0.0.1:{peer.port} has left', "midi", "warning")


def test_a_peer_that_is_invited_is_missing_comes_and_goes(wired):
    peer = wired.peer
    peer.is_answering = False
    show = wired.start("peer = PEER\nmode = apple", *both_ways("ch0.cc7"), "midi.alive > wire./alive", "wire./a > wire./b")
    show.set("/ch0.cc7", 1)
    tokens = {peer.take(b"IN", data=False)["token"] for _ in range(4)}
    assert len(tokens) == 1
    show.log.wait(f"127.0.0.1:{peer.port} does not answer the invitation; still inviting it", "midi", "warning")
    assert "missing" in control.status(show)["midi"]["detail"]
    show.set("/a", 0.5)
    show.expect("/b", 0.5)  # which costs nobody else an event
    peer.is_answering = True
    first, second = peer.take(b"IN", data=False), peer.take(b"IN", data=True)
    assert first["token"] == second["token"] in tokens and first["name"] == "midi"
    peer.heard(b"\xb0\x07\x7f")  # what was set before
    for _ in range(3):
        asked = peer.take(b"CK", count=0, data=True)
        assert peer.take(b"CK", count=2)["times"][:2] == [asked["times"][0], 7]
    peer.play(b"\xb0\x07\x40")
    show.expect("/ch0.cc7", 64 / 127)
    peer.send(rtpmidi.invitation(b"BY", first["token"]))  # on the data port
    show.log.wait("has left", "midi", "warning")
    assert peer.take(b"IN", data=False)["token"] != first["token"]
    until(lambda: peer.receive(0.1) and len(show.log.matching("is connected", "midi")) == 2, "no second session")
    show.stop()
    peer.take(b"BY", data=False)
    assert len(show.log.matching("does not answer", "midi")) == 1


def test_others_are_refused(wired):
    show = wired.start("join = friend\nmode = apple", *both_ways("ch0.cc7"))
    peer = wired.peer
    peer.show = ("127.0.0.1", wired.port - 1)
    peer.send(rtpmidi.invitation(b"IN", 5, name="foe"), data=False)
    assert peer.take(b"NO")["token"] == 5
    peer.send(rtpmidi.invitation(b"IN", 5, name="foe"))
    peer.take(b"NO", data=True)
    peer.play(b"\xb0\x07\x40")
    peer.send(rtpmidi.clock(0, [1, 0, 0]))
    peer.join(wired.port, name="friend")
    peer.play(b"\xb0\x07\x7f")
    show.expect("/ch0.cc7", 1)
    assert not [found for found in peer.taken if found["command"] == b"CK"]


def test_direct(wired):
    show = wired.start("ssrc = 0x1234\nlearn = true\nmode = direct", *both_ways("ch0.cc7"), "midi.alive > wire./alive", backend="detect = on")
    peer = wired.peer
    peer.show = ("127.0.0.1", wired.port - 1)
    peer.play(b"\xb0\x07\x40")
    show.expect("/ch0.cc7", 64 / 127)
    show.log.wait("received ch0.cc7 = 0.5", "midi")
    becomes(show, "/alive", 1)
    show.set("/ch0.cc7", 1)
    assert peer.heard(b"\xb0\x07\x7f")["ssrc"] == 0x1234
    peer.play(b"\xb0\x07\0", b"\x20\0\2\0\x06\x08\x01\xf0\x3c\xc0", skip=1)
    show.expect("/ch0.cc7", 0)


def test_two_shows_and_packets_that_are_lost(wired, play):
    """Every other packet is lost at first, and then all; their values arrive with the next one that is not."""
    there = wired.start("mode = apple\njoin = *", *both_ways("ch0.cc7", "ch0.cc8", "ch0.note{0..9}", "ch1.pitch", "ch2.program", "ch3.aftertouch",
                                                             "ch4.pressure0"))
    relay = wired.relay(wired.port)
    here = play(config=f"{OSC}[rtpmidi midi]\nmode = apple\npeer = 127.0.0.1 {relay.port}\n[map]\n" + "\n".join(
        both_ways("ch0.cc7", "ch0.cc8", "ch0.note{0..9}", "ch1.pitch", "ch2.program", "ch3.aftertouch", "ch4.pressure0")) + "\n", ready=())
    here.log.wait("is connected", "midi")
    count = itertools.count()
    relay.loses = lambda packet: next(count) % 2
    for n in range(1, 21):
        here.set("/ch0.cc7", n / 127)
        here.set(f"/ch0.note{n % 10}", n / 127)
    until(lambda: here.set("/ch0.cc8", 1) or 20 / 127 in map(pytest.approx, there.wire.waiting("/ch0.cc7")), "a controller is not made up for")
    relay.loses = lambda packet: True
    for path, value in [("/ch1.pitch", 0.25), ("/ch2.program", 3 / 127), ("/ch3.aftertouch", 1), ("/ch4.pressure0", 9 / 127), ("/ch0.note5", 0)]:
        lost = relay.n_lost
        here.set(path, value)
        until(lambda lost=lost: relay.n_lost > lost, "no packet")
    relay.loses = lambda packet: False
    here.set("/ch0.cc7", 1)
    for path, value in [("/ch1.pitch", 0.25), ("/ch2.program", 3 / 127), ("/ch3.aftertouch", 1), ("/ch4.pressure0", 9 / 127), ("/ch0.note5", 0),
                        ("/ch0.cc7", 1)]:
        becomes(there, path, value)
    there.set("/ch0.cc7", 32 / 127)  # and back
    becomes(here, "/ch0.cc7", 32 / 127)


FIELDS = ["applemidi.command", "applemidi.protocol_version", "applemidi.initiator_token", "applemidi.sender_ssrc", "applemidi.name",
          "applemidi.count", "applemidi.timestamp1", "applemidi.rtp_sequence_number", "rtp.version", "rtp.p_type", "rtp.seq", "rtp.ssrc",
          "rtp.marker", "rtpmidi.cmd_length_long", "rtpmidi.channel", "rtpmidi.controller", "rtpmidi.controller_value", "rtpmidi.note",
          "rtpmidi.velocity", "rtpmidi.program", "rtpmidi.pitch_bend", "rtpmidi.check_Seq_num", "rtpmidi.chanjour_channel",
          "rtpmidi.cmd_chanjour_len", "rtpmidi.cj_chapter_p_program", "rtpmidi.cj_chapter_c_number", "rtpmidi.cj_chapter_c_value",
          "rtpmidi.cj_chapter_w_first", "rtpmidi.cj_chapter_w_second", "rtpmidi.cj_chapter_n_log_note", "rtpmidi.cj_chapter_n_log_velocity",
          "rtpmidi.cj_chapter_n_log_yflag", "rtpmidi.cj_chapter_n_low", "rtpmidi.cj_chapter_n_high", "rtpmidi.cj_chapter_n_log_octet",
          "rtpmidi.cj_chapter_t_pressure", "rtpmidi.cj_chapter_a_log_note", "rtpmidi.cj_chapter_a_log_pressure"]


def taken_apart(path):
    """What tshark says of a capture, a dictionary for each packet."""
    fields = [word for name in ["_ws.malformed", *FIELDS] for word in ("-e", name)]
    done = subprocess.run(["tshark", "-r", path, "-T", "fields", *fields], check=True, text=True, stdout=subprocess.PIPE)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows and not any(row[0] for row in rows)
    return [{name: value for name, value in zip(FIELDS, row[1:], strict=True) if value} for row in rows]


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark, whose dissectors are the judge")
def test_packets_as_others_take_them_apart(wired, tmp_path):
    channels = ["ch1.cc7", "ch1.note60", "ch1.note61", "ch1.pitch", "ch1.program", "ch1.aftertouch", "ch1.pressure60"]
    show = wired.start("peer = PEER\nmode = apple\nssrc = 0xDEADBEEF\nnote-off = on", *both_ways(*channels))
    peer = wired.peer
    peer.take(b"CK", count=2)
    for path, value, commands in [
            ("/ch1.program", 5 / 127, b"\xc1\x05"), ("/ch1.note60", 1, b"\x91\x3c\x7f"), ("/ch1.note61", 1, b"\x91\x3d\x7f"),
            ("/ch1.note61", 0, b"\x81\x3d\x40"), ("/ch1.pitch", 1, b"\xe1\x7f\x7f"), ("/ch1.aftertouch", 2 / 127, b"\xd1\x02"),
            ("/ch1.pressure60", 3 / 127, b"\xa1\x3c\x03"), ("/ch1.cc7", 4 / 127, b"\xb1\x07\x04"), ("/ch1.cc7", 5 / 127, b"\xb1\x07\x05")]:
        show.set(path, value)
        last = peer.heard(commands)
    peer.play(b"\xb1\x07\x06")
    peer.take(b"RS")
    show.stop()
    peer.take(b"BY")
    rtpmidi.capture(tmp_path / "packets", peer.packets)
    rows = [row for row, packet in zip(taken_apart(tmp_path / "packets"), peer.packets, strict=True) if packet[2]]
    sessions = [row for row in rows if "applemidi.command" in row]
    assert {row["applemidi.sender_ssrc"] for row in sessions} == {"0xdeadbeef"}
    kinds = [bytes.fromhex(f"{int(row['applemidi.command'], 0):04x}") for row in sessions]
    assert set(kinds) == {b"IN", b"CK", b"RS", b"BY"}
    invitations = [row for row, kind in zip(sessions, kinds, strict=True) if kind == b"IN"]
    assert {row["applemidi.name"] for row in invitations} == {"midi"}
    assert {row["applemidi.protocol_version"] for row in invitations} == {"2"}
    assert len({row["applemidi.initiator_token"] for row in invitations}) == 1
    played = [row for row in rows if "rtp.version" in row]
    assert {(row["rtp.version"], row["rtp.p_type"], row["rtp.ssrc"], row["rtp.marker"]) for row in played} == {("2", "97", "0xdeadbeef", "1")}
    assert [int(row["rtp.seq"]) for row in played] == [(int(played[0]["rtp.seq"]) + n) & 0xFFFF for n in range(len(played))]
    row = next(row for row in played if int(row["rtp.seq"]) == last["sequence"])
    assert (row["rtpmidi.controller"].split(",")[0], row["rtpmidi.controller_value"]) == ("7", "5")
    assert int(row["rtpmidi.check_Seq_num"]) == int(played[0]["rtp.seq"])
    journal = {name.removeprefix("rtpmidi."): int(value, 0) for name, value in row.items() if "cj_chapter" in name}
    assert journal == {
        "cj_chapter_p_program": 5, "cj_chapter_c_number": 7, "cj_chapter_w_first": 0x7F, "cj_chapter_w_second": 0x7F,
        "cj_chapter_n_log_note": 60, "cj_chapter_n_log_velocity": 127, "cj_chapter_n_log_yflag": 1, "cj_chapter_n_low": 7,
        "cj_chapter_n_high": 7, "cj_chapter_n_log_octet": 4, "cj_chapter_t_pressure": 2, "cj_chapter_a_log_note": 60,
        "cj_chapter_a_log_pressure": 3, "cj_chapter_c_value": 4}


def malformed():
    sound = rtpmidi.rtp(9, b"\xb0\x07\x40")
    return [b"", b"\xff\xff", b"\xff\xffIN", b"\xff\xffXX" + bytes(40), rtpmidi.clock(3, [0, 0, 0]), rtpmidi.invitation(b"IN", 1)[:15],
            b"\0" * 64, sound[:12], sound[:-1], rtpmidi.rtp(1, b"\x07\x40"), rtpmidi.rtp(2, b"\xf0\x01"), b"\x8f" + sound[1:],
            rtpmidi.rtp(4, b"\xb0\x07\x41", b"\x2f\0\0"), b"\xff" * 1500, bytes(30000)]


def test_malformed_packets_are_dropped_and_counted(wired):
    show = wired.start("mode = apple\njoin = *", *both_ways("ch0.cc7"))
    peer = wired.peer
    peer.join(wired.port)
    peer.play(b"\xb0\x07\x01")
    show.expect("/ch0.cc7", 1 / 127)
    for _ in range(20):
        for packet in malformed():
            peer.send(packet)
            peer.send(packet, data=False)
    peer.sequence = 1000
    until(lambda: peer.play(b"\xb0\x07\x7f") or 1 in show.wire.waiting("/ch0.cc7"), "a sound packet is not received any more")
    show.log.wait("malformed input dropped", "midi", "warning")
    assert len(show.log.matching("malformed", "midi")) <= 5


def test_mistakes_in_the_configuration(firecurtain):
    def findings(text):
        result = firecurtain("check", "show.cfg", files={"show.cfg": text})
        return result.returncode, result.stdout + result.stderr

    for text, status, said in [
            ("[rtpmidi a]\npeer = h 5\n", 78, "mode = apple or mode = direct is missing"),
            ("[rtpmidi a]\nmode = apples\n", 78, "mode is direct or apple"),
            ("[rtpmidi a]\nmode = apple\njoin = *\nbind = :: 1\n", 78, "port 1 is too low"),
            ("[rtpmidi a]\nmode = apple\npeer = h 65535\n", 78, "port 65535 is too high"),
            ("[rtpmidi a]\nmode = apple\njoin = *\nbind = :: 9\n[rtpmidi b]\nmode = direct\nlearn = true\nbind = :: 8\n", 78,
             "port 8 is bound by the instance a as well"),
            ("[rtpmidi a]\nmode = direct\nlearn = true\nssrc = 0\n", 78, "ssrc is a number from 1"),
            ("[rtpmidi a]\nlearn = true\nmode = direct\n[loopback l]\n[map]\na.ch16.cc1 > l.x\n", 78, "ch16"),
            ("[rtpmidi a]\nmode = direct\n", 0, "set peer = HOST PORT, or learn = true"),
            ("[rtpmidi a]\nmode = apple\n", 0, "or join = *"),
            ("[rtpmidi a]\nmode = apple\njoin = *\nlearn = true\n", 0, "learn has no effect"),
            ("[rtpmidi a]\nmode = apple\njoin = *\ninvite = *\n", 0, "write peer = HOST PORT"),
            ("[backend rtpmidi]\nmdns-name = stage\n", 0, "let Avahi announce the session"),
            ("[backend rtpmidi]\ndetect = on\n[rtpmidi a]\nbind = 0.0.0.0 9301\nmode = apple\npeer = h 5004\npeer = i 6\nepn-tx = short\n", 0, "")]:
        found = findings(text)
        assert found[0] == status and said in found[1], (text, found)
