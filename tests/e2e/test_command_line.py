# SPDX-License-Identifier: BSD-2-Clause
"""What an operator types while a show runs, with the real program and a real show."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

import control
import pytest
from control import run, status, wait_for
from harness import environment, user_only
from terminal import Terminal
from waiting import PATIENCE, until
from wire import free_tcp_port

ECHO = """
    import midimonster
    def handler(value):
        midimonster.output('out', value)
    def bye():
        midimonster.output('out', 1.0)
    midimonster.cleanup_handler(bye)
"""
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]


@pytest.mark.one_setting
def test_status_as_a_table_and_for_programs(play):
    show = play(ECHO, MAPS)
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    found = status(show)
    assert list(found) == ["wire", "py1"]
    py1 = found["py1"]
    assert py1["state"] == "running" and py1["backend"] == "python" and py1["in"] == 1 and py1["out"] == 1 and py1["restarts"] == 0
    assert f"running (pid {py1['pid']})" in str(show.log) and py1["uptime_ms"] > 0
    assert "system calls" in py1["layers"] and "namespaces" in py1["layers"] and "cgroup" in py1["layers"]
    assert "memory_bytes" not in py1

    def measured():
        (used,) = json.loads(run(show, "status", "--json", "--usage", "py1", check=0).stdout)
        return (used["memory_bytes"] or 0) > 1 << 20
    until(measured, "it has no memory")
    table = run(show, "status", "py1", check=0).stdout.splitlines()
    assert len(table) == 4 and table[0].split()[:4] == ["INSTANCE", "STATE", "IN", "OUT"] and "PID" in table[0]
    assert table[2:] == ["", f"sandbox: {py1['layers']}"]
    assert table[1].index("running") == table[0].index("STATE")
    assert "MEMORY" in run(show, "status", "--usage", check=0).stdout


@pytest.mark.one_setting
def test_status_of_five_hundred_instances_comes_in_pages(play):
    names = [f"l{n}" for n in range(500)]
    show = play(config="\n".join(f"[loopback {name}]" for name in names) + "\n[python py1]\nmodule = script\n[map]\n",
                scripts={"script.py": ""})
    for options in ([], ["--usage"]):
        found = json.loads(run(show, "status", "--json", *options, check=0).stdout)
        assert [each["name"] for each in found] == [*names, "py1"]


@pytest.mark.one_setting
def test_states_of_a_script_that_fails_waits_and_starts(play):
    config = """
        [python over]
        module = ends
        restart = never
        [python waits]
        module = ends
        [python slow]
        module = slow
        start-timeout = 0
        [map]
    """
    show = play(config=config, scripts={"ends.py": "import sys\nsys.exit(1)\n", "slow.py": "import time\ntime.sleep(1000)\n"}, ready=())
    show.log.wait("^worker ended", "over")
    wait_for(show, "over", "failed")
    assert "restart in" in wait_for(show, "waits", "waiting")["detail"]
    assert status(show, "slow")["slow"]["state"] == "starting"


@pytest.mark.one_setting
def test_stop_lets_the_script_clean_up_and_it_stays_so_until_start(play):
    show = play(ECHO, MAPS)
    run(show, "stop", "py1", check=0)
    show.expect("/out", 1.0)
    uid = show.identity.uid
    found = status(show)["py1"]
    assert found["state"] == "stopped" and found["detail"] == f"by uid {uid}" and found["pid"] == 0
    assert "already stopped" in run(show, "stop", "py1", check=0).stderr
    show.set("/in", 0.25)
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("the new configuration is running")
    assert status(show)["py1"]["state"] == "stopped"
    run(show, "start", "py1", check=0)
    wait_for(show, "py1", "running")
    assert show.wire.waiting("/out") == [], "nobody was there for it"
    show.set("/in", 0.75)
    show.expect("/out", 0.75)
    assert "already running" in run(show, "start", "py1", check=0).stderr
    for verb in ("stop", "start"):
        assert control.audits(show, f"uid={uid} .*verb={verb} subject=py1 outcome=done"), show.log


@pytest.mark.one_setting
def test_restart_is_another_worker(play):
    show = play(ECHO, MAPS)
    before = status(show)["py1"]["pid"]
    run(show, "restart", "py1", check=0)
    show.expect("/out", 1.0)
    assert wait_for(show, "py1", "running")["pid"] != before
    show.set("/in", 0.5)
    show.expect("/out", 0.5)


@pytest.mark.one_setting
def test_start_does_not_wait_for_a_restart_and_forgives_a_failure(play):
    script = "import os, sys\nif not os.path.exists('/state/ok'):\n\topen('/state/ok', 'w')\n\tsys.exit(1)\n"
    show = play(script, options="restart = never", ready=())
    show.log.wait("^worker ended", "py1")
    wait_for(show, "py1", "failed")
    run(show, "start", "py1", check=0)
    wait_for(show, "py1", "running")


@pytest.mark.one_setting
def test_stop_and_start_of_other_backends(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [loopback l]
        [map]
        wire./in > l.x
        l.x > wire./out
    """, ready=())
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    run(show, "stop", "l", check=0)
    show.set("/in", 0.25)
    run(show, "stop", "wire", check=0)
    assert status(show)["wire"]["state"] == status(show)["l"]["state"] == "stopped"
    run(show, "start", "wire", "l", check=0)
    show.set("/in", 0.75)
    show.expect("/out", 0.75)


@pytest.mark.one_setting
def test_a_show_ends_and_changes_with_stopped_and_stopping_instances(play):
    slow = "import midimonster, time\nmidimonster.cleanup_handler(lambda: time.sleep(1))\n"
    config = "[python py1]\nmodule = script\n[python py2]\nmodule = script\n[loopback l]\n[map]\n"
    show = play(config=config, scripts={"script.py": slow}, ready=("py1", "py2"))
    run(show, "stop", "py2", check=0)
    stopping = subprocess.Popen(control.command(show, "restart", "py1"))
    until(lambda: "stopping" in status(show)["py1"]["detail"], "it does not stop")
    show.write("show.cfg", config.replace("[map]", "[loopback l2]\n[map]"))
    run(show, "reload", check=0)
    assert stopping.wait(20) in (0, 70)
    assert "l2" in status(show)
    wait_for(show, "py1", "running")
    assert status(show)["py2"]["state"] == "stopped"
    stopping = subprocess.Popen(control.command(show, "stop", "py1"))
    until(lambda: "stopping" in status(show)["py1"]["detail"], "it does not stop")
    show.stop()
    assert stopping.wait(20) in (0, 69, 70)


@pytest.mark.one_setting
def test_reload_answers_when_it_is_done_or_with_what_is_wrong(play):
    show = play(ECHO, MAPS)
    text = show.config.read_text()
    show.write("show.cfg", text.replace("[map]", "[map]\nwire./also > py1.script.handler"))
    run(show, "reload", check=0)
    show.set("/also", 0.5)
    show.expect("/out", 0.5)
    show.write("show.cfg", text.replace("module =", "modul ="))
    done = run(show, "reload", check=78)
    assert 'has no option "modul"' in done.stderr and 'did you mean "module"' in done.stderr
    show.log.wait("verb=reload subject=- outcome=failed", level="audit")
    show.set("/also", 0.25)
    show.expect("/out", 0.25)


@pytest.mark.one_setting
def test_routes(play):
    show = play(ECHO, [*MAPS, "wire./a{1..300} > py1.x{1..300}"])
    lines = run(show, "routes", check=0).stdout.splitlines()
    assert len(lines) == 302 == len(set(lines)) and "wire./in > py1.script.handler" in lines and "wire./a300 > py1.x300" in lines
    assert run(show, "routes", "py1.x7", check=0).stdout == "wire./a7 > py1.x7\n"
    assert json.loads(run(show, "routes", "--json", "py1.out", check=0).stdout) == [{"from": "py1.out", "to": "wire./out"}]
    dot = run(show, "routes", "--dot", "wire./in", check=0).stdout
    assert '"wire./in" -> "py1.script.handler";' in dot and re.match(r"digraph \w+ \{(.|\n)*\}\n$", dot)


@pytest.mark.one_setting
def test_emit_is_as_if_the_instance_had_made_it(play):
    show = play(ECHO, MAPS)
    run(show, "emit", "wire./in", "0.125", check=0)
    show.expect("/out", 0.125)
    run(show, "emit", "py1.out", "1", check=0)
    show.expect("/out", 1.0)


@pytest.mark.one_setting
def test_logs_of_all_of_one_and_the_last_lines(play):
    show = play("for n in range(300):\n\tprint('line', n)\n", options="log-rate = 1000\nmodule = other", ready=(), scripts={"other.py": ""})
    show.log.wait("^line 299$", "py1")
    wait_for(show, "py1", "running")
    lines = run(show, "logs", "py1", "-n", 1000, check=0).stdout.splitlines()
    assert len(lines) <= 200 and all(" py1 " in line for line in lines) and re.search(r"^\d{4}-\d\d-\d\dT.* info py1 line 299$", "\n".join(lines), re.M)
    assert "line 50" not in "\n".join(lines)
    assert len(run(show, "logs", "py1", "--lines", 3, check=0).stdout.splitlines()) == 3
    assert len(run(show, "logs", check=0).stdout.splitlines()) == 50
    assert 'did you mean "py1"' in run(show, "logs", "py2", check=66).stderr


@contextlib.contextmanager
def following(show, *arguments, **how):
    process = subprocess.Popen(control.command(show, *arguments, **how), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.one_setting
def test_logs_follow_and_end_with_the_show(play):
    show = play("import midimonster\ndef handler(value):\n\tprint('value', value)\n", MAPS)
    with following(show, "logs", "-f", "py1") as process:
        assert "running (pid" in process.stdout.readline()
        for value in (0.25, 0.5):
            show.set("/in", value)
            assert process.stdout.readline().endswith(f"info py1 value {value}\n")
        show.stop()
        assert "has closed the connection" in process.stdout.read()
        assert process.wait() == 69


@pytest.mark.one_setting
def test_what_a_script_prints_is_harmless_in_a_terminal(play):
    show = play(r"print('\x1b[2Jhidden\u202e')")
    show.log.wait("hidden", "py1")
    out = run(show, "logs", "py1", check=0).stdout
    assert "hidden" in out and "\x1b" not in out and "\u202e" not in out


@pytest.mark.one_setting
def test_watch_shows_values_as_they_change(play):
    show = play(ECHO, [*MAPS, "wire./other > py1.x"])
    with following(show, "watch", "wire./i*", "py1.ou?") as process:
        wait_until_watched(show, process)
        for value in (0.25, 0.5):
            show.set("/other", value)
            show.set("/in", value)
            assert sorted(process.stdout.readline() for _ in range(2)) == [f"py1.out {value}\n", f"wire./in {value}\n"]
        show.process.send_signal(signal.SIGHUP)
        show.log.wait("the new configuration is running")
        show.set("/in", 0.75)
        assert sorted(process.stdout.readline() for _ in range(2)) == ["py1.out 0.75\n", "wire./in 0.75\n"]
        run(show, "emit", "py1.out", "0", check=0)
        assert process.stdout.readline() == "py1.out 0\n"
        show.stop()
        assert "has closed the connection" in process.stdout.read() and process.wait() == 69


def wait_until_watched(show, process):
    """From outside, the only sign of it is that values arrive."""
    while not select.select([process.stdout], [], [], 0.05)[0]:
        run(show, "emit", "py1.out", "1", check=0)
    run(show, "emit", "py1.out", "0.125", check=0)
    while process.stdout.readline() != "py1.out 0.125\n":
        pass


@contextlib.contextmanager
def on_a_terminal(show, *arguments, env=(), **how):
    """The command with a terminal of 100 columns; yields the process, the terminal, and a function that waits for a text."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (12, 120))
    process = subprocess.Popen(control.command(show, *arguments, **how), env={**environment(show.folder), "TERM": "xterm", **dict(env)},
                               stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""

    def wait(text):
        nonlocal seen
        deadline = time.monotonic() + PATIENCE
        while text not in seen:
            assert select.select([ours], [], [], max(0, deadline - time.monotonic()))[0], seen
            seen += os.read(ours, 65536)
        seen = seen.split(text, 1)[1]

    try:
        yield process, ours, wait
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.one_setting
def test_top_shows_sorts_scrolls_and_quits(play):
    config = "".join(f"[loopback l{n:02}]\n" for n in range(30)) + "[python py1]\nmodule = script\n[map]\n"
    show = play(config=config, scripts={"script.py": ""})
    with on_a_terminal(show, "top") as (process, keys, wait):
        wait(b"31 instances")
        wait(b"l08")
        for key, shown in ((b"m", b"py1"), (b"nr", b"l22"), (b"\x1b[6~", b"l13"), (b"\x1bOH", b"py1"), (b" ", b"paused")):
            os.write(keys, key + b"\x0c")  # and everything is drawn again
            wait(shown)
        os.write(keys, b"q")
        assert process.wait(PATIENCE) == 0


@pytest.mark.one_setting
def test_top_says_why_it_ends(play):
    show = play(ECHO, MAPS)
    with on_a_terminal(show, "top") as (process, _, wait):
        wait(b"py1")
        show.stop()
        wait(b"the broker has closed the connection")
        assert process.wait(PATIENCE) == 69
    assert "needs a terminal" in run(show, "top", check=64).stderr


@user_only
def test_by_yourself_with_a_show_file_and_nothing_else(play):
    """Every verb, as the ordinary user who has started the show, without --runtime-dir: as after a login."""
    show = play(ECHO, MAPS)

    def do(*arguments):
        done = subprocess.run(show.identity.command([show.stage.firecurtain, *arguments]), env=environment(show.folder), cwd="/", text=True,
                              timeout=PATIENCE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, done
        return done.stdout

    def state():
        return {each["name"]: each["state"] for each in json.loads(do("status", "--json"))}["py1"]

    def follow(*arguments):
        return subprocess.Popen(show.identity.command([show.stage.firecurtain, *arguments]), env=environment(show.folder), cwd="/", text=True,
                                bufsize=1, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    assert "py1" in do("status") and "MEMORY" in do("status", "--usage") and state() == "running"
    do("emit", "wire./in", "0.25")
    show.expect("/out", 0.25)
    assert {"from": "wire./in", "to": "py1.script.handler"} in json.loads(do("routes", "--json"))
    assert "py1.out" in do("routes") and do("routes", "--dot").startswith("digraph")
    assert "running (pid" in do("logs", "py1") and len(do("logs", "-n", "1").splitlines()) == 1
    with follow("watch", "py1.*") as watching, follow("logs", "-f", "py1") as logging:
        wait_until_watched(show, watching)
        assert "running (pid" in logging.stdout.readline()
        for process in (watching, logging):
            process.terminate()
    with on_a_terminal(show, "top") as (process, keys, wait):
        wait(b"py1")
        os.write(keys, b"q")
        assert process.wait(PATIENCE) == 0
    before = show.worker()
    do("restart", "py1")
    until(lambda: show.worker() != before and state() == "running", "it is not started again")
    do("stop", "py1")
    assert state() == "stopped"
    do("start", "py1")
    until(lambda: state() == "running", "it is not started")
    show.write("show.cfg", show.config.read_text() + "wire./in > wire./echo\n")
    do("reload")
    show.set("/in", 0.75)
    show.expect("/echo", 0.75)


@pytest.mark.one_setting
@pytest.mark.parametrize("arguments, code, says", [
    (["status", "py2"], 66, 'no instance "py2"; did you mean "py1"?'),
    (["stop", "pi1"], 66, 'did you mean "py1"?'),
    (["emit", "wire./im", "0.5"], 66, 'did you mean "/in"?'),
    (["emit", "wire", "0.5"], 65, "not INSTANCE.CHANNEL"),
    (["emit", "wire./in", "2"], 65, "from 0 to 1"),
    (["emit", "wire./in", "x"], 65, "from 0 to 1"),
    (["emit", "wire./in"], 64, "usage: firecurtain emit INSTANCE.CHANNEL VALUE"),
    (["reload", "py1"], 66, 'no user "py1"'),
    (["status", "--dot"], 64, '"firecurtain status" has no option --dot; "firecurtain routes" has it\n'),
    (["routes", "--sandbox"], 64, '"firecurtain routes" has no option --sandbox; "firecurtain check" has it\n'),
    (["state", "--remove", "x", "--runtime-dir", "."], 64, '"firecurtain state" has no option --runtime-dir; "firecurtain run" has it\n'),
    (["channels", "a", "b"], 64, 'unexpected argument "b"\n'),
    (["status", "-x"], 64, 'unknown option "-x"\n'),
    (["status", "py\x1b[2J1"], 65, "has control characters"),
    (["status", ""], 65, '"" is not a name: it is empty'),
    (["logs", "py1\n"], 65, "has control characters"),
    (["emit", "wire." + "x" * 1200, "0.5"], 65, "is longer than 1100 bytes"),
])
def test_mistakes(play, arguments, code, says):
    show = play(ECHO, MAPS)
    done = run(show, *arguments, check=code)
    assert "\x1b" not in done.stderr
    assert says in done.stderr and done.stdout == ""


def test_no_broker_runs_there(firecurtain, tmp_path):
    done = firecurtain("status", "--runtime-dir", "/nonexistent")
    assert done.returncode == 69 and "no broker is running" in done.stderr
    assert firecurtain("status").returncode == 69


def test_the_command_finds_its_users_own_broker(play, firecurtain):
    show = play(ECHO, MAPS)
    done = firecurtain("status", "--json", env={"XDG_RUNTIME_DIR": str(show.folder / "run")})
    assert [each["name"] for each in json.loads(done.stdout)] == ["wire", "py1"]


@pytest.mark.one_setting
def test_at_a_terminal_commands_say_what_they_have_done(play):
    show = play(config=f"[console]\nbind = 127.0.0.1 {free_tcp_port()}\npanic = wire./in\n[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n[loopback l]\n[map]\nwire./in > l.x\n", ready=())
    for words, says in {
            ("freeze",): 'outputs are frozen; "firecurtain unfreeze" ends it', ("unfreeze",): "outputs reach the devices again",
            ("panic",): "1 was set on the channel that the show defines for emergencies",
            ("stop", "l"): 'l: stopped; "firecurtain start l" starts it again', ("start", "l"): "l: started", ("restart", "l", "wire"): "l: restarted\nwire: restarted",
            ("reload",): "the new configuration is running"}.items():
        with Terminal(show, *words) as terminal:
            assert "\n".join(line for line in terminal.read_to_the_end() if line) == says
    with Terminal(show, "unfreeze") as terminal:
        assert [line for line in terminal.read_to_the_end() if line] == ["not frozen"], "and nothing else"
    for words in (["freeze"], ["stop", "l"], ["reload"]):
        assert run(show, *words, check=0).stdout == "", "programs read nothing"


@pytest.mark.one_setting
def test_an_event_that_nothing_is_mapped_from_names_the_one_that_was_meant(play):
    show = play(ECHO, MAPS)
    assert run(show, "emit", "py1.script.handler", "1", check=0).stderr == "firecurtain: nothing is mapped from it; wire./in is mapped to it: emit that\n"
    assert run(show, "emit", "wire./out", "1", check=0).stderr == "firecurtain: nothing is mapped from it; py1.out is mapped to it: emit that\n"
    assert run(show, "emit", "wire./in", "1", check=0).stderr == ""
