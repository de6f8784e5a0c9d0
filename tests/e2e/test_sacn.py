# SPDX-License-Identifier: BSD-2-Clause
"""sACN in both directions, by multicast and unicast on the loopback device, with peers that have code of their own."""

import os
import re
import shutil
import signal
import subprocess
import uuid

import artnet
import control
import pytest
import sacn
from waiting import one_in_time, until
from wire import free_port

pytestmark = [pytest.mark.one_setting]

OSC = "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n"


class Stage:
    """A show with sACN on a port of its own, and consoles and receivers around it."""

    def __init__(self, play):
        self.port, self.peers, self.play = free_port(), [], play

    def console(self, name="a console", priority=100):
        self.peers.append(sacn.Console(self.port, name, priority))
        return self.peers[-1]

    def receiver(self, *universes):
        self.peers.append(sacn.Receiver(self.port, *universes))
        return self.peers[-1]

    def text(self, instances, *maps, backend=""):
        return OSC + f"[backend sacn]\nbind = 127.0.0.1 {self.port} local\n{backend}\n{instances}\n[map]\n" + "\n".join(maps) + "\n"

    def start(self, instances, *maps, backend="", **how):
        show = self.play(config=self.text(instances, *maps, backend=backend), ready=(), bound=(self.port,), **how)
        until(lambda: all(each["state"] == "running" for each in control.status(show).values()), "not all groups are joined")
        return show


@pytest.fixture
def wired(play):
    made = Stage(play)
    yield made
    for peer in made.peers:
        peer.close()


def detail(show, instance):
    return control.status(show)[instance]["detail"]


@pytest.mark.smoke
def test_frames_both_ways(wired):
    receiver = wired.receiver(5)
    show = wired.start("[sacn in]\nuniverse = 7\n[sacn out]\nuniverse = 5\npriority = 120\n[sacn direct]\nuniverse = 8\nunicast = 1\n",
                       "in.1 > wire./one", "in.2+3 > wire./pair", "in.512 > wire./last", "direct.1 > wire./direct",
                       "wire./a > out.1", "wire./b > out.10+9", "in.4 > out.4", backend="name = Stage left")
    console = wired.console()
    console.send(7, 51, 0x12, 0x34)
    show.expect("/one", 0.2)
    show.expect("/pair", 0x1234 / 65535)
    console.send(7, 51, 0x12, 0x35, *[0] * 508, 255)
    show.expect("/pair", 0x1235 / 65535)
    show.expect("/last", 1)
    console.send(7, 99, options=sacn.PREVIEW)  # none of these is for the stage
    console.send(7, 98, start_code=0x17)
    console.send(8, 97)
    console.send(7, 96, sequence=1)  # overtaken
    console.send(8, 255, to="127.0.0.1")
    show.expect("/direct", 1)
    console.send(7, 0, 0x12, 0x35, 77)
    show.expect("/one", 0)
    assert show.wire.waiting("/one") == show.wire.waiting("/direct") == []
    receiver.take(slots=(0, 0, 0, 77), universe=5)
    show.set("/a", 0.5)
    show.set("/b", 0x1234 / 65535)
    frame = receiver.take(slots=(128, 0, 0, 77, 0, 0, 0, 0, 0x34, 0x12))
    assert {key: frame[key] for key in ("name", "priority", "sync", "universe", "start_code")} == {
        "name": "Stage left", "priority": 120, "sync": 0, "universe": 5, "start_code": 0}
    assert len(frame["slots"]) == 512
    assert uuid.UUID(bytes=frame["cid"]).version == 4
    until(lambda: detail(show, "in").startswith("receiving from 127.0.0.1 (a console) at "), "status does not say from where")


def test_times_and_the_end_of_what_is_sent(wired):
    receiver = wired.receiver(5)
    show = wired.start("[sacn out]\nuniverse = 5\npriority = 100\n", "wire./a > out.1")
    first = receiver.take(slots=(0,))
    for n in range(1, 200):
        show.set("/a", n / 255)
    frames = [first, *receiver.rest(1.5)]
    while frames[-1]["slots"][0] != 199:
        frames.append(receiver.take())
    assert len(frames) / (frames[-1]["at"] - first["at"] + 1 / 44) < 50
    frames += receiver.rest(0.5)
    frames += [receiver.take(slots=(199,)) for _ in range(3)]
    assert frames[-1]["at"] - frames[-3]["at"] > 1.2, "frames that say nothing new come about once in 0.9 seconds"
    show.stop()
    last = [frame for frame in receiver.rest(0.5) if frame["kind"] == "data"]
    assert [frame["options"] & sacn.TERMINATED for frame in last[-3:]] == [sacn.TERMINATED] * 3
    assert [(frame["sequence"] - before["sequence"]) % 256 for before, frame in zip(last, last[1:], strict=False)] == [1] * (len(last) - 1)


def test_priorities_of_universes_and_of_slots(wired):
    show = wired.start("[sacn in]\nuniverse = 7\n", "in.1 > wire./one", "in.2 > wire./two", "in.sources > wire./sources")
    low, high = wired.console("low", 90), wired.console("high", 110)
    low.send(7, 200, 100)
    show.expect("/one", 200 / 255)
    show.expect("/two", 100 / 255)
    high.send(7, 20, 10)
    show.expect("/one", 20 / 255)
    show.expect("/two", 10 / 255)
    low.send(7, 210, 110)
    high.prioritize(7, 111, 80)
    show.expect("/two", 110 / 255)
    high.prioritize(7, 0, 111)  # the first slot is not its own
    show.expect("/one", 210 / 255)
    show.expect("/two", 10 / 255)
    high.end(7)
    show.expect("/two", 110 / 255)
    show.expect("/sources", 1 / 255, 2 / 255, 1 / 255)
    equal = wired.console("equal", 90)
    equal.send(7, 10, 220)  # of equal sources, the highest value
    show.expect("/two", 220 / 255)
    assert show.wire.waiting("/one") == []


def test_two_consoles_do_not_flicker_and_the_second_takes_over(wired):
    show = wired.start("[sacn in]\nuniverse = 7\n", "in.1 > wire./in", "in.alive > wire./alive")
    first, second = wired.console("first", 150), wired.console("second", 100)
    first.send(7, 10)
    show.expect("/in", 10 / 255)
    show.expect("/alive", 1)
    for _ in range(30):
        second.send(7, 20)
        first.send(7, 10)
    assert show.wire.waiting("/in") == []
    taken_over = until(lambda: second.send(7, 20) or show.wire.waiting("/in"), "the second does not take over")
    assert taken_over == [pytest.approx(20 / 255)]
    until(lambda: second.send(7, 20) or detail(show, "in").startswith("receiving from 127.0.0.1 (second)"), "status does not say from where")
    show.wire.take("/alive")  # nobody sends any more
    show.log.wait("nobody sends the universe any more; it keeps its last values", "in", "warning")
    assert show.wire.waiting("/in") == taken_over


def test_synchronization_both_ways(wired):
    receiver = wired.receiver(5, 6, 70)
    show = wired.start("[sacn in]\nuniverse = 7\n[sacn also]\nuniverse = 8\n[sacn out]\nuniverse = 5\npriority = 100\nsync-universe = 70\n"
                       "[sacn more]\nuniverse = 6\npriority = 100\nsync-universe = 70\n",
                       "in.1 > wire./in", "also.1 > wire./also", "wire./a > out.1", "wire./a > more.1")
    console = wired.console()
    console.send(7, 1, sync=60)
    console.send(8, 1, sync=60)
    show.expect("/in", 1 / 255)
    show.expect("/also", 1 / 255)
    console.sync(60)
    console.send(7, 2, sync=60)
    console.send(7, 3, sync=60)
    console.send(8, 4, sync=60)
    console.sync(60)
    show.expect("/in", 3 / 255)
    show.expect("/also", 4 / 255)
    console.send(7, 5, sync=60, options=sacn.FORCE)
    until(lambda: console.send(7, 5, sync=60, options=sacn.FORCE) or show.wire.waiting("/in"), "the frame is held for ever")
    console.send(8, 6)
    show.expect("/also", 6 / 255)  # a frame that is not to be synchronized
    receiver.rest(0.2)
    show.set("/a", 1)
    frames = [receiver.take(kind="data", slots=(255,)) for _ in range(2)]
    assert {(frame["universe"], frame["sync"]) for frame in frames} == {(5, 70), (6, 70)}
    ours = frames[0]["cid"]
    assert receiver.take(kind="sync", universe=70)["cid"] == ours


def test_discovery_both_ways(wired):
    receiver = wired.receiver(sacn.DISCOVERY)
    show = wired.start("[sacn in]\nuniverse = 7\n[sacn b]\nuniverse = 513\npriority = 1\n[sacn a]\nuniverse = 2\npriority = 200\n",
                       "in.1 > wire./in", backend="name = Bühne\ndetect = on")
    said = receiver.take(kind="discovery", universes=[2, 513])
    assert (said["name"], said["page"], said["last_page"]) == ("Bühne", 0, 0)
    console = wired.console()
    until(lambda: console.send_raw(sacn.discovery([6, 7], cid=console.cid, name="Ion"), sacn.DISCOVERY)
          or detail(show, "in") == "not received, though 127.0.0.1 (Ion) announces it", "status does not have what is announced")
    show.log.wait(r"127.0.0.1 \(Ion\) announces the universes 6, 7", level="info")
    console.send(9, 1, to="127.0.0.1")
    show.log.wait(r"received universe 9 from 127.0.0.1 \(a console\), which no instance has", level="info")


def test_more_universes_than_a_socket_has_groups(wired):
    numbers = [1 + 300 * n for n in range(45)]
    show = wired.start("".join(f"[sacn u{n}]\nuniverse = {n}\n" for n in numbers), *(f"u{n}.1 > wire./u{n}" for n in numbers))
    console = wired.console()
    for number in numbers:
        console.send(number, 255)
    for number in numbers:
        show.expect(f"/u{number}", 1)


def test_the_cid_is_that_of_the_installation_and_the_show(wired, firecurtain):
    receiver = wired.receiver(5, 6, 9)
    show = wired.start("[sacn out]\nuniverse = 5\npriority = 100\n", "wire./a > out.1")
    first = receiver.take(universe=5)["cid"]
    identity = show.folder / "state/firecurtain/identity"
    text = identity.read_text()
    assert len(text) == 33 and identity.stat().st_mode & 0o777 == 0o600
    show.stop()
    receiver.rest(0.1)
    again = wired.play(folder=show.folder, ready=())
    assert receiver.take(universe=5)["cid"] == first
    again.stop()
    receiver.rest(0.1)
    (show.folder / "other.cfg").write_text((show.folder / "show.cfg").read_text().replace("universe = 5", "universe = 6"))
    other = wired.play(folder=show.folder, name="other.cfg", ready=())
    assert receiver.take(universe=6)["cid"] not in (first, bytes.fromhex(text))
    other.stop()
    identity.write_text("nonsense")
    configured = wired.start("[sacn out]\nuniverse = 9\npriority = 100\n", "wire./a > out.1", folder=show.folder,
                             backend="cid = 0x01 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0xff")
    assert receiver.take(universe=9)["cid"] == bytes([*range(1, 16), 255])
    configured.log.wait("does not hold the identity of this installation", level="warning")


def test_a_new_configuration_keeps_the_socket_and_what_was_set(wired):
    receiver = wired.receiver(5)
    show = wired.start("[sacn first]\nuniverse = 1\n[sacn second]\nuniverse = 2\n[sacn out]\nuniverse = 5\npriority = 100\n",
                       "first.1 > wire./first", "second.1 > wire./second", "wire./a > out.1", "wire./b > out.2")
    show.set("/a", 1)
    before = receiver.take(slots=(255, 0))
    show.write("show.cfg", wired.text("[sacn second]\nuniverse = 2\n[sacn out]\nuniverse = 5\npriority = 110\n",
                                      "second.1+2 > wire./second", "wire./a > out.1", "wire./b > out.2"))
    os.kill(show.pid, signal.SIGHUP)
    until(lambda: "first" not in control.status(show), "the new configuration does not come")
    wired.console().send(2, 0x12, 0x34)
    show.expect("/second", 0x1234 / 65535)  # by the socket that the first one opened
    show.set("/b", 1)
    after = receiver.take(slots=(255, 255), priority=110)  # of an instance with other options, which is made anew
    assert after["cid"] == before["cid"] and (after["sequence"] - before["sequence"]) % 256 < 128, "receivers would drop it"


EACH = """
import midimonster
def handler(n):
    def handle(value):
        midimonster.output(f"out{n}", value)
    return handle
for n in range(1, 513):
    globals()[f"slot{n}"] = handler(n)
"""


def test_a_frame_through_a_handler_for_each_slot_costs_one_batch_each_way(play):
    ports = free_port(), free_port()
    console, lights = artnet.Peer(ports[0]), sacn.Receiver(ports[1], 1)
    try:
        show = play(config=f"""
            [backend artnet]
            bind = 127.0.0.1 {ports[0]}
            [backend sacn]
            bind = 127.0.0.1 {ports[1]}
            [artnet console]
            [sacn stage]
            universe = 1
            priority = 100
            realtime = 1
            [python each]
            module = each
            stats = 100ms
            [map]
            console.{{1..512}} > each.each.slot{{1..512}}
            each.out{{1..512}} > stage.{{1..512}}
            """, scripts={"each.py": EACH}, ready=("each",), bound=ports)
        known = [0]

        def cost(n):
            """Of a frame: the batches to the script, and the frames that have only a part of what it puts out."""
            lights.packets.clear()
            console.send(artnet.dmx(0, 0, [n] * 512))
            lights.take(slots=[n] * 512)
            parts = [packet for packet in lights.packets if len(set(sacn.decode(packet)["slots"])) > 1]
            line = show.log.wait(f"^stats: in={512 * n} ", "each").message
            known.append(int(re.search(r" batches=(\d+) ", line)[1]))
            return known[-1] - known[-2] + len(parts)

        one_in_time(cost, 1, 2)  # where the broker has to wait in the middle of a turn, the frame is divided
    finally:
        console.close()
        lights.close()


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark, whose dissector is the judge")
def test_packets_as_others_take_them_apart(wired, tmp_path):
    receiver = wired.receiver(0x1234)
    show = wired.start("[sacn out]\nuniverse = 0x1234\npriority = 150\nsync-universe = 70\n", "wire./a > out.512", backend="name = Stage left")
    show.set("/a", 0.5)
    while receiver.take()["slots"][511] != 128:
        pass
    show.stop()
    receiver.rest(0.2)
    artnet.capture(tmp_path / "packets", receiver.packets, port=5568)
    names = ["cid", "dmx.source_name", "dmx.priority", "dmx.universe", "dmx.seq_number", "dmx.start_code2", "dmx.option_p", "dmx.option_s",
             "dmx.first_property_address", "dmx.increment", "dmx.count", "dmp_vector"]
    fields = [word for name in ["_ws.malformed", *(f"acn.{name}" for name in names)] for word in ("-e", name)]
    done = subprocess.run(["tshark", "-r", tmp_path / "packets", "--enable-heuristic", "acn", "-o", "acn.dmx_enable:TRUE",
                           "-T", "fields", *fields], check=True, text=True, stdout=subprocess.PIPE)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == len(receiver.packets) and not any(row[0] for row in rows)
    found = [dict(zip(names, row[1:], strict=True)) for row in rows]
    cid = str(uuid.UUID(bytes=sacn.decode(receiver.packets[0])["cid"]))
    assert {tuple(row[name] for name in names if name not in ("dmx.seq_number", "dmx.option_s")) for row in found} == {
        (cid, "Stage left", "150", str(0x1234), "0", "0", "0", "1", "513", "2")}
    first = int(found[0]["dmx.seq_number"])
    assert [int(row["dmx.seq_number"]) for row in found] == [(first + n) % 256 for n in range(len(found))]
    assert [row["dmx.option_s"] for row in found] == ["0"] * (len(found) - 3) + ["1"] * 3


def malformed(cid):
    sound = sacn.data(7, [9, 9], cid=cid)
    return [
        b"", sacn.ROOT, sound[:-1], sound[:60], sound[:125], sound[:43], b"\0" * 2048, b"\xff" * 1500, sacn.ROOT + b"\xff" * 1400,
        sound[:115] + b"\x7f\xff" + sound[117:], sound[:123] + b"\x02\x02" + sound[125:], sound[:123] + b"\0\0" + sound[125:],
        sound[:108] + b"\xc9" + sound[109:], sacn.data(0, [9], cid=cid), sacn.data(64000, [9], cid=cid),
        sacn.sync(7, cid=cid)[:-1], sacn.discovery([7], cid=cid)[:-1],
    ]


def test_malformed_packets_are_dropped_and_counted(wired):
    show = wired.start("[sacn in]\nuniverse = 7\n", "in.1 > wire./in")
    console = wired.console()
    for _ in range(20):
        for packet in malformed(console.cid):
            console.send_raw(packet, to="127.0.0.1")
    until(lambda: console.send(7, 51) or show.wire.waiting("/in"), "a sound frame is not received any more")
    show.expect("/in", 0.2)
    show.log.wait("malformed input dropped: from 127.0.0.1: ", "in", "warning")
    assert len(show.log.matching("malformed", "in")) <= 5


def test_mistakes_in_the_configuration(firecurtain):
    def errors(text):
        result = firecurtain("check", "show.cfg", files={"show.cfg": text})
        return result.returncode, result.stderr

    for text, error in [
        ("[sacn a]\n", "universe = NUMBER is missing"),
        ("[sacn a]\nuniverse = 3\n[sacn b]\nuniverse = 0x03\n", "universe 3 is that of the instance a already"),
        ("[sacn a]\nuniverse = 0\n", "universe is a number from 1 to 63999"),
        ("[sacn a]\nuniverse = 64000\n", "universe is a number from 1 to 63999"),
        ("[sacn a]\nuniverse = 1\npriority = 201\n", "priority is a number from 0 to 200"),
        ("[sacn a]\nuniverse = 1\ninterface = 1\n", "there are only 1 binds"),
        ("[sacn a]\nuniverse = 1\nunicast = never\n", "unicast is on or off"),
        ("[sacn a]\nuniverse = 1\nfrom = 1 2 3\n", "from is 16 numbers"),
        ("[backend sacn]\ncid = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 256\n[sacn a]\nuniverse = 1\n", "cid is 16 numbers"),
        ("[backend sacn]\nttl = 0\n[sacn a]\nuniverse = 1\n", "ttl is a number from 1 to 255"),
        ("[backend sacn]\nbind = 0.0.0.0 device=\n[sacn a]\nuniverse = 1\n", "does not name an interface"),
        ("[backend sacn]\nname = " + 64 * "x" + "\n[sacn a]\nuniverse = 1\n", "name has 1 to 63 bytes"),
        ("[sacn a]\nuniverse = 1\n[loopback l]\n[map]\nl.x > a.1\n", "nothing that is mapped to it is sent anywhere: set priority = 100"),
        ("[sacn a]\nuniverse = 1\n[loopback l]\n[map]\na.1+2 > l.x\na.2 > l.y\n", "channel 2 is part of the pair 1+2"),
    ]:
        code, said = errors(text)
        assert code == (0 if "nothing that" in error else 78) and error in said, (text, said)
    assert errors("[backend sacn]\nname = A show\ncid = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nbind = 0.0.0.0\nbind = 127.0.0.1 5569 local\n"
                  "detect = on\n[sacn a]\nuni = 010\nfrom = 0x10 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n[sacn b]\niface = 1\nuni = 8\n"
                  "priority = 100\ndest = localhost\nrealtime = 1\nunicast = 1\n") == (0, "")
