# SPDX-License-Identifier: BSD-2-Clause
"""The command line: firecurtain run, check, --help, --version, mistakes."""

import re

import pytest

GOOD = {"show.cfg": "[loopback l]\n[python py1]\nmodule = script\n[map]\nl.a > py1.script.f\n",
        "script.py": "def f(value): pass\n"}


@pytest.mark.one_setting
def test_help(firecurtain):
    result = firecurtain("--help")
    assert result.returncode == 0 and result.stderr == ""
    for word in ("run", "check", "--version", "-i", "-b", "--log-level"):
        assert word in result.stdout


@pytest.mark.one_setting
@pytest.mark.parametrize("command", ["run", "check"])
def test_help_of_a_command(firecurtain, command):
    result = firecurtain(command, "--help")
    assert result.returncode == 0 and command in result.stdout


@pytest.mark.one_setting
def test_version(firecurtain):
    result = firecurtain("--version")
    assert result.returncode == 0
    assert re.fullmatch(r"firecurtain \d+\.\d+\.\d+\n", result.stdout)


@pytest.mark.one_setting
@pytest.mark.parametrize("arguments, suggestion", [
    (["--verison"], "--version"), (["chekc", "show.cfg"], "check"), (["run", "--log-levle", "debug", "show.cfg"], "--log-level")])
def test_a_mistyped_option_or_command_is_refused_with_a_suggestion(firecurtain, arguments, suggestion):
    result = firecurtain(*arguments, files=GOOD)
    assert result.returncode not in (0, 1) and result.returncode > 0
    assert suggestion in result.stderr


@pytest.mark.one_setting
def test_check_of_a_good_show(firecurtain):
    result = firecurtain("check", "show.cfg", files=GOOD)
    assert result.returncode == 0, result.stderr
    assert "error" not in result.stderr


@pytest.mark.one_setting
def test_check_runs_no_script(firecurtain):
    result = firecurtain("check", "show.cfg", files={**GOOD, "script.py": "print('it ran')\ndef f(value): pass\n"})
    assert result.returncode == 0 and "it ran" not in result.stderr + result.stdout


@pytest.mark.one_setting
def test_check_of_a_broken_show(firecurtain):
    result = firecurtain("check", "show.cfg", files={**GOOD, "show.cfg": "[loopback l\n"})
    assert result.returncode == 78
    assert re.match(r"show\.cfg:1:\d+: error: ", result.stderr)


@pytest.mark.one_setting
def test_a_hundred_thousand_mappings_are_read(firecurtain):
    result = firecurtain("check", "show.cfg", timeout=30, files={
        "show.cfg": "[loopback l]\n[map]\nl.a{1..1000}.{1..100} > l.b{1..100000}\n"})
    assert result.returncode == 0, result.stderr


@pytest.mark.one_setting
def test_a_glob_without_an_end_is_refused_not_expanded(firecurtain):
    result = firecurtain("check", "show.cfg", timeout=30, files={
        "show.cfg": "[loopback l]\n[map]\nl.a{1..4000000000}{1..4000000000} > l.b\n"})
    assert result.returncode == 78


@pytest.mark.one_setting
def test_a_file_alone_means_run(play):
    show = play("import midimonster\ndef handler(value): midimonster.output('out', value)\n",
                ["wire./in > py1.script.handler", "py1.out > wire./out"], command=())
    show.set("/in", 0.5)
    show.expect("/out", 0.5)


@pytest.mark.one_setting
def test_log_level(play):
    show = play("""
        import midimonster
        print("not shown")
        def handler(value):
            midimonster.output("out", value)
            raise RuntimeError("shown")
    """, ["wire./in > py1.script.handler", "py1.out > wire./out"], arguments=("--log-level", "error"), ready=())
    show.coax("/in", "/out")
    show.log.wait("RuntimeError: shown", "py1")
    show.stop()
    assert not show.log.matching("", level=("info", "debug", "warning")), show.log


@pytest.mark.one_setting
def test_every_line_has_time_level_instance_and_message(play):
    show = play("print('hello')\n", arguments=("--log-level", "debug"))
    show.printed("^hello$")
    show.stop()
    assert not show.log.matching("", level="raw"), show.log
    assert show.log.matching("", instance="-")
    assert "\x1b" not in str(show.log)


@pytest.mark.one_setting
def test_journal_priorities_under_systemd(play):
    show = play("import sys\nprint('hello')\n", env={"JOURNAL_STREAM": "stderr"}, ready=())
    show.log.wait(r"^<6>.*py1 hello$", level="raw")


@pytest.mark.one_setting
def test_a_show_without_python_instances(play):
    show = play(config="[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n[map]\nwire./in > wire./out\n", ready=())
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
