# SPDX-License-Identifier: BSD-2-Clause
"""What a person reads when a script or a configuration is wrong: once, in place, and with what to do."""

import contextlib
import re
import shutil
import socket
import subprocess
from pathlib import Path

import control
import pytest
from harness import BUILT, PROGRAMS, dedent, environment, user_only
from waiting import until
from wire import free_port

BROKEN = "import midimonster\ndef f(value):\n    midimonster.output('out', value\n"
SOUND = "import midimonster\ndef f(value):\n    midimonster.output('out', value)\n"
INSTANCES = "".join(f"[python {name}]\nmodule = {name}\n{options}\n" for name, options in {
    "broken": "", "package": "", "missing": "restart-delay = 100ms", "typo": "", "raises": "", "patient": "restart = never"}.items())


def test_an_import_that_fails_is_told_once_and_waits_for_a_change_where_only_that_helps(play):
    show = play(config=INSTANCES + "[python well]\nmodule = well\n[map]\n", ready=["well"], scripts={
        "broken.py": BROKEN, "package.py": "import pkg.part\n", "pkg/__init__.py": "", "pkg/part.py": BROKEN,
        "missing.py": "import numpi_\n", "typo.py": "import helpr\n", "helper.py": "", "raises.py": "print('before')\n1 / 0\n",
        "patient.py": BROKEN, "well.py": ""})
    folder = show.folder
    later = rf"^worker ended: exit status 1; starting it again when a file in {folder} changes, or in "
    # what no second try can change waits: the default of restart-delay is 30 s
    for name in ("broken", "package", "typo"):
        show.log.wait(later + r"30\.0 s$", name)
        assert len(show.log.matching("cannot be imported$", name)) == 1
    show.log.wait(rf'^  File "{folder}/broken.py", line 3$', "broken", "error")
    show.log.wait("^SyntaxError: '\\(' was never closed$", "broken", "error")
    show.log.wait('^did you mean "helper"\\?$', "typo")
    show.log.wait(r"virtual environment, show that: read = /PATH/lib/python3\.\d+/site-packages$", "missing")
    # tried again slowly, and counted
    show.log.wait(later + r"0\.1 s$", "missing")
    show.log.wait(r"^worker ended: exit status 1 \(the module missing cannot be imported, as before: 3 times in a row\); starting it again when",
                  "missing")
    assert len(show.log.matching("^ModuleNotFoundError", "missing")) == 1
    # what may go better another time is tried again soon, and told once all the same
    show.log.wait(r"the module raises cannot be imported, as before: 3 times in a row\); starting it again in 0\.\d s$", "raises")
    assert len(show.log.matching("^ZeroDivisionError", "raises")) == 1
    lines = show.log.messages("raises")
    assert lines.index("before") < lines.index("the module raises cannot be imported"), "the order of the log is lost"
    show.log.wait(r"^worker ended: exit status 1; not started again \(option restart\)$", "patient")
    # a change of the file that was wrong starts it, although reload is off
    show.write("broken.py", SOUND)
    show.log.wait(r"^running \(pid", "broken")
    show.write("pkg/part.py", SOUND)
    show.log.wait(r"^running \(pid", "package")
    assert not show.log.matching(r"^running", "patient")
    # one that is wrong again is told again
    position = show.log.position
    show.write("helper.py", "# something else\n")
    show.log.wait("^ModuleNotFoundError", "typo", after=position)


@pytest.mark.one_setting
def test_paths_are_those_of_the_person_wherever_python_writes_them(play):
    script = """
        import logging, midimonster, traceback, warnings
        def handler(value):
            warnings.warn("old")
            try:
                from helper import nothing
            except ImportError:
                logging.exception("caught")
            raise ValueError("/show/script.py")
    """
    show = play(script, ["wire./in > py1.script.handler"], scripts={"helper.py": ""})
    show.set("/in", 0.5)
    show.log.wait("^ValueError: /show/script.py$", "py1")
    folder = re.escape(str(show.folder))
    for pattern in (rf'^  File "{folder}/script.py", line 8, in handler$', rf"^{folder}/script.py:3: UserWarning: old$",
                    rf"^ImportError: cannot import name 'nothing' from 'helper' \({folder}/helper.py\)$"):
        assert show.log.matching(pattern, "py1"), f"{pattern}\n{show.log}"
    assert not show.log.matching('File "/show/', "py1")


@pytest.mark.one_setting
@pytest.mark.parametrize("call, error", [("json.loads('{')", "JSONDecodeError"), ("subprocess.run(['true'])", "PermissionError"), ("os.fork()", "PermissionError")])
def test_the_place_of_an_error_is_in_the_script(play, call, error):
    """Not in a library, nor in what stands in for one."""
    show = play(f"""
        import json, os, subprocess
        def fail(value):
            {call}
        """, ["wire./fail > py1.script.fail"])
    show.set("/fail", 1)
    show.log.wait(f"^(json.decoder.)?{error}: ", "py1")
    assert show.log.matching('File ".*/script.py", line 3, in fail$') and not show.log.matching("<firecurtain>")
    assert control.status(show)["py1"]["last_error"].endswith("(script.py:3)"), str(show.log)


@pytest.mark.one_setting
@pytest.mark.parametrize("imported", ["at the start", "in a handler"])
def test_a_traceback_shows_the_lines_that_run(play, imported):
    """Not those of a file that was saved since, which has others at these numbers."""
    failing = "def fail(value):\n    return value / 0  # as it runs\n"
    show = play("""
        import midimonster
        if not LATE: import helper
        def fail(value):
            import helper
            midimonster.output("out", 1)
            if value: helper.fail(value)
        """.replace("LATE", str(imported == "in a handler")), ["wire./fail > py1.script.fail", "py1.out > wire./out"], scripts={"helper.py": failing})
    show.set("/fail", 0)
    show.expect("/out", 1)
    show.write("helper.py", "# a new comment\n" * 5 + failing.replace("as it runs", "as it was saved"))
    show.set("/fail", 0.5)
    show.log.wait("^    return value / 0  # as it runs$")
    assert not show.log.matching("as it was saved|a new comment")


@pytest.mark.one_setting
def test_an_unknown_output_gets_one_line_with_a_suggestion(play):
    script = """
        import midimonster
        def handler(value):
            for name in ("levl", "levl", "Level", "something else"):
                midimonster.output(name, value)
            midimonster.output("level", value)
    """
    show = play(script, ["wire./in > py1.script.handler", "py1.level > wire./out"])
    for value in (0.5, 0.25):
        show.set("/in", value)
        show.expect("/out", value)
    show.log.wait('"something else"$', "py1")  # lines come by a way of their own
    said = show.log.messages("py1", "^output: no mapping")
    assert said == ['output: no mapping uses the channel "levl"; did you mean "level"?',
                    'output: no mapping uses the channel "Level"; did you mean "level"?',
                    'output: no mapping uses the channel "something else"']


@pytest.mark.one_setting
def test_a_reload_without_handlers_says_so(play):
    show = play(SOUND.replace("def f", "def handler"), ["wire./in > py1.script.handler", "py1.out > wire./out"], options="reload = on")
    show.write("script.py", SOUND)
    show.log.wait(r"^its changed files were rejected \(they lack handlers that the running script has\); the script goes on unchanged$",
                  "py1", "error")
    show.log.wait('there is no function "handler" in "script"', "py1")
    assert not show.log.matching("SIGKILL|killed", "py1")
    show.set("/in", 0.5)
    show.expect("/out", 0.5)


@pytest.mark.one_setting
def test_check_compiles_and_names_the_place(firecurtain):
    show = "[loopback l]\n[python py1]\nmodule = script\n[map]\nl.a > py1.script.f\npy1.out > l.b\n"
    done = firecurtain("check", "show.cfg", files={"show.cfg": show, "script.py": "import part\n" + SOUND, "part.py": BROKEN})
    assert done.returncode == 78
    assert re.search(r"^/\S+/part\.py:3:23: error: '\(' was never closed\n      midimonster\.output\('out', value\n", done.stderr, re.M), done.stderr
    assert "show.cfg: 1 error" in done.stderr
    # once, whoever loads it
    two = show.replace("[map]", "[python py2]\nmodule = part\n[map]")
    done = firecurtain("check", "show.cfg", files={"show.cfg": two, "script.py": "import part\n" + SOUND, "part.py": BROKEN})
    assert done.returncode == 78 and done.stderr.count("was never closed") == 1 and "show.cfg: 1 error\n" in done.stderr, done.stderr
    for text, message in (("def f(value):\nreturn 1\n", r"script\.py:2:1: error: expected an indented block"),
                          ("def f(value): pass\nx = '\xff\n", r"script\.py:2:5: error: unterminated string"),
                          ("def f(value): pass\nreturn\n", r"script\.py:2:1: error: 'return' outside function")):
        done = firecurtain("check", "show.cfg", files={"show.cfg": show, "script.py": text})
        assert done.returncode == 78 and re.search(message, done.stderr), done.stderr


@pytest.mark.one_setting
def test_check_and_run_say_the_same_of_a_file_that_is_no_script(firecurtain, stage, identity, play):
    folder = stage.folder(identity)
    (folder / "show.cfg").write_text("[loopback l]\n[python py1]\nmodule = script\n[map]\nl.a > py1.script.f\n")
    script, other = folder / "script.py", stage.folder(identity) / "other.py"
    other.write_text("def f(value): pass\n")

    def checked(message):
        done = firecurtain("check", folder / "show.cfg")
        assert done.returncode == 78 and message in done.stderr and "show.cfg: 1 error" in done.stderr, done.stderr

    for content, place in ((b'x = "\xff"\ndef f(value): pass\n', "1:8"), (b'def f(value):\n    x = "\xff"\n', "2:12")):
        script.write_bytes(content)
        checked(f"script.py:{place}: error: (unicode error) 'utf-8' codec can't decode byte 0xff")
    script.unlink()
    script.mkdir()
    checked("script.py:1:1: error: it is not a file")
    script.rmdir()
    script.symlink_to(other)
    linked = f"it is a link to {other}, which is not in the folder of the script: copy the file into it"
    checked(f"script.py:1:1: error: {linked}")
    show = play(config="[python py1]\nmodule = script\n", scripts={}, ready=())
    assert not show.log.matching("is a link", "py1")
    (show.folder / "script.py").symlink_to(other)
    show.log.wait(f"^script.py: {re.escape(linked)}$", "py1", "error")


DOUBTFUL = """
    [osc desk]
    bind = 127.0.0.1 8000
    [osc lamp]
    dest = 127.0.0.1 8001
    [python py1]
    module = script
    [map]
    desk./a > py1.script.fader
    py1.script.fader > lamp./a
    py1.levl > desk./b
    py1.level > lamp./c
    lamp./d > py1.script.fader
"""
DOUBTED = """
    import os
    import midimonster
    import requests
    try:
        import ujson_
    except ImportError:
        ujson_ = None
    from helper import later

    def fader(value):
        midimonster.ouput("level", value)
        midimonster.output("level", valu)
        if value:
            print(os, later, ujson_, undefined_later)

    undefined_later = 1
"""


@pytest.mark.one_setting
def test_check_warns_of_what_can_hardly_be_right(firecurtain):
    done = firecurtain("check", "show.cfg", files={"show.cfg": DOUBTFUL, "script.py": DOUBTED, "helper.py": "later = nothing_here\n"})
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^(\S+): warning: (.*)\n(?:  .*\n  +\^\n)?(?:  note: (.*)\n)?", done.stderr, re.M)
    found = [(place.rpartition("/")[2], text, note) for place, text, note in found]
    assert len(found) == 8, done.stderr
    for place, text, note in (
            ("show.cfg:1:6", "desk: nothing that is mapped to it is sent anywhere: set dest = HOST PORT, or dest = learn", ""),
            ("show.cfg:3:6", "lamp: it receives nothing but answers to what it has sent: set bind = HOST PORT", ""),
            ("show.cfg:9:5", 'the script of "py1" never puts out "script.fader"', "a handler receives"),
            ("show.cfg:10:5", 'the script of "py1" never puts out "levl"', 'did you mean "level"?'),
            ("script.py:3:1", 'the module "requests" cannot be imported', "read = /PATH/lib/python3"),
            ("script.py:11:5", 'midimonster has no function "ouput"', 'did you mean "output"?'),
            ("script.py:12:33", 'the name "valu" is not defined', 'did you mean "value"?'),
            ("helper.py:1:9", 'the name "nothing_here" is not defined', "")):
        assert any(each[:2] == (place, text) and note in each[2] for each in found), f"{place}: {text}\n{done.stderr}"


@pytest.mark.one_setting
def test_check_says_nothing_of_what_it_cannot_know(firecurtain):
    show = "[loopback l]\n[python py1]\nmodule = script\n[map]\nl.a > py1.script.f\npy1.made > l.b\n"
    for text in ("import midimonster\ndef f(value): midimonster.output('ma' + 'de', value)\n",
                 "from midimonster import *\ndef f(value): output('made', value)\n",
                 "import midimonster as mm\nsend = mm.output\ndef f(value): send('made', value)\n",
                 "import midimonster\nexec('x = 1')\ndef f(value): midimonster.output('made', x)\n",
                 "import midimonster\nglobals()['x'] = 1\ndef f(value): midimonster.output('made', x)\n",
                 "import midimonster\ndef f(value):\n  global x\n  x = 1\n  midimonster.output('made', x)\ndef g(): return x, __file__, [y for y in ()]\n",
                 "import midimonster\nclass A:\n  one = 1\n  two = one\n  def m(self): return __class__\ndef f(value): midimonster.output('made', A.two)\n"):
        done = firecurtain("check", "show.cfg", files={"show.cfg": show, "script.py": text})
        assert done.returncode == 0 and done.stderr == "", text + done.stderr


def test_check_leaves_no_folder_behind(firecurtain, stage, identity):
    folder = stage.folder(identity)
    (folder / "show.cfg").write_text("[python py1]\nmodule = script\n")
    (folder / "script.py").write_text("")
    for path in folder.iterdir():
        identity.own(path)
    done = subprocess.run(identity.command([stage.firecurtain, "check", folder / "show.cfg"]), cwd=folder, env=environment(folder),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0 and "compiled" not in done.stdout, done.stdout
    assert [path for path in (folder / "state").rglob("*") if path.name.startswith(("show", "py1", "check"))] == []


@pytest.mark.one_setting
def test_an_empty_configuration_gets_a_warning(firecurtain):
    for text in ("", "; nothing yet\n", "[map]\n"):
        done = firecurtain("check", "show.cfg", files={"show.cfg": text})
        assert done.returncode == 0 and "show.cfg: warning: the configuration has no instances" in done.stderr


HELLO = """
    [loopback l]
    [python py1]
    module = helo
    [map]
    l.a > py1.hello.fader
    l.b > py1.hello.other
"""


@pytest.mark.one_setting
def test_a_module_that_is_not_there_is_one_error_for_check_and_for_run(firecurtain):
    for command in ("check", "run"):
        done = firecurtain(command, "show.cfg", files={"show.cfg": HELLO, "hello.py": "def fader(value): pass\ndef other(value): pass\n"})
        assert done.returncode == 78, done.stderr
        assert len(re.findall("error:", done.stderr)) == 1, done.stderr
        assert re.search(r'show\.cfg:2:9: error: the module "helo" of the instance "py1" is not in /', done.stderr)
        assert 'note: did you mean "hello"?' in done.stderr
        # a file to read, and a module that nothing resembles
        done = firecurtain(command, "show.cfg", files={"show.cfg": "[python py1]\nmodule = nothing\nread = /no/such/folder\n"})
        assert done.returncode == 78 and len(re.findall("error:", done.stderr)) == 2 and "did you mean" not in done.stderr, done.stderr


@pytest.mark.one_setting
def test_a_module_that_is_not_loaded_is_one_error_however_many_functions_are_named(firecurtain):
    show = HELLO.replace("helo", "lights")
    done = firecurtain("check", "show.cfg", files={"show.cfg": show, "lights.py": "", "hello.py": ""})
    assert done.returncode == 78 and len(re.findall("error:", done.stderr)) == 1, done.stderr
    assert 'note: add "module = hello" to its section' in done.stderr


@pytest.mark.one_setting
@pytest.mark.parametrize("module, mapping, error, note", [
    ("lights.py", "l.a > l.b", 'the module "lights.py" of the instance "py1" is not in', 'did you mean "lights"?'),
    ("lights", "l.a > py1.lights.on > l.b", 'there is no function "on > l" in the module "lights"', "a second mapping is a line of its own"),
    ("lights", "l.a > py1.lights.on, py1.lights.off", 'there is no function "on, py1"', "a mapping has one channel on each side"),
])
def test_what_was_meant_is_said(firecurtain, module, mapping, error, note):
    show = f"[python py1]\nmodule = {module}\n[loopback l]\n[map]\n{mapping}\n"
    done = firecurtain("check", "show.cfg", files={"show.cfg": show, "lights.py": "def on(v): pass\ndef off(v): pass\n"})
    assert done.returncode == 78 and len(re.findall("error:", done.stderr)) == 1, done.stderr
    assert error in done.stderr and note in done.stderr, done.stderr


@pytest.mark.one_setting
def test_modules_in_other_forms_are_there(firecurtain):
    show = "[python py1]\nmodule = pkg\nmodule = folder.part\nmodule = json\nmodule = venv\nread = v/site-packages\n"
    done = firecurtain("check", "show.cfg", files={"show.cfg": show, "pkg/__init__.py": "", "folder/part.py": "", "v/site-packages/venv.py": ""})
    assert done.returncode == 0 and done.stderr == "", done.stderr


@contextlib.contextmanager
def taken_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.one_setting
def test_a_port_in_use_is_one_line_and_then_counted(play):
    with taken_port() as port:
        show = play(config=f"[osc desk]\nbind = 127.0.0.1 {port}\n[osc name]\ndest = no-such-host.invalid 9000\n"
                           f"[osc alien]\nbind = 192.0.2.1 {port}\n[loopback l]\n[map]\ndesk./a > l.a\nl.a > name./a\n", ready=())
        show.log.wait(r"^cannot start, as before \(2 times\); trying again in 2 s$", "desk")
        assert [line.message for line in show.log.matching("", "desk", "error")][0] == (
            f"cannot start: port {port} is in use by another program: end that one (ss -ulnp sport = {port} shows it), or bind another port; "
            "trying again in 1 s")
        assert len(show.log.matching("", "desk", "error")) == 2
        show.log.wait("^cannot start: this machine does not have the address 192.0.2.1: bind one of those", "alien")
        show.log.wait('^cannot start: the name "no-such-host.invalid" cannot be resolved: ', "name")
    show.stop()


@pytest.mark.one_setting
def test_a_port_of_another_instance_or_of_the_console_in_use(play):
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        browsers = taken.getsockname()[1]
        show = play(config=f"[console]\nbind = 127.0.0.1 {browsers}\n[osc one]\nbind = 127.0.0.1 {port}\n[osc two]\nbind = 127.0.0.1 {port}\n", ready=())
        show.log.wait(f'^cannot start: port {port} is in use by the instance "one": give one of them another port; trying again in 1 s$', "two")
        show.log.wait(f"^the console cannot listen at 127.0.0.1:{browsers}: Address already in use; another program has the port: end that one", level="error")
    show.stop()


@pytest.mark.one_setting
@pytest.mark.parametrize("first, second, clash", [
    ("127.0.0.1 8000", "127.0.0.1 8000", True), ("0.0.0.0 8000", "127.0.0.1 8000", True), ("127.0.0.1 8000", ":: 8000", True),
    ("127.0.0.1 8000", "127.0.0.1 8001", False), ("127.0.0.1 8000", "127.0.0.2 8000", False), ("0.0.0.0 8000", "::1 8000", False),
    ("127.0.0.1 0", "127.0.0.1 0", False)])
def test_check_sees_two_instances_with_one_port(firecurtain, first, second, clash):
    done = firecurtain("check", "show.cfg", files={
        "show.cfg": f"[osc one]\nbind = {first}\n[osc two]\nbind = {second}\n[loopback l]\n[map]\none./a > l.a\ntwo./a > l.a\n"})
    assert done.returncode == 0
    assert ('only one of two instances can have port 8000, which "one" has already: give one of them another port' in done.stderr) == clash
    assert clash or done.stderr == ""


def has_low_ports():
    return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) > 80


@user_only
@pytest.mark.skipif(not has_low_ports(), reason="here everybody may bind every port")
def test_a_low_port_says_which_right_it_needs(play):
    show = play(config="[osc desk]\nbind = 127.0.0.1 80\n[map]\n", ready=())
    said = show.log.wait("^cannot start", "desk").message
    assert "port 80 is below 1024" in said and "AmbientCapabilities=CAP_NET_BIND_SERVICE" in said and "ip_unprivileged_port_start=80" in said


@user_only
@pytest.mark.skipif(not has_low_ports(), reason="here everybody may bind every port")
def test_a_low_port_of_a_script_says_which_right_it_needs(play):
    show = play("""
        import socket
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                try:
                    socket.socket(family, kind).bind((address, 80))
                except PermissionError:
                    print("refused")
    """, [], options="listen = *:80")
    until(lambda: len(show.log.matching("^refused$", "py1")) == 4, lambda: str(show.log))
    said = show.log.wait(r"^refused: bind\(\): port 80 is below 1024", "py1", "warning").message
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in said and "ip_unprivileged_port_start=80" in said and "would allow" not in said


@pytest.mark.one_setting
@pytest.mark.parametrize("line, message", [
    ("desk./f => l.x", r'show\.cfg:5:10: error: write ">" without "-" or "="'),
    ("desk./f -> l.x", r'show\.cfg:5:10: error: write ">" without "-" or "="'),
    ("desk./f <-- l.x", r'show\.cfg:5:9: error: write "<" without "-" or "="'),
    ("desk./f ->", r'show\.cfg:5:10: error: write ">" without "-" or "="'),
    ("desk./f > l.x ; comment", r"show\.cfg:5:15: error: a comment cannot follow a mapping on the same line"),
    ("desk./f >", r'show\.cfg:5:9: error: there is nothing on the right of ">"'),
])
def test_one_message_for_a_mapping_in_another_language(firecurtain, line, message):
    done = firecurtain("check", "show.cfg", files={"show.cfg": f"[osc desk]\nbind = 127.0.0.1 8000\n[loopback l]\n[map]\n{line}\n"})
    assert done.returncode == 78 and len(re.findall("error:", done.stderr)) == 1 and re.search(message, done.stderr), done.stderr


@pytest.mark.one_setting
@pytest.mark.parametrize("section, message", [
    ("[python py1]\nmodule = script\nmemory = lots", r'show\.cfg:3:10: error: "lots" is not a size from 64M to 1024G, such as 512M'),
    ("[python py1]\nmodule = script\nstate = 1 GB", r'error: "1 GB" is not a size from 4k to '),
    ("[python py1]\nmodule = script ; mine", r'error: "script ; mine" is not the name(.*\n)+  note: a comment is a line of its own'),
    ("[python py1]\nmodule = script\nmemory = 128M ; much", r"error: (.*\n)+  note: a comment is a line of its own"),
    ("[osc desk]\nbind = 127.0.0.1:8000", r'error: the port follows the host after a blank: write "127\.0\.0\.1 8000"'),
    ("[osc desk]\nbind = 8000", r'error: the host is missing: write "127\.0\.0\.1 8000" for this machine alone'),
    ("[osc desk]\nbind = 127.0.0.1", r'error: the port is missing after the host'),
])
def test_one_message_for_an_option_and_how_to_write_it(firecurtain, section, message):
    done = firecurtain("check", "show.cfg", files={"show.cfg": section + "\n", "script.py": ""})
    assert done.returncode == 78 and len(re.findall("error:", done.stderr)) == 1 and re.search(message, done.stderr), done.stderr


@pytest.mark.one_setting
def test_a_recording_in_the_place_of_a_configuration(firecurtain):
    files = {"show.cfg": "[loopback l]\n", "tonight.rec": "fcrecord\0\n\0\n\0"}
    for command in (["replay", "show.cfg", "tonight.rec"], ["run", "tonight.rec"], ["check", "tonight.rec"]):
        done = firecurtain(*command, files=files)
        assert done.returncode == 64 and done.stderr.startswith(
            "firecurtain: tonight.rec is a recording, not a configuration; write: firecurtain replay tonight.rec show.cfg\n"), done.stderr
    done = firecurtain("check", "binary.cfg", files={"binary.cfg": "a\n\0\n\0\n\0\n"})
    assert done.returncode == 78 and len(re.findall("error:", done.stderr)) == 1 and "binary.cfg:2:1: error: there is a NUL byte" in done.stderr


@pytest.mark.one_setting
def test_words_that_people_try_first(firecurtain):
    version, help_text = firecurtain("--version").stdout, firecurtain("--help").stdout
    for word in ("-V", "version"):
        done = firecurtain(word)
        assert (done.returncode, done.stdout, done.stderr) == (0, version, "")
    for word in ("help", "-h"):
        done = firecurtain(word)
        assert (done.returncode, done.stdout, done.stderr) == (0, help_text, "")


def install(folder, *parts):
    for part in parts:
        place = folder / PROGRAMS[part]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(BUILT.parents[1] / PROGRAMS[part], place)


def test_a_build_without_a_part_names_it_and_takes_no_other(stage, identity):
    folder = stage.folder(identity)
    (folder / "show.cfg").write_text("[python py1]\nmodule = script\n")
    (folder / "script.py").write_text("")
    for parts, status, message in (
            (["command"], 71, f"firecurtain: cannot run {folder}/broker/firecurtain-broker: No such file or directory"),
            (["broker"], 71, f"cannot start {folder}/broker/../worker/firecurtain-worker: No such file or directory")):
        install(folder, *parts)
        stage.open_up()
        done = subprocess.run(identity.command([folder / PROGRAMS["command"], "run", folder / "show.cfg"]), cwd=folder, timeout=60,
                              env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == status and message in done.stdout, done.stdout
    # without the desk the show plays, and that is said once
    install(folder, "worker")
    stage.open_up()
    missing = f"cannot start {folder}/broker/firecurtain-desk, so nobody can ask this broker: No such file or directory"
    command = ["timeout", "-k", "30", "4", folder / PROGRAMS["command"], "run", folder / "show.cfg"]
    done = subprocess.run(identity.command(command), cwd=folder, timeout=120, env=environment(folder), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.stdout.count(missing) == 1, done.stdout
    # what runs in drivers waits for them, and says where they are to be had
    (folder / "show.cfg").write_text("[python py1]\nmodule = script\n[mqtt far]\nhost = 127.0.0.1\n[map]\nfar.a > py1.b\n")
    done = subprocess.run(identity.command(command), cwd=folder, timeout=120, env=environment(folder), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    missing = "cannot start: there is no program firecurtain-driver-mqtt: install the package firecurtain-mqtt; trying again"
    assert done.stdout.count(missing) == 1 and "running (pid" in done.stdout, done.stdout
    command = [folder / PROGRAMS["command"], "check", folder / "show.cfg"]
    done = subprocess.run(identity.command(command), cwd=folder, timeout=120, env=environment(folder), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    missing = f'"far" cannot start: {folder}/broker/firecurtain-driver-mqtt is missing; install the package firecurtain-mqtt'
    assert done.returncode == 0 and done.stdout.count(missing) == 1 and "show.cfg:3:" in done.stdout, done.stdout


@pytest.mark.one_setting
@pytest.mark.parametrize("lines, error, note, count", [
    ("[osc o]\nbind = 127.0.0.300 8000\n[map]\no./a > o./b", '"127.0.0.300" is not an address: that has four numbers, each at most 255', None, 1),
    ("[osc o]\nbind = 127.0.0.1 8000\ndest = 10.0.0.1.2 9000\n[map]\no./a > o./b", '"10.0.0.1.2" is not an address', None, 1),
    ("[mqtt m]\nhost = 10.0.0.256\n", '"10.0.0.256" is not an address', None, 1),
    ("[loopback l]\n[artnet a]\ndest = 127.0.0.300\n[map]\nl.a > a.1", '"127.0.0.300" is not an address', None, 1),
    ("[loopback l]\n[sacn a]\npriority = x\n[map]\nl.a > a.1", "priority is a number from 0 to 200", None, 1),
    ("[mqtt m]\nhost = a b\n", "expected [mqtt[s]://]", None, 1),
    ("[osc o]\n# the desk\nbind = 127.1 8000\ndest = learn\n", "expected an option: NAME = VALUE", 'a comment begins with ";"', 1),
    ("# my show\n[osc o]\nbind = 127.0.0.1 8000\n", "expected a header in brackets", 'a comment begins with ";"', 1),
    ("[osc o]\n#bind = 127.0.0.1 8000\nbind = 127.0.0.1 8000\n", 'the backend osc has no option "#bind"', 'a comment begins with ";"', 1),
    ("[loopback l]\n[map]\n# the lights\nl.a > l.b", "error: ", 'a comment begins with ";"', 1),
    ("[sacn in]\nuniverse = 1\nbind = 0.0.0.0\n", 'the option "bind" belongs in the backend\'s section, [backend sacn]', None, 1),
    ("[loopback l]\n[mapping]\nl.a > l.b", "the name of the instance is missing", 'did you mean "map"?', 1),
    ("[winmidi m]\n", 'MIDIMonster\'s backend "winmidi" does not exist here (docs/differences.md)', "on Linux that is midi", 1),
    ("[ola a]\n[jack b]\n[nonsense c]\n[lua d]\n", 'MIDIMonster\'s backend "ola" does not exist here', "the backends are artnet, evdev, loopback, midi, mqtt, osc", 4),
])
def test_frequent_mistakes_of_a_configuration_are_explained(firecurtain, lines, error, note, count):
    done = firecurtain("check", "show.cfg", files={"show.cfg": lines})
    assert done.returncode == 78 and len(re.findall(" error: ", done.stderr)) == count and "warning" not in done.stderr, done.stderr
    assert error in done.stderr and (f"note: {note}" in done.stderr if note else "note:" not in done.stderr), done.stderr
    assert len(re.findall("the backends are", done.stderr)) <= 1 and "loopback-driver" not in done.stderr, done.stderr


@pytest.mark.one_setting
def test_without_a_show_it_says_how_to_make_one(firecurtain):
    done = firecurtain("check", "show.cfg")
    assert done.returncode == 78 and 'cannot read "show.cfg": No such file or directory\n  note: name the file, or make a show: firecurtain init DIR\n' in done.stderr, done.stderr
    done = firecurtain("check", "other.cfg")
    assert done.returncode == 78 and "note:" not in done.stderr, done.stderr


@pytest.mark.one_setting
def test_a_reload_that_fails_is_told_whole_to_its_caller_and_in_one_line_to_the_audit_log(play):
    show = play(config="[osc wire]\nbind = 127.0.0.1 @IN@\n[map]\nwire./a > wire./b\n", ready=())
    show.write("show.cfg", "[osc wire]\nbind = 127.0.0.1 @IN@\n[map]\nwir./a > wire./b\n")
    said = control.run(show, "reload", check=78).stderr
    assert re.fullmatch(r"firecurtain: \S+show\.cfg:4:1: error: unknown instance \"wir\"\n  wir\./a > wire\./b\n  \^\n  note: did you mean \"wire\"\?\n", said), said
    line = show.log.wait("verb=reload", level="audit").message
    assert line.endswith(r'show.cfg:4:1: error: unknown instance \"wir\""'), line


@pytest.mark.one_setting
def test_handlers_that_cannot_be_called_with_a_value_are_found(firecurtain):
    script = """
        import midimonster
        def go():
            midimonster.output("a", 1)
        def two(a, b): pass
        def keyword(a, *, k): pass
        def other(): pass
        def fine(a, b=1, *c, k=2, **d): pass
        def many(*a): pass
        @staticmethod
        def decorated(): pass
        def twice(): pass
        def twice(value): pass
        def stored(): pass
        stored = print
        """
    names = ("go", "two", "keyword", "fine", "many", "decorated", "twice", "stored")
    config = f"[loopback l]\n[python py1]\nmodule = script\n[map]\nl.x{{1..{len(names)}}} > py1.script.{{{','.join(names)}}}\npy1.a > l.y\n"
    many = "".join(f"def f{n}(a, b, c): pass\n" for n in range(3000))  # none of them a handler
    for text in (dedent(script), dedent(script) + many):
        done = firecurtain("check", "show.cfg", files={"show.cfg": config, "script.py": text})
        assert done.returncode == 0, done.stderr
        assert re.findall(r"script\.py:(\d+):(\d+): warning: a handler is called with the value: def (\w+)\(value\)\n  (.*)", done.stderr) == [
            ("2", "1", "go", "def go():"), ("4", "1", "two", "def two(a, b): pass"), ("5", "1", "keyword", "def keyword(a, *, k): pass")], done.stderr
        assert done.stderr.count("warning") == 3, done.stderr
