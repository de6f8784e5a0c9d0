# SPDX-License-Identifier: BSD-2-Clause
"""Recordings: what is in them, and that they can be read after any end."""

import json
import os
import signal
import subprocess
import time

import control
import pytest
from harness import environment, root_only
from waiting import PATIENCE, until

from recording import ECHO, MAPS, drive_echo, recorded, recorder, recordings


@pytest.mark.one_setting
def test_a_recording_has_what_came_in_what_scripts_got_and_what_they_said(play, recordings):
    recorded(play, recordings, ECHO, MAPS, lambda show: (show.set("/in", 0.5), show.expect("/out", 0.25)))
    lines = [line.split() for line in recordings.text("first").splitlines()]
    assert [line[1:] for line in lines[1:-1]] == [
        ["import", "py1"], ["input", "wire./in", "0.5"], ["batch", "py1"], ["event", "py1.script.handler", "0.5"],
        ["output", "py1.out", "0.25"], ["cleanup", "py1"]]
    assert lines[0][1] == "start" and lines[-1][1] == "end"
    assert lines[3][0] == lines[4][0] == lines[5][0], "an output has the time of its batch"
    assert 0 <= float(lines[3][0]) - float(lines[2][0]) < 5, "which comes soon after the event"
    found = [json.loads(line) for line in recordings.text("first", "--json").splitlines()]
    assert [each["kind"] for each in found] == [line[1] for line in lines]
    assert {"channel": "py1.out", "value": 0.25}.items() <= found[5].items()


@pytest.mark.one_setting
def test_an_event_by_hand_is_an_input(play, recordings):
    recorded(play, recordings, ECHO, MAPS, lambda show: (control.run(show, "emit", "py1.out", "0.75", check=0), show.expect("/out", 0.75)))
    assert [line.split()[1:] for line in recordings.text("first").splitlines() if " input " in line] == [["input", "py1.out", "0.75"]]


def test_an_existing_file_is_not_touched(play, recordings, stage, identity):
    show = play(ECHO, MAPS)
    recordings.path("there").write_text("precious")
    identity.own(recordings.path("there"))
    for command in (["record", "--runtime-dir", control.runtime(show), recordings.path("there")],
                    ["run", "--runtime-dir", show.folder / "other", "--record", recordings.path("there"), show.config]):
        done = subprocess.run(identity.command([stage.firecurtain, *command]), env=environment(show.folder), text=True,
                              timeout=PATIENCE, stderr=subprocess.PIPE)
        assert done.returncode == 73 and "File exists" in done.stderr, done
    assert recordings.path("there").read_text() == "precious"
    with recorder(show, recordings.path("other")):
        pass


def test_a_show_that_cannot_run_leaves_no_file(play, recordings, stage, identity):
    show = play(ECHO, MAPS)
    done = subprocess.run(identity.command([stage.firecurtain, "run", "--record", recordings.path("none"), show.config]), env=environment(show.folder),
                          text=True, timeout=PATIENCE, stderr=subprocess.PIPE)
    assert done.returncode == 75, done
    assert not recordings.path("none").exists()


@root_only
def test_only_administrators_record(play, recordings, stage, identity):
    show = play(ECHO, MAPS, env={"RUNTIME_DIRECTORY": str(stage.folder(identity))})
    folder = stage.folder(identity)
    os.chmod(folder, 0o777)
    done = control.run(show, "record", folder / "mine.rec", uid=23456, folder=show.folder / "run/firecurtain")
    assert done.returncode in (69, 77), done
    assert not (folder / "mine.rec").exists()


@pytest.mark.one_setting
@pytest.mark.parametrize("victim", ["recorder", "broker"])
def test_a_recording_is_readable_after_a_kill(play, recordings, victim):
    show = play(ECHO, MAPS, arguments=("--record", recordings.path("run")))
    with recorder(show, recordings.path("live")) as process:
        drive_echo(show)
        recordings.wait_outputs("live", 20)
        recordings.wait_outputs("run", 20)
        if victim == "broker":
            show.kill()
            assert process.wait(PATIENCE) == 69
        else:
            process.kill()
            process.wait()
            assert recordings.text("live").splitlines()[-1].split()[1] != "end"
            show.set("/in", 1)
            show.expect("/out", 0.5)
    assert len(recordings.outputs("live")) == 20


@pytest.mark.one_setting
def test_an_orderly_end_of_the_recorder_is_in_the_file(play, recordings):
    show = play(ECHO, MAPS)
    with recorder(show, recordings.path("live")) as process:
        drive_echo(show)
        recordings.wait_outputs("live", 20)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert recordings.text("live").splitlines()[-1].endswith("end the recorder has ended")


@pytest.mark.one_setting
def test_a_recorder_learns_of_the_end_of_the_show(play, recordings):
    show = play(ECHO, MAPS)
    with recorder(show, recordings.path("live")) as process:
        drive_echo(show)
        show.stop()
        assert process.wait(PATIENCE) == 69
    assert len(recordings.outputs("live")) == 20


@pytest.mark.one_setting
def test_a_file_that_was_cut_anywhere_is_readable_to_its_last_whole_block(play, recordings, stage, identity):
    show = play(ECHO, MAPS, arguments=("--record", recordings.path("first")))
    for n in range(3):
        show.set("/in", (n + 1) / 8)
        show.expect("/out", (n + 1) / 16)
        time.sleep(0.25)  # a block of its own
    show.stop()
    raw, at, ends = recordings.path("first").read_bytes(), 8, {8: 0}
    while at < len(raw):
        at += 8 + int.from_bytes(raw[at:at + 4], "little")
        ends[at] = len(ends)
    assert len(ends) > 4 and max(ends) == len(raw)
    whole = recordings.text("first").splitlines()
    before = {}
    for n in range(len(raw) + 1):
        recordings.path("cut").write_bytes(raw[:n])
        done = subprocess.run([stage.firecurtain, "record", "--print", recordings.path("cut")], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = done.stdout.splitlines()
        assert done.returncode == (0 if n in ends else 65), (n, done)
        assert n in ends or "within a block" in done.stderr
        assert lines == whole[:len(lines)]
        last = max((end for end in ends if end <= n), default=0)
        assert before.setdefault(last, lines) == lines, "all of each whole block"
    assert len(before[max(before)]) == len(whole)


@pytest.mark.one_setting
def test_damage_is_noticed_and_what_is_before_it_is_read(play, recordings):
    recorded(play, recordings, ECHO, MAPS, drive_echo)
    raw, whole = recordings.path("first").read_bytes(), recordings.text("first")
    for at in (9, 13, len(raw) // 2, len(raw) - 1):
        recordings.path("bad").write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:])
        text = recordings.text("bad", status=65)
        assert whole.startswith(text) and text != whole
    recordings.path("bad").write_bytes(b"no recording at all")
    assert recordings.text("bad", status=65) == ""


FLOOD = """
    import midimonster
    midimonster.output("out", 0)
    def handler(value):
        for n in range(100000):
            midimonster.output("out", n % 2)
"""


@pytest.mark.one_setting
@pytest.mark.parametrize("how", ["run", "record"])
def test_a_recording_ends_at_its_size_and_the_show_goes_on(play, recordings, how):
    options = ("--max-size", "64k")
    show = play(FLOOD, ["wire./in > py1.script.handler"], sync=True, arguments=("--record", recordings.path("full"), *options) if how == "run" else ())
    if how == "record":
        with recorder(show, recordings.path("full"), *options) as process:
            show.set("/in", 1)
            assert process.wait(PATIENCE) == 73
            assert "--max-size" in process.stderr.read()
    else:
        show.set("/in", 1)
        show.log.wait("the recording has reached --max-size", level="error")
    show.sync()
    assert 0 < recordings.path("full").stat().st_size <= 65536
    recordings.text("full")


@pytest.mark.one_setting
def test_what_a_recorder_was_too_slow_for_is_a_gap_with_its_count(play, recordings):
    show = play("""
        import midimonster
        midimonster.output("out", 0)
        def handler(value):
            for n in range(20000):
                midimonster.output("out", n % 2)
    """, ["wire./in > py1.script.handler"], sync=True)
    with recorder(show, recordings.path("live")) as process:
        process.send_signal(signal.SIGSTOP)
        for n in range(60):  # about 12 MB; 4 MiB and what fits into the sockets wait for it
            show.set("/in", (n + 1) / 64)
            show.sync()
        process.send_signal(signal.SIGCONT)
        until(lambda: " gap " in recordings.text("live", status=None) or show.sync(), "no gap in the recording")
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    gaps = [int(line.split()[2]) for line in recordings.text("live").splitlines() if line.split()[1] == "gap"]
    assert sum(gaps) > 0
    show.sync()



