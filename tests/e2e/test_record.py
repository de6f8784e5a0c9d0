"""Recordings: what is in them, that they can be read after any end, and that a replay of one is the same again."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
import zlib

import control
import pytest
from harness import dedent, environment, root_only, user_only
from waiting import PATIENCE, until
from wire import PORTS

ECHO = """
    import midimonster
    def handler(value):
        midimonster.output("out", value / 2)
"""
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]

# Shows what a script can see of time: when it was loaded, called, ticked and ended.
CLOCK = """
    import midimonster
    for name in ("called", "age", "before", "ticked", "ended"):
        midimonster.output(name, 0)
    def seen(what, since=0):
        midimonster.output(what, (midimonster.timestamp() - since) % 65536 / 65536)
    loaded = midimonster.timestamp()
    seen("loaded")
    def handler(value):
        seen("called")
        seen("age", loaded)
        midimonster.output("before", midimonster.inputvalue("script.handler"))
    midimonster.interval(lambda: seen("ticked"), 30)
    midimonster.cleanup_handler(lambda: seen("ended"))
"""
# The two examples in one show, with the mappings of both.
EXAMPLES = """
    [osc desk]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [python show]
    module = hello
    [python wave]
    module = wave
    [map]
    desk./fader1 > show.hello.fader
    show.answer > desk./answer
    desk./speed > wave.wave.speed
    desk./level > wave.wave.level
    wave.dimmer{1..24} > desk./dimmer/{1..24}
"""


@pytest.fixture
def tape(stage, identity):
    """Recordings of one test, in a folder of the identity's."""
    folder = stage.folder(identity)

    class Tape:
        @staticmethod
        def path(name):
            return folder / f"{name}.rec"

        @staticmethod
        def text(name, *options, status=0):
            done = subprocess.run(identity.command([stage.firecurtain, "record", "--print", *options, folder / f"{name}.rec"]),
                                  text=True, timeout=PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert done.returncode == status or status is None, done
            return done.stdout

        def wait_outputs(self, name, n):
            """While it is written to, a block may be there in part."""
            until(lambda: self.text(name, status=None).count(" output ") == n, "not everything is in the file")

        def outputs(self, name):
            return [line for line in self.text(name).splitlines() if line.split()[1] == "output"]

    return Tape()


@pytest.fixture
def replay(stage, identity, tape):
    """Replays a recording with the show of another; returns what it said."""

    def run(name, show, *options, into=None, status=0, timeout=60, config=None):
        command = [stage.firecurtain, "replay", tape.path(name), config or show.config, *options]
        command += ["--record", tape.path(into)] if into else []
        done = subprocess.run(identity.command(command), cwd="/", text=True, timeout=timeout, env=environment(show.folder),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == status, done
        return done.stderr

    return run


def recorded(play, tape, script, maps, drive, name="first", **how):
    """A show that was recorded from its beginning to its end."""
    show = play(script, maps, arguments=("--record", tape.path(name)), **how)
    drive(show)
    show.stop()
    return show


def drive_echo(show):
    for n in range(20):
        show.set("/in", n / 32)
        show.expect("/out", n / 64)


@contextlib.contextmanager
def recorder(show, path, *options):
    """`firecurtain record` beside a show, once it records."""
    with subprocess.Popen(control.command(show, "record", *options, path), env=environment(show.folder), text=True,
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            assert "recording to" in process.stderr.readline()
            yield process
        finally:
            process.kill()


def test_a_recording_has_what_came_in_what_scripts_got_and_what_they_said(play, tape):
    recorded(play, tape, ECHO, MAPS, lambda show: (show.set("/in", 0.5), show.expect("/out", 0.25)))
    lines = [line.split() for line in tape.text("first").splitlines()]
    assert [line[1:] for line in lines[1:-1]] == [
        ["import", "py1"], ["input", "wire./in", "0.5"], ["batch", "py1"], ["event", "py1.script.handler", "0.5"],
        ["output", "py1.out", "0.25"], ["cleanup", "py1"]]
    assert lines[0][1] == "start" and lines[-1][1] == "end"
    assert lines[3][0] == lines[4][0] == lines[5][0], "an output has the time of its batch"
    assert 0 <= float(lines[3][0]) - float(lines[2][0]) < 5, "which comes soon after the event"
    found = [json.loads(line) for line in tape.text("first", "--json").splitlines()]
    assert [each["kind"] for each in found] == [line[1] for line in lines]
    assert {"channel": "py1.out", "value": 0.25}.items() <= found[5].items()


def test_an_event_by_hand_is_an_input(play, tape):
    recorded(play, tape, ECHO, MAPS, lambda show: (control.run(show, "emit", "py1.out", "0.75", check=0), show.expect("/out", 0.75)))
    assert [line.split()[1:] for line in tape.text("first").splitlines() if " input " in line] == [["input", "py1.out", "0.75"]]


def test_an_existing_file_is_not_touched(play, tape, stage, identity):
    show = play(ECHO, MAPS)
    tape.path("there").write_text("precious")
    identity.own(tape.path("there"))
    for command in (["record", "--runtime-dir", control.runtime(show), tape.path("there")],
                    ["run", "--runtime-dir", show.folder / "other", "--record", tape.path("there"), show.config]):
        done = subprocess.run(identity.command([stage.firecurtain, *command]), env=environment(show.folder), text=True,
                              timeout=PATIENCE, stderr=subprocess.PIPE)
        assert done.returncode == 73 and "File exists" in done.stderr, done
    assert tape.path("there").read_text() == "precious"
    with recorder(show, tape.path("other")):
        pass


def test_a_show_that_cannot_run_leaves_no_file(play, tape, stage, identity):
    show = play(ECHO, MAPS)
    done = subprocess.run(identity.command([stage.firecurtain, "run", "--record", tape.path("none"), show.config]), env=environment(show.folder),
                          text=True, timeout=PATIENCE, stderr=subprocess.PIPE)
    assert done.returncode == 75, done
    assert not tape.path("none").exists()


@root_only
def test_only_administrators_record(play, tape, stage, identity):
    show = play(ECHO, MAPS, env={"RUNTIME_DIRECTORY": str(stage.folder(identity))})
    folder = stage.folder(identity)
    os.chmod(folder, 0o777)
    done = control.run(show, "record", folder / "mine.rec", uid=23456, folder=show.folder / "run/firecurtain")
    assert done.returncode in (69, 77), done
    assert not (folder / "mine.rec").exists()


@pytest.mark.parametrize("victim", ["recorder", "broker"])
def test_a_recording_is_readable_after_a_kill(play, tape, victim):
    show = play(ECHO, MAPS, arguments=("--record", tape.path("run")))
    with recorder(show, tape.path("live")) as process:
        drive_echo(show)
        tape.wait_outputs("live", 20)
        tape.wait_outputs("run", 20)
        if victim == "broker":
            show.kill()
            assert process.wait(PATIENCE) == 69
        else:
            process.kill()
            process.wait()
            assert tape.text("live").splitlines()[-1].split()[1] != "end"
            show.set("/in", 1)
            show.expect("/out", 0.5)
    assert len(tape.outputs("live")) == 20


def test_an_orderly_end_of_the_recorder_is_in_the_file(play, tape):
    show = play(ECHO, MAPS)
    with recorder(show, tape.path("live")) as process:
        drive_echo(show)
        tape.wait_outputs("live", 20)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert tape.text("live").splitlines()[-1].endswith("end the recorder has ended")


def test_a_recorder_learns_of_the_end_of_the_show(play, tape):
    show = play(ECHO, MAPS)
    with recorder(show, tape.path("live")) as process:
        drive_echo(show)
        show.stop()
        assert process.wait(PATIENCE) == 69
    assert len(tape.outputs("live")) == 20


@pytest.mark.one_setting
def test_a_file_that_was_cut_anywhere_is_readable_to_its_last_whole_block(play, tape, stage, identity):
    show = play(ECHO, MAPS, arguments=("--record", tape.path("first")))
    for n in range(3):
        show.set("/in", (n + 1) / 8)
        show.expect("/out", (n + 1) / 16)
        time.sleep(0.25)  # a block of its own
    show.stop()
    raw, at, ends = tape.path("first").read_bytes(), 8, {8: 0}
    while at < len(raw):
        at += 8 + int.from_bytes(raw[at:at + 4], "little")
        ends[at] = len(ends)
    assert len(ends) > 4 and max(ends) == len(raw)
    whole = tape.text("first").splitlines()
    before = {}
    for n in range(len(raw) + 1):
        tape.path("cut").write_bytes(raw[:n])
        done = subprocess.run([stage.firecurtain, "record", "--print", tape.path("cut")], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = done.stdout.splitlines()
        assert done.returncode == (0 if n in ends else 65), (n, done)
        assert n in ends or "within a block" in done.stderr
        assert lines == whole[:len(lines)]
        last = max((end for end in ends if end <= n), default=0)
        assert before.setdefault(last, lines) == lines, "all of each whole block"
    assert len(before[max(before)]) == len(whole)


@pytest.mark.one_setting
def test_damage_is_noticed_and_what_is_before_it_is_read(play, tape):
    recorded(play, tape, ECHO, MAPS, drive_echo)
    raw, whole = tape.path("first").read_bytes(), tape.text("first")
    for at in (9, 13, len(raw) // 2, len(raw) - 1):
        tape.path("bad").write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:])
        text = tape.text("bad", status=65)
        assert whole.startswith(text) and text != whole
    tape.path("bad").write_bytes(b"no recording at all")
    assert tape.text("bad", status=65) == ""


FLOOD = """
    import midimonster
    midimonster.output("out", 0)
    def handler(value):
        for n in range(100000):
            midimonster.output("out", n % 2)
"""


@pytest.mark.parametrize("how", ["run", "record"])
def test_a_recording_ends_at_its_size_and_the_show_goes_on(play, tape, how):
    options = ("--max-size", "64k")
    show = play(FLOOD, ["wire./in > py1.script.handler"], sync=True, arguments=("--record", tape.path("full"), *options) if how == "run" else ())
    if how == "record":
        with recorder(show, tape.path("full"), *options) as process:
            show.set("/in", 1)
            assert process.wait(PATIENCE) == 73
            assert "--max-size" in process.stderr.read()
    else:
        show.set("/in", 1)
        show.log.wait("the recording has its --max-size", level="error")
    show.sync()
    assert 0 < tape.path("full").stat().st_size <= 65536
    tape.text("full")


@pytest.mark.one_setting
def test_what_a_recorder_was_too_slow_for_is_a_gap_with_its_count(play, tape):
    show = play("""
        import midimonster
        midimonster.output("out", 0)
        def handler(value):
            for n in range(20000):
                midimonster.output("out", n % 2)
    """, ["wire./in > py1.script.handler"], sync=True)
    with recorder(show, tape.path("live")) as process:
        process.send_signal(signal.SIGSTOP)
        for n in range(60):  # some 12 MB; 4 MiB and what fits into the sockets wait for it
            show.set("/in", (n + 1) / 64)
            show.sync()
        process.send_signal(signal.SIGCONT)
        until(lambda: " gap " in tape.text("live", status=None) or show.sync(), "no gap in the recording")
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    gaps = [int(line.split()[2]) for line in tape.text("live").splitlines() if line.split()[1] == "gap"]
    assert sum(gaps) > 0
    show.sync()


# Replays


def examples(play, tape, stage):
    scripts = {f"{name}.py": (stage.examples / name / f"{name}.py").read_text() for name in ("hello", "wave")}
    return play(config=EXAMPLES, scripts=scripts, ready=("show", "wave"), arguments=("--record", tape.path("first")))


@pytest.mark.one_setting
def test_the_examples_replay_to_the_same_outputs_at_their_own_speed(play, tape, replay, stage):
    show = examples(play, tape, stage)
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
    first = tape.text("first")
    assert len(tape.outputs("first")) > 24 * 40
    assert took > float(first.splitlines()[-2].split()[0]) - 1, "at its own speed"
    assert tape.text("second") == first and tape.text("third") == first


@user_only
def test_a_minute_of_the_examples_replays_to_the_same_outputs(play, tape, replay, stage):
    show = examples(play, tape, stage)
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
        assert tape.text(speed) == tape.text("first")
    assert len(tape.outputs("first")) > 24 * 25 * 55 + 500


@pytest.mark.one_setting
def test_a_replay_sets_the_same_on_devices_and_hears_nothing_else(play, tape, replay):
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
    show = play(config=config, scripts={"script.py": ECHO}, arguments=("--record", tape.path("first")))
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
    assert tape.text("second") == tape.text("first")
    replay("first", show, "--mute", into="third")
    assert show.wire.waiting("/out") == show.wire.waiting("/thru") == []
    assert tape.text("third") == tape.text("first")


@pytest.mark.one_setting
def test_scripts_see_the_same_times(play, tape, replay):
    def drive(show):
        for n in range(4):
            show.set("/in", n / 4)
            show.wire.value("/called")
            time.sleep(0.1)
    show = recorded(play, tape, CLOCK, ["wire./in > py1.script.handler", "py1.called > wire./called"], drive)
    outputs = tape.outputs("first")
    assert {line.split()[2] for line in outputs} == {"py1.loaded", "py1.called", "py1.age", "py1.before", "py1.ticked", "py1.ended"}
    for speed in ("1", "20", "max"):
        replay("first", show, "--speed", speed, into=speed)
        assert tape.outputs(speed) == outputs


@pytest.mark.one_setting
def test_a_changed_script_is_seen_in_the_record(play, tape, replay):
    show = recorded(play, tape, ECHO, MAPS, drive_echo)
    show.write("script.py", dedent(ECHO).replace("/ 2", "/ 4"))
    replay("first", show, "--speed", "max", into="second")
    first, second = tape.outputs("first"), tape.outputs("second")
    assert len(first) == len(second) == 20 and first != second
    assert [float(line.split()[-1]) for line in second] == [float(line.split()[-1]) / 2 for line in first]


@pytest.mark.one_setting
def test_a_recording_from_the_middle_brings_the_values_of_its_beginning(play, tape, replay):
    script = """
        import midimonster
        def handler(value):
            midimonster.output("sum", (midimonster.inputvalue("script.handler") + midimonster.outputvalue("sum") + value) / 4)
    """
    show = play(script, ["wire./in > py1.script.handler", "py1.sum > wire./sum"])
    for value in (0.5, 1):
        show.set("/in", value)
        show.wire.value("/sum")
    with recorder(show, tape.path("live")) as process:
        for value in (0.25, 0.75):
            show.set("/in", value)
            show.wire.value("/sum")
        tape.wait_outputs("live", 2)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    show.stop()
    replay("live", show, into="second")
    assert tape.outputs("second") == tape.outputs("live")
    assert [line for line in tape.text("second").splitlines() if " values " in line] == \
        [line for line in tape.text("live").splitlines() if " values " in line] != []


@pytest.mark.one_setting
def test_scripts_that_hear_each_other_and_one_that_is_slow(play, tape, replay):
    """What the second one gets of the first comes from the recording, in the order that it had."""
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
    show = play(config=config, scripts={"script.py": ECHO, "slow.py": slow}, ready=("py1", "py2"), arguments=("--record", tape.path("first")))
    for n in range(100):
        show.set("/in", n / 128)
        time.sleep(0.002)
    tape.wait_outputs("first", 200)
    show.stop()
    for speed in ("1", "max"):
        replay("first", show, "--speed", speed, into=speed)
        assert tape.text(speed) == tape.text("first")


@pytest.mark.one_setting
def test_a_script_that_crashes_does_so_again_and_the_rest_is_the_same(play, tape, replay):
    script = """
        import os
        import midimonster
        def handler(value):
            midimonster.output("out", value / 2)
            if value == 0.5:
                os._exit(3)
    """
    show = play(script, MAPS, arguments=("--record", tape.path("first")))
    for value in (0.25, 0.5, 0.75):
        show.set("/in", value)
        if value == 0.5:
            show.wait_restart()
        else:
            show.expect("/out", value / 2)
    show.stop()
    said = replay("first", show, into="second")
    assert "worker ended: exit status 3" in said and "replay:" not in said
    assert " died" in tape.text("first")
    assert tape.text("second") == tape.text("first")


@pytest.mark.one_setting
def test_what_does_not_fit_the_show_is_said_once_and_left_out(play, tape, replay):
    show = recorded(play, tape, ECHO, MAPS, drive_echo)
    config = show.write("other.cfg", show.config.read_text().replace("py1", "py2"))
    said = replay("first", show, "--speed", "max", config=config, into="second")
    assert said.count('the show has no instance "py1"') == 1
    assert tape.outputs("second") == []
    config = show.write("other.cfg", show.config.read_text().replace("wire./in >", "wire./other >").replace("script.handler", "script.none"))
    said = replay("first", show, "--speed", "max", config=config)
    assert said.count("the show has no channel wire./in") == said.count("the show has no channel py1.script.handler") == 1


@pytest.mark.one_setting
def test_a_cut_recording_is_replayed_as_far_as_it_goes(play, tape, replay):
    show = recorded(play, tape, ECHO, MAPS, lambda show: (drive_echo(show), time.sleep(0.3), drive_echo(show)))  # several blocks
    raw = tape.path("first").read_bytes()
    tape.path("cut").write_bytes(raw[:-1])
    assert "the recording ends after" in replay("cut", show, "--speed", "max", into="second")
    outputs = tape.outputs("first")
    assert outputs[:len(tape.outputs("second"))] == tape.outputs("second")
    tape.path("none").write_bytes(b"fcrecorded")
    assert "cannot be replayed" in replay("none", show, status=65)
    replay("missing", show, status=66)


def test_while_a_recording_is_replayed_nothing_else_comes_in(play, tape, stage):
    show = recorded(play, tape, CLOCK, ["wire./in > py1.script.handler"], lambda show: time.sleep(3))
    port = next(PORTS)
    again = play(folder=show.folder, command=("replay", tape.path("first")), arguments=("-i", f"wire.bind=127.0.0.1 {port}", "--record", tape.path("second")))
    again.log.wait("^replaying$")
    done = control.run(again, "emit", "wire./in", "0.5")
    assert done.returncode == 70 and "is replayed" in done.stderr
    assert "is replayed" in control.run(again, "reload", check=78).stderr
    again.log.wait("^the recording was replayed$")
    again.process.wait(PATIENCE)
    assert tape.text("second") == tape.text("first")
    assert len(tape.outputs("second")) > 50


@pytest.mark.one_setting
def test_a_step_larger_than_a_block_is_recorded_and_replayed_whole(play, tape, replay):
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
    show = play(config=config, scripts={"script.py": script}, ready=("py1", "py2"), arguments=("--record", tape.path("first")))
    show.set("/in", 1)
    tape.wait_outputs("first", 20000)
    show.stop()
    replay("first", show, "--speed", "max", into="second")
    assert tape.text("second") == tape.text("first")


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
def test_a_recording_that_somebody_has_tampered_with_ends_no_broker(play, tape, replay):
    """The checksums are right, the rest is not: numbers of nobody, steps without an end, times from anywhere."""
    show = recorded(play, tape, CLOCK, ["wire./in > py1.script.handler"], lambda show: [show.set("/in", n / 8) or time.sleep(0.05) for n in range(8)])
    blocks = blocks_of(tape.path("first").read_bytes())
    tape.path("bad").write_bytes(framed(blocks))
    replay("bad", show, "--speed", "max", into="control")
    assert tape.text("control") == tape.text("first"), "the frames are as they should be"
    dice = random.Random(1)
    for n in range(12):
        changed = [bytearray(block) for block in blocks]
        for _ in range(dice.choice((1, 5, 50))):
            block = dice.choice(changed[1:])
            block[dice.randrange(len(block))] = dice.randrange(256)
        tape.path("bad").write_bytes(framed(changed))
        said = replay("bad", show, "--speed", "max")
        assert "the recording was replayed" in said and "worker broke" not in said, n
