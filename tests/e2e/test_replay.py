# SPDX-License-Identifier: BSD-2-Clause
"""Replays: a recording that is replayed is the same again, and nothing that is in one ends a broker."""

import random
import signal
import time
import zlib

import control
import pytest
from harness import dedent, user_only
from waiting import PATIENCE
from wire import PORTS

from recording import CLOCK, ECHO, EXAMPLES, MAPS, drive_echo, recorded, recorder, replay, recordings


def examples(play, recordings, stage):
    scripts = {f"{name}.py": (stage.examples / name / f"{name}.py").read_text() for name in ("hello", "wave")}
    return play(config=EXAMPLES, scripts=scripts, ready=("show", "wave"), arguments=("--record", recordings.path("first")))


@pytest.mark.one_setting
def test_the_examples_replay_to_the_same_outputs_at_their_own_speed(play, recordings, replay, stage):
    show = examples(play, recordings, stage)
    for n in range(6):
        show.set("/fader1", n / 8)
        show.expect("/answer", 1 - n / 8)
        show.set("/speed", n / 8)
        show.set("/level", 1 - n / 16)
        time.sleep(0.3)
    show.stop()
    began = time.monotonic()
    said = replay("first", show, into="second")
    took = time.monotonic() - began
    assert "fader at 0.62" in said and "warning" not in said
    replay("first", show, "--speed", "max", into="third")
    first = recordings.text("first")
    assert len(recordings.outputs("first")) > 24 * 40
    assert took > float(first.splitlines()[-2].split()[0]) - 1, "at its own speed"
    assert recordings.text("second") == first and recordings.text("third") == first


@user_only
def test_a_minute_of_the_examples_replays_to_the_same_outputs(play, recordings, replay, stage):
    show = examples(play, recordings, stage)
    deadline, n = time.monotonic() + 60, 0
    while time.monotonic() < deadline:
        n += 1
        for path in ("/fader1", "/speed", "/level"):
            show.set(path, n % 64 / 64)
        time.sleep(0.1)
        show.wire.waiting("/answer")
        show.wire.inbox.clear()
    show.stop()
    for speed in ("30", "max"):
        replay("first", show, "--speed", speed, into=speed)
        assert recordings.text(speed) == recordings.text("first")
    assert len(recordings.outputs("first")) > 24 * 25 * 55 + 500


@pytest.mark.one_setting
def test_a_replay_sets_the_same_on_devices_and_hears_nothing_else(play, recordings, replay):
    config = """
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = script
        [loopback loop]
        [map]
        wire./in > py1.script.handler
        wire./in > wire./thru
        py1.out > loop.a
        loop.a > wire./out
    """
    show = play(config=config, scripts={"script.py": ECHO}, arguments=("--record", recordings.path("first")))
    for n in range(1, 9):
        show.set("/in", n / 16)
        show.expect("/out", n / 32)
        show.expect("/thru", n / 16)
    show.process.terminate()
    show.process.wait(PATIENCE)
    show.wire.inbox.clear()
    replay("first", show, into="second")
    for n in range(1, 9):
        show.expect("/out", n / 32)
        show.expect("/thru", n / 16)
    assert recordings.text("second") == recordings.text("first")
    replay("first", show, "--mute", into="third")
    assert show.wire.waiting("/out") == show.wire.waiting("/thru") == []
    assert recordings.text("third") == recordings.text("first")


@pytest.mark.one_setting
def test_scripts_see_the_same_times(play, recordings, replay):
    def drive(show):
        for n in range(4):
            show.set("/in", n / 4)
            show.wire.value("/called")
            time.sleep(0.1)
    show = recorded(play, recordings, CLOCK, ["wire./in > py1.script.handler", "py1.called > wire./called"], drive)
    outputs = recordings.outputs("first")
    assert {line.split()[2] for line in outputs} == {"py1.loaded", "py1.called", "py1.age", "py1.before", "py1.ticked", "py1.ended"}
    for speed in ("1", "20", "max"):
        replay("first", show, "--speed", speed, into=speed)
        assert recordings.outputs(speed) == outputs


@pytest.mark.one_setting
def test_a_changed_script_is_seen_in_the_record(play, recordings, replay):
    show = recorded(play, recordings, ECHO, MAPS, drive_echo)
    show.write("script.py", dedent(ECHO).replace("/ 2", "/ 4"))
    replay("first", show, "--speed", "max", into="second")
    first, second = recordings.outputs("first"), recordings.outputs("second")
    assert len(first) == len(second) == 20 and first != second
    assert [float(line.split()[-1]) for line in second] == [float(line.split()[-1]) / 2 for line in first]


@pytest.mark.one_setting
def test_a_recording_from_the_middle_brings_the_values_of_its_beginning(play, recordings, replay):
    script = """
        import midimonster
        def handler(value):
            midimonster.output("sum", (midimonster.inputvalue("script.handler") + midimonster.outputvalue("sum") + value) / 4)
    """
    show = play(script, ["wire./in > py1.script.handler", "py1.sum > wire./sum"])
    for value in (0.5, 1):
        show.set("/in", value)
        show.wire.value("/sum")
    with recorder(show, recordings.path("live")) as process:
        for value in (0.25, 0.75):
            show.set("/in", value)
            show.wire.value("/sum")
        recordings.wait_outputs("live", 2)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    show.stop()
    replay("live", show, into="second")
    assert recordings.outputs("second") == recordings.outputs("live")
    assert [line for line in recordings.text("second").splitlines() if " values " in line] == \
        [line for line in recordings.text("live").splitlines() if " values " in line] != []


@pytest.mark.one_setting
def test_scripts_that_hear_each_other_and_one_that_is_slow(play, recordings, replay):
    """What the second script gets from the first comes from the recording, in the same order."""
    config = """
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = script
        [python py2]
        module = slow
        [map]
        wire./in > py1.script.handler
        wire./in > py2.slow.other
        py1.out > py2.slow.handler
        py2.out > wire./out
    """
    slow = """
        import time
        import midimonster
        order = 0
        def handler(value):
            global order
            time.sleep(0.005)
            order = (order * 3 + value + 0.25) % 1
            midimonster.output("out", order)
        def other(value):
            global order
            order = (order * 5 + value) % 1
    """
    show = play(config=config, scripts={"script.py": ECHO, "slow.py": slow}, ready=("py1", "py2"), arguments=("--record", recordings.path("first")))
    for n in range(100):
        show.set("/in", n / 128)
        time.sleep(0.002)
    recordings.wait_outputs("first", 200)
    show.stop()
    for speed in ("1", "max"):
        replay("first", show, "--speed", speed, into=speed)
        assert recordings.text(speed) == recordings.text("first")


@pytest.mark.one_setting
def test_a_script_that_crashes_does_so_again_and_the_rest_is_the_same(play, recordings, replay):
    script = """
        import os
        import midimonster
        def handler(value):
            midimonster.output("out", value / 2)
            if value == 0.5:
                os._exit(3)
    """
    show = play(script, MAPS, arguments=("--record", recordings.path("first")))
    for value in (0.25, 0.5, 0.75):
        show.set("/in", value)
        show.expect("/out", value / 2)
        if value == 0.5:
            show.wait_restart()
    show.stop()
    said = replay("first", show, into="second")
    assert "worker ended: exit status 3" in said and "replay:" not in said
    assert " died" in recordings.text("first")
    assert recordings.text("second") == recordings.text("first")


@pytest.mark.one_setting
def test_what_does_not_fit_the_show_is_said_once_and_left_out(play, recordings, replay):
    show = recorded(play, recordings, ECHO, MAPS, drive_echo)
    config = show.write("other.cfg", show.config.read_text().replace("py1", "py2"))
    said = replay("first", show, "--speed", "max", config=config, into="second")
    assert said.count('the show has no instance "py1"') == 1
    assert recordings.outputs("second") == []
    config = show.write("other.cfg", show.config.read_text().replace("wire./in >", "wire./other >").replace("script.handler", "script.none"))
    said = replay("first", show, "--speed", "max", config=config)
    assert said.count("the show has no channel wire./in") == said.count("the show has no channel py1.script.handler") == 1


@pytest.mark.one_setting
def test_a_cut_recording_is_replayed_as_far_as_it_goes(play, recordings, replay):
    show = recorded(play, recordings, ECHO, MAPS, lambda show: (drive_echo(show), time.sleep(0.3), drive_echo(show)))  # several blocks
    raw = recordings.path("first").read_bytes()
    recordings.path("cut").write_bytes(raw[:-1])
    assert "the recording ends after" in replay("cut", show, "--speed", "max", into="second")
    outputs = recordings.outputs("first")
    assert outputs[:len(recordings.outputs("second"))] == recordings.outputs("second")
    recordings.path("none").write_bytes(b"fcrecorded")
    assert "cannot be replayed" in replay("none", show, status=65)
    replay("missing", show, status=66)


@pytest.mark.one_setting
def test_while_a_recording_is_replayed_nothing_else_comes_in(play, recordings, stage):
    show = recorded(play, recordings, CLOCK, ["wire./in > py1.script.handler"], lambda show: time.sleep(3))
    port = next(PORTS)
    again = play(folder=show.folder, command=("replay", recordings.path("first")), arguments=("-i", f"wire.bind=127.0.0.1 {port}", "--record", recordings.path("second")))
    again.log.wait("^replaying$")
    done = control.run(again, "emit", "wire./in", "0.5")
    assert done.returncode == 70 and "is being replayed" in done.stderr
    assert "is being replayed" in control.run(again, "reload", check=78).stderr
    again.log.wait("^the recording was replayed$")
    again.process.wait(PATIENCE)
    assert recordings.text("second") == recordings.text("first")
    assert len(recordings.outputs("second")) > 50


@pytest.mark.one_setting
def test_a_step_larger_than_a_block_is_recorded_and_replayed_whole(play, recordings, replay):
    script = """
        import midimonster
        def handler(value):
            for n in range(10000):
                midimonster.output("out%d" % (n % 50), n / 10000)
        def many(value):
            midimonster.output("got", value)
    """
    config = """
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = script
        [python py2]
        module = script
        [map]
        wire./in > py1.script.handler
        py1.out{0..49} > py2.script.many
        py2.got > wire./got
    """
    show = play(config=config, scripts={"script.py": script}, ready=("py1", "py2"), arguments=("--record", recordings.path("first")))
    show.set("/in", 1)
    recordings.wait_outputs("first", 20000)
    show.stop()
    replay("first", show, "--speed", "max", into="second")
    assert recordings.text("second") == recordings.text("first")


def blocks_of(raw):
    at, blocks = 8, []
    while at < len(raw):
        size = int.from_bytes(raw[at:at + 4], "little")
        blocks.append(raw[at + 8:at + 8 + size])
        at += 8 + size
    return blocks


def framed(blocks):
    return b"fcrecord" + b"".join(
        (size := len(block).to_bytes(4, "little")) + zlib.crc32(block, zlib.crc32(size)).to_bytes(4, "little") + block for block in blocks)


@pytest.mark.one_setting
def test_a_recording_that_somebody_has_tampered_with_ends_no_broker(play, recordings, replay):
    """The checksums are right, the rest is not: unknown numbers, steps without an end, arbitrary times."""
    show = recorded(play, recordings, CLOCK, ["wire./in > py1.script.handler"], lambda show: [show.set("/in", n / 8) or time.sleep(0.05) for n in range(8)])
    blocks = blocks_of(recordings.path("first").read_bytes())
    recordings.path("bad").write_bytes(framed(blocks))
    replay("bad", show, "--speed", "max", into="control")
    assert recordings.text("control") == recordings.text("first"), "the frames are as they should be"
    dice = random.Random(1)
    for n in range(12):
        changed = [bytearray(block) for block in blocks]
        for _ in range(dice.choice((1, 5, 50))):
            block = dice.choice(changed[1:])
            block[dice.randrange(len(block))] = dice.randrange(256)
        recordings.path("bad").write_bytes(framed(changed))
        said = replay("bad", show, "--speed", "max")
        assert "the recording was replayed" in said and "worker broke" not in said, n


@pytest.mark.one_setting
def test_users_do_not_reload_while_a_recording_is_replayed(play, recordings, stage, identity):
    """Their reload changed the show behind the replay's back."""
    show = recorded(play, recordings, CLOCK, ["wire./in > py1.script.handler"], lambda show: time.sleep(1))
    hers = show.write("alice.cfg", "[loopback l]\n")
    show.config.write_text(show.config.read_text() + f"[user alice]\nshow = {hers}\n" + ("uid = 20001\n" if identity.is_root else ""))
    again = play(folder=show.folder, command=("replay", recordings.path("first")), arguments=("-i", f"wire.bind=127.0.0.1 {next(PORTS)}"))
    again.log.wait("^replaying$")
    assert "is being replayed" in control.run(again, "reload", "alice", check=78).stderr
    again.log.wait("^the recording was replayed$")
    assert again.process.wait(PATIENCE) == 0
