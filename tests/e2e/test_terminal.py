# SPDX-License-Identifier: BSD-2-Clause
"""What a person sees on a terminal of some size while a show runs."""

import json
import re

import pytest
from control import run
from terminal import Terminal
from waiting import PATIENCE, until

SIZES = [(80, 24), (120, 40), (40, 12)]
TITLES = {"INSTANCE", "STATE", "IN/s", "OUT/s", "ERRORS", "QUEUE", "P99", "MEMORY", "CPU%", "RESTARTS", "UPTIME", "PID", "NOTE"}
LONG = "the-one-with-the-fader-wing-on-the-left-"


def crowd():
    """A configuration of more instances than lines, whose names differ at their ends."""
    return "".join(f"[loopback {LONG}{n:02}]\n" for n in range(50)) + "[python py1]\nmodule = script\n[map]\n"


def is_whole(lines, columns, height):
    """Tells whether top has drawn all of the screen, each row on its line."""
    rows = lines[2:-1]
    return (len(lines) == height and lines[0].startswith("firecurtain: 51 instances") and set(lines[1].split()) <= TITLES
            and lines[1].startswith("INSTANCE") and len(rows) == height - 3
            and all(re.match(r"(the-on\S*\d\d|py1) +running\b", row) for row in rows) and lines[-1].startswith("q quit  n name"))


@pytest.mark.one_setting
def test_top_on_screens_of_any_size_and_when_that_changes(play):
    show = play(config=crowd(), scripts={"script.py": ""})
    for columns, height in SIZES:
        with Terminal(show, "top", columns=columns, lines=height) as terminal:
            lines = terminal.wait(lambda lines: is_whole(lines, columns, height))
            assert ("PID" in lines[1]) == (columns == 120) and ("MEMORY" in lines[1]) == (columns >= 80)
            for others in (*SIZES, (columns, height)):
                terminal.resize(*others)
                terminal.wait(lambda lines: is_whole(lines, *others))
            terminal.type("q")
            assert terminal.process.wait(PATIENCE) == 0


@pytest.mark.one_setting
def test_top_tells_names_apart_by_their_ends(play):
    show = play(config=crowd(), scripts={"script.py": ""})
    with Terminal(show, "top") as terminal:
        lines = terminal.wait(lambda lines: is_whole(lines, 80, 24))
        names = [line.split()[0] for line in lines[2:-1]]
        assert len(set(names)) == len(names)


@pytest.mark.one_setting
def test_top_on_a_terminal_that_is_far_too_small(play):
    show = play(config=crowd(), scripts={"script.py": ""})
    with Terminal(show, "top", columns=16, lines=5) as terminal:
        terminal.wait(lambda lines: lines[0].startswith("firecurtain: 51") and "…" in lines[2] and "…" in lines[3])
        terminal.resize(3, 2)
        terminal.resize(80, 24)
        terminal.wait(lambda lines: is_whole(lines, 80, 24))


@pytest.mark.one_setting
def test_top_has_no_numbers_where_there_is_nothing_to_count(play):
    """A loopback has no process: no PID 0, and no 0.0M."""
    show = play(config=crowd(), scripts={"script.py": ""})
    with Terminal(show, "top", columns=160, lines=60) as terminal:
        lines = terminal.wait(lambda lines: lines[-1].startswith("q quit") and re.search("^py1 .*M", "\n".join(lines), re.M))
        row = next(line for line in lines if line.startswith(LONG))
        assert set(row.split()[5:]) == {"-"} and "ERRORS  QUEUE" in lines[1]
        assert re.search(r"^py1 +running .* \d+\.\dM ", "\n".join(lines), re.M)


@pytest.mark.one_setting
@pytest.mark.parametrize("columns", [80, 100, 200])
def test_help_has_its_columns_on_any_terminal(play, columns):
    show = play(config="[osc wire]\nbind = 127.0.0.1 @IN@\n", ready=())
    with Terminal(show, "--help", columns=columns, lines=150) as terminal:
        lines = terminal.read_to_the_end()
    for first, last, column in (("Usage:", "  firecurtain --help | --version", 47), ("Options of a show:", "", 29)):
        rows = lines[lines.index(first) + 1:]
        rows = [row for row in rows[:rows.index(last)] if row.startswith(" ")]
        assert len(rows) > 10
        for row in rows:
            assert row[column - 2:column] == "  " and row[column] != " ", row
        assert (max(map(len, rows)) > 80) == (columns > 80)
    assert any(row.startswith(" " * 47) for row in lines) == (columns < 200)


@pytest.mark.one_setting
def test_the_log_for_programs(play):
    script = '''
        print('say "hello"')
        raise ValueError("bad")
    '''
    show = play(script, options="restart = never", arguments=["--log-format", "json"], ready=())
    until(lambda: "ValueError: bad" in str(show.log) and "not started again" in str(show.log), lambda: str(show.log))
    lines = [json.loads(line.text) for line in show.log.lines]
    assert all(set(line) == {"time", "level", "instance", "message"} for line in lines)
    assert {"py1"} <= {line["instance"] for line in lines} and 'say "hello"' in [line["message"] for line in lines]
    listed = [json.loads(line) for line in run(show, "logs", "--json", "py1", check=0).stdout.splitlines()]
    assert listed and all(line["instance"] == "py1" for line in listed) and 'say "hello"' in [line["message"] for line in listed]
    with Terminal(show, "logs", "py1", columns=200) as terminal:
        terminal.read_to_the_end()
        assert terminal.colour("error") == "red" and terminal.colour("info") == "green"
    assert "\x1b" not in run(show, "logs", check=0).stdout
    assert "--log-format must be text or json" in run(show, "run", "--log-format", "xml", check=64).stderr
