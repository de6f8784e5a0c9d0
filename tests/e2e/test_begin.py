# SPDX-License-Identifier: BSD-2-Clause
"""What helps at the beginning: firecurtain init and doctor, the manual page of the configuration, and the stub."""

import json
import re
import signal
import subprocess

import pytest
from harness import TOP, root_only, user_only, without_user_namespaces
from refusing import refusing

FILES = ["README.md", "lights.py", "midimonster.pyi", "show.cfg"]


def findings(result):
    return {each["what"]: each for each in json.loads(result.stdout)}


def test_init_writes_a_show_that_check_accepts_and_run_runs(firecurtain, play, stage, identity):
    folder = stage.folder(identity) / "new"
    assert firecurtain("init", folder).returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert (folder / "midimonster.pyi").read_text() == (TOP / "worker/midimonster.pyi").read_text()
    checked = firecurtain("check", "show.cfg", files={path.name: path.read_text() for path in folder.iterdir()})
    assert checked.returncode == 0 and checked.stderr == "" and "2 instances, 2 routes" in checked.stdout
    # other tests may use the ports that people are told of
    config = folder / "show.cfg"
    config.write_text(config.read_text().replace(" 8000", " @IN@").replace(" 9000", " @OUT@"))
    show = play(config=config.read_text(), folder=folder, ready=("lights",))
    show.printed("receives OSC on port 8000", "lights")
    show.set("/fader1", 0.5)
    show.expect("/light1", 0.25)


@pytest.mark.one_setting
def test_a_show_says_once_that_it_runs_also_without_scripts(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [map]
        wire./in > wire./out""", ready=())
    line = show.log.wait("^the show is running: ", "-", "info")
    assert line.message == 'the show is running: 1 instance, 1 route; "firecurtain status" shows it'
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    show = play(config="""
        [osc wire]
        bind = 192.0.2.1 9000
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = script
        [map]
        wire./in > py1.script.f
        wire./in > wire./out""", scripts={"script.py": "def f(value): pass"})
    show.log.wait("^the show is running: 1 of 2 instances, 2 routes; ", "-", "info")
    running = show.log.matching("^running|^the show is running")
    assert [line.instance for line in running] == ["py1", "-"], "it comes before the last instance has started"
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("^the new configuration is running")
    assert len(show.log.matching("^the show is running")) == 1


def test_init_refuses_a_folder_with_files_and_leaves_them(firecurtain, stage, identity):
    folder = stage.folder(identity)
    (folder / ".hidden").write_text("mine")
    result = firecurtain("init", folder)
    assert result.returncode == 73 and "not empty" in result.stderr
    assert [path.name for path in folder.iterdir()] == [".hidden"]
    (folder / ".hidden").unlink()
    assert firecurtain("init", folder).returncode == 0, "an empty folder will do"
    assert firecurtain("init", folder / "a/b").returncode == 73
    assert firecurtain("init", folder / "README.md").returncode == 73


@pytest.mark.one_setting
def test_doctor_says_for_each_lack_what_it_costs_and_how_to_mend_it(firecurtain):
    result = firecurtain("doctor", "--json")
    found = findings(result)
    assert result.returncode == 0 and found["user namespaces"]["outcome"] == found["Landlock"]["outcome"] == "good"
    assert {"system call filter", "cgroups", "account", "your groups", "MIDI sequencer", "send buffers", "processor turns"} <= set(found)
    for each in found.values():
        assert each["found"] and bool(each["cost"]) == bool(each["command"]) == (each["outcome"] != "good"), each
    text = firecurtain("doctor")
    assert text.returncode == 0 and text.stderr == "" and "Shows can run here" in text.stdout
    assert len(re.findall("to mend it", text.stdout)) == sum(each["outcome"] != "good" for each in found.values())


@user_only
def test_doctor_names_the_setting_that_forbids_user_namespaces(firecurtain, identity):
    found = findings(firecurtain("doctor", "--json", launcher=without_user_namespaces(identity.uid)))
    assert found["user namespaces"]["outcome"] == "lacking"
    assert found["user namespaces"]["command"] == "sysctl -w user.max_user_namespaces=10000"


@user_only
def test_doctor_says_when_nothing_would_confine_a_script(firecurtain, identity):
    launcher = [*without_user_namespaces(identity.uid), *refusing(["landlock_create_ruleset"])]
    result = firecurtain("doctor", launcher=launcher)
    assert result.returncode == 71 and "No script can run here" in result.stdout
    result = firecurtain("doctor", "--json", launcher=refusing(["seccomp"]))
    assert result.returncode == 71 and findings(result)["system call filter"]["outcome"] == "bad"


@root_only
def test_doctor_leaves_root_where_it_was(firecurtain, identity):
    """It tries what scripts' accounts may do in a child, and puts back the cgroup that it makes."""
    before = open("/proc/self/cgroup").read()
    assert firecurtain("doctor").returncode == 0 and open("/proc/self/cgroup").read() == before


@pytest.mark.rules
def test_the_manual_page_of_the_configuration_has_every_option(tmp_path):
    made = tmp_path / "firecurtain.cfg.5"
    page = TOP / "docs/configuration.md"
    subprocess.run([TOP / "docs/cfg_man.py", "1.0", page, made], check=True)
    text = made.read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \|", page.read_text(), re.M)
    assert len(rows) > 30
    assert [name for name in rows if f".TP\n\\fB{name.replace('-', chr(92) + '-')}\\fR" not in text] == []
    formatted = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", made], text=True, stderr=subprocess.PIPE)
    assert formatted.returncode == 0 and formatted.stderr == ""
