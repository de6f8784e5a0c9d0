# SPDX-License-Identifier: BSD-2-Clause
"""The console: links, roles, what pages are told, and that strangers get nowhere and cost the show nothing."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import control
import pytest
import qr
from browsing import CONFIG, is_open, open_console
from control import audits
from harness import IS_ASAN, TOP, environment
from processes import named
from terminal import Terminal
from waiting import PATIENCE, until
from wire import free_tcp_port

pytestmark = pytest.mark.one_setting


def desk_of(show):
    (pid,) = until(lambda: len(found := named(show.pid, "fc-desk")) == 1 and found, "there is no desk")
    return pid


def test_without_the_section_there_is_none(play):
    show = play("def handler(value): pass", ["wire./in > py1.script.handler"])
    refused = control.run(show, "console", check=70)
    assert "there is no console; to have one, give the configuration a section [console]" in refused.stderr
    assert "NUMBER" in control.run(show, "console", "--list", check=0).stdout


def test_links_open_once_or_last_and_can_be_revoked(play):
    console = open_console(play)
    link = console.link()
    assert re.fullmatch(rf"http://127\.0\.0\.1:{console.port}/#token=[\w-]{{43}}", link)
    assert console.ask("status")[0] == 401, "a link is not yet a visit"
    assert console.enter(link)[0] == 200
    assert {"HttpOnly", "SameSite=Strict"} <= set(console.set_cookie.split("; ")) and link[-43:] not in console.set_cookie
    assert console.outcome("status") == "done"
    assert console.ask("enter", token=link[-43:], headers={"Cookie": ""})[0] == 401, "it works once"
    lasting = console.link("--role", "operator", "--for", "30d", "tablet")
    first, second = (type(console)(console.show, console.port) for _ in range(2))
    until(lambda: first.enter(lasting)[0] == second.enter(lasting)[0] == 200, "whoever was wrong may soon try again")
    listed = control.run(console.show, "console", "--list", check=0).stdout
    assert re.search(r"^ *2 +operator +tablet +\d+ +(30|29) d +127\.0\.0\.1 *$", listed, re.M), listed
    with first.stream() as stream:
        stream.wait("event: status")
        control.run(console.show, "console", "--revoke", 2, check=0)
        stream.wait("event: bye")
        assert stream.is_over()
    assert first.ask("status")[0] == second.ask("status")[0] == 401
    assert console.outcome("status") == "done", "others stay"
    assert "there is no link" in control.run(console.show, "console", "--revoke", 2, check=66).stderr
    secrets = [link[-43:], lasting[-43:], console.cookie.partition("=")[2]]
    assert not any(secret in str(console.show.log) for secret in secrets)


def test_each_role_may_what_it_may_and_the_log_says_who_did(play):
    console = open_console(play)
    operator, observer = console.signed_in("--role", "operator", "--for", "1h", "wings"), console.signed_in("--role", "observer")
    assert operator.outcome("emit", "stage.level", value=0.5) == "done"
    console.show.expect("/out", 0.5)
    assert operator.outcome("emit", "py1.out", value=1) == "refused"
    assert operator.outcome("stop", "py1") == "refused"
    assert operator.outcome("freeze", "nobody") == "unknown name", "it may, but there is no such user"
    worker = console.show.worker()
    assert operator.outcome("restart", "py1") == "done"
    until(lambda: console.show.worker() != worker, "it has not been restarted")
    for verb, name, more in (("emit", "stage.level", {"value": 1}), ("restart", "py1", {}), ("freeze", "nobody", {})):
        assert observer.outcome(verb, name, **more) == "refused"
    assert observer.outcome("status") == "done"
    administrator = console.signed_in()
    assert administrator.outcome("invite") == administrator.outcome("reload") == "refused", "not from browsers"
    assert administrator.outcome("record") == "unknown name", "it ends recordings of this browser, of which there are none"
    assert administrator.outcome("emit", "py1.out", value=1) == "done"
    uid = console.show.identity.uid
    assert len(audits(console.show, f"^uid={uid} console=1 label=wings address=127.0.0.1 role=operator verb=restart subject=py1 outcome=done$")) == 1
    assert audits(console.show, f"^uid={uid} console=2 label=- address=127.0.0.1 role=observer verb=restart subject=py1 outcome=refused")


def test_a_page_is_told_what_it_asked_for(play):
    console = open_console(play).signed_in()
    with console.stream("log=1&watch=py1.*") as stream:
        assert '"role":"administrator"' in stream.wait("event: hello\ndata: (.*)\n")[1]
        assert '"name":"py1"' in stream.wait("event: status\ndata: (.*)\n")[1]
        console.show.set("/in", 0.5)
        stream.wait('event: values\ndata: .*"py1.out":0.5')
        console.show.set("/in", 0.75)
        stream.wait("ValueError: no such light")
        assert '"last_error":"ValueError: no such light (script.py:' in stream.wait('event: status\ndata: (.*"last_error".*)\n')[1]


def test_all_outputs_are_frozen_and_panic_is_a_channel(play):
    console = open_console(play)
    operator, observer = console.signed_in("--role", "operator", "--for", "1h"), console.signed_in("--role", "observer")
    assert observer.outcome("freeze") == observer.outcome("panic") == "refused"
    with operator.stream("watch=stage.cue") as stream:
        assert '"panic":true' in stream.wait("event: status\ndata: (.*)\n")[1]
        assert operator.outcome("freeze") == "done"
        stream.wait('event: status\ndata: .*"frozen":true,"panic":true,"instances":')
        console.show.set("/in", 0.25)
        stream.wait('event: values\ndata: .*"stage.cue":0.25')  # scripts go on, and panels show what they say
        listed = control.run(console.show, "status", check=0).stdout
        assert re.search(r"^wire +running, frozen", listed, re.M) and re.search(r"^py1 +running ", listed, re.M), listed
        control.run(console.show, "reload", check=0)
        assert "already frozen" in operator.ask("freeze")[1], "a reload changes nothing"
        assert "no device gets it" in operator.ask("panic")[1]
        stream.wait('event: values\ndata: .*"stage.cue":1')
        control.run(console.show, "unfreeze", check=0)
        console.show.set("/in", 0.5)
        console.show.expect("/out", 0.5)  # and nothing from before
    assert operator.outcome("panic") == "done"
    console.show.expect("/out", 1)
    control.run(console.show, "freeze", check=0)
    control.run(console.show, "unfreeze", check=0)
    console.show.set("/in", 0.5)
    console.show.expect("/out", 0.5)
    control.run(console.show, "panic", check=0)
    console.show.expect("/out", 1)
    assert audits(console.show, r"console=1 .* role=operator verb=freeze subject=- outcome=done$")
    assert audits(console.show, r"console=1 .* verb=panic subject=- outcome=done$") and audits(console.show, r"console=2 .* verb=panic .*refused")


def test_an_administrators_browser_records(play):
    console = open_console(play)
    browser, operator = console.signed_in("--for", "1h"), console.signed_in("--role", "operator")
    for other, status in ((operator, 403), (type(console)(console.show, console.port), 401)):
        assert other.request("GET", "/api/record")[0] == status
    assert browser.request("GET", "/api/record", headers={"Sec-Fetch-Site": "cross-site"})[0] == 403
    files = []
    with browser.capture() as first, browser.capture() as second:
        for capture in (first, second):
            assert capture.read(8) == b"fcrecord"
        console.show.set("/in", 0.25)
        console.show.expect("/out", 0.25)
        assert operator.outcome("record") == "unknown name", "it ends only recordings of its own"
        assert browser.outcome("record") == "done"
        files += [b"fcrecord" + first.read(), b"fcrecord" + second.read()]
    with browser.capture() as third:
        third.read(8)
        console.show.set("/in", 0.5)
        console.show.expect("/out", 0.5)
        control.run(console.show, "console", "--revoke", 1, check=0)
        files.append(b"fcrecord" + third.read())
    with browser.capture() as gone:
        assert gone.status == 401
    for n, content in enumerate(files):
        path = console.show.folder / f"{n}.fcrec"
        path.write_bytes(content)
        printed = control.run(console.show, "record", "--print", path, check=0)
        assert "wire" in printed.stdout and "/in" in printed.stdout and printed.stderr == "", printed
    console.show.set("/in", 0.125)
    console.show.expect("/out", 0.125)


def pin_link(console, pin, *arguments):
    return subprocess.run(control.command(console.show, "console", "--pin", "--for", "1h", *arguments), input=f"{pin}\n", text=True, timeout=PATIENCE,
                          env=environment(console.show.folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_pin_unlocks_a_shared_tablet(play):
    console = open_console(play)
    for pin in ("12345", "1234567890123", "12345a"):
        assert "a PIN has 6 to 12 digits" in pin_link(console, pin).stderr
    assert "no PIN was given" in pin_link(console, "").stderr
    refused = subprocess.run(control.command(console.show, "console", "--pin"), input="271828\n", text=True, timeout=PATIENCE,
                             env=environment(console.show.folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert "only a link that lasts (--for) can have a PIN" in refused.stderr
    made = pin_link(console, "271828", "--role", "operator", "wings")
    assert made.returncode == 0, made
    tablet = type(console)(console.show, console.port)
    assert tablet.enter(made.stdout.strip())[0] == 200
    assert re.search(r"NUMBER +ROLE +PIN +LABEL.*\n *\d+ +operator +yes +wings ", control.run(console.show, "console", "--list", check=0).stdout)

    def unlock(pin):
        """Until a PIN is looked at: in a second that is only one, and a few at once."""
        return json.loads(until(lambda: (answer := tablet.ask("unlock", pin=pin))[0] == 200 and answer[1], "no PIN is looked at"))

    assert "; this browser is an observer until its PIN is entered" in tablet.ask("emit", "stage.level", value=0.5)[1]
    assert tablet.outcome("status") == "done", "it may look"
    assert unlock("271828")["outcome"] == "refused", "no page is open"
    with tablet.stream() as stream:
        assert '"pin":true,"locked":true' in stream.wait("event: hello\ndata: (.*)\n")[1]
        assert unlock("271829")["text"] == "that is not the PIN" and tablet.outcome("restart", "py1") == "refused"
        assert unlock("271828")["outcome"] == "done"
        assert tablet.outcome("emit", "stage.level", value=0.5) == "done"
        console.show.expect("/out", 0.5)
        assert tablet.outcome("lock") == "done" and tablet.outcome("emit", "stage.level", value=0.25) == "refused"
        for _ in range(5):
            assert unlock("0")["text"] == "that is not the PIN"
        assert re.match(r"too many wrong PINs; try again in (300|2\d\d) s", unlock("271828")["text"])
        assert tablet.outcome("emit", "stage.level", value=0.25) == "refused"
    assert console.signed_in().ask("unlock", pin="271828")[1].find("this link has no PIN") > 0
    log, text = str(console.show.log), until(lambda: "$y$j9T$" in (text := links_file(console.show).read_text()) and text, "it is not stored")
    assert "271828" not in log and "271828" not in text
    assert audits(console.show, "verb=unlock .*outcome=done$") and audits(console.show, "verb=unlock .*outcome=refused")


def test_a_terminal_asks_for_a_pin_without_showing_it(play):
    console = open_console(play)
    for again, said in (("271828", "http://"), ("271829", "these are two different PINs")):
        with Terminal(console.show, "console", "--for", "1h", "--pin", lines=60) as terminal:
            terminal.wait(lambda lines: any("PIN, of 6 to 12 digits:" in line for line in lines))
            terminal.type("271828\n")
            terminal.wait(lambda lines: any("Once more:" in line for line in lines))
            terminal.type(f"{again}\n")
            terminal.wait(lambda lines: any(said in line for line in lines))
            assert "27182" not in "".join(terminal.lines)


@pytest.mark.parametrize("path", ["events", "record"])
def test_a_page_that_was_left_makes_room_at_once(play, path):
    """However fast a browser goes from page to page; only pages that are open count."""
    console = open_console(play).signed_in()
    for _ in range(40):
        with console.stream(path=path) as stream:
            stream.wait("^HTTP/1.1 200")
    with contextlib.ExitStack() as stack:
        most = 8 if path == "events" else 2
        for _ in range(most):
            stack.enter_context(console.stream(path=path)).wait("^HTTP/1.1 200")
        stack.enter_context(console.stream(path=path)).wait("^HTTP/1.1 503")


def switches(show):
    """How often the desk has slept: nothing wakes it but what it is sent, and its timers."""
    task = Path(f"/proc/{desk_of(show)}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", task, re.M)[1])


def test_while_nobody_watches_the_desk_sleeps(play):
    console = open_console(play).signed_in()

    def woken():
        before = switches(console.show)
        for n in range(40):
            console.show.set("/in", n / 100)
            console.show.expect("/out", n / 100)
            time.sleep(0.01)
        return switches(console.show) - before

    with console.stream("watch=*") as stream:
        stream.wait("event: status")
        assert woken() > 10, "the control"
    until(lambda: woken() < 5, "the desk is woken though no page is open", pause=0.1)


MANY = """
    import midimonster
    state = 0
    def level(value):
        midimonster.output("out", value)
    def go(value):
        pass
    def more():
        global state
        state = (state + 1) % 1000
        for n in range(400):
            midimonster.output(f"channel-with-a-long-name-{n}", state / 1000)
    midimonster.interval(more, 40)
"""


def resident(pid):
    return next(int(line.split()[1]) << 10 for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))


def test_a_page_that_does_not_read_is_dropped(play):
    console = open_console(play, script=MANY, config=CONFIG + "    py1.channel-with-a-long-name-{{0..399}} > many.{{0..399}}\n    [loopback many]\n").signed_in()
    with console.stream("watch=*", receive=4096) as deaf, console.stream("watch=*") as other:
        other.wait("event: values")
        before = resident(desk_of(console.show))
        deadline = time.monotonic() + 14
        while time.monotonic() < deadline:
            other.wait("event: status")
        assert deaf.is_over(), "it was dropped"
        other.wait("event: status")
        assert resident(desk_of(console.show)) - before < (16 << 20) * (10 if IS_ASAN else 1)  # which keeps what was freed
        with console.stream("watch=*") as again:
            again.wait("event: values")


def test_the_sections_are_checked(firecurtain):
    for section, wrong in (("bind = nowhere 80", "expected an address and a port"), ("bind = localhost 8080", "a name, such as localhost, is not an address"),
                           ("bind = 127.0.0.1 80\ncertificate = a.pem", "docs/console.md#in-a-network"), ("bind = 127.0.0.1 70000", "expected an address and a port"),
                           ("names = stage", "needs an address"), ("bind = 127.0.0.1 80\nnames = a/b", "expected names of hosts"),
                           ("bond = 127.0.0.1 80", "did you mean \"bind\"")):
        result = firecurtain("check", "show.cfg", files={"show.cfg": f"[console]\n{section}\n"})
        assert result.returncode == 78 and wrong in result.stderr, result
    for url, wrong in (("stage.example", "expected an address, such as https"), ("https://", "expected an address"), ("https://a.example/b", "expected an address"),
                       ("ftp://a.example", "expected an address"), ("https://a.example:8443/", "")):
        result = firecurtain("check", "show.cfg", files={"show.cfg": f"[console]\nbind = 127.0.0.1 80\nurl = {url}\n[loopback l]\n"})
        assert wrong in result.stderr and (result.returncode == 0) == (not wrong), result
    for panic, wrong in (("go", "expected a channel"), ("p.go", "no mapping leads away from \"p.go\""), ("q.go", "there is no instance for \"q.go\""),
                         ("p.stop", "")):
        result = firecurtain("check", "show.cfg", files={"show.cfg": f"[console]\nbind = 127.0.0.1 80\npanic = {panic}\n[panel p]\nbutton = go stop\n"
                                                                     "[loopback l]\n[map]\np.stop > l.x\n"})
        assert wrong in result.stderr and (result.returncode == 0) == (not wrong), result
    panel = "[panel p]\nbutton = go\n{}\n[loopback l]\n[map]\np.{} > l.x\n"
    for option, channel, wrong in (("label = go Go", "go", ""), ("", "stop", "the panel has no control \"stop\""), ("text = cue", "cue", "only shows values"),
                                   ("fader = go", "go", "already a control"), ("label = stop Stop", "go", "declared above"),
                                   ("button = ,", "go", "expected names of buttons")):
        result = firecurtain("check", "show.cfg", files={"show.cfg": panel.format(option, channel)})
        assert wrong in result.stderr and (result.returncode == 0) == (not wrong), result


def links_file(show):
    (path,) = (show.folder / "state/firecurtain/.console").glob("*[0-9a-f]")
    return path


def test_links_and_browsers_outlive_the_broker(play):
    console = open_console(play)
    tablet = console.signed_in("--role", "operator", "--for", "30d", "tablet")
    phone, gone = console.signed_in("--role", "observer"), console.signed_in("--for", "1h", "gone")
    console.link()  # which nobody opens
    control.run(console.show, "console", "--revoke", 3, check=0)
    console.show.stop()
    file = links_file(console.show)
    text = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert not any(browser.cookie.partition("=")[2] in text for browser in (tablet, phone)), "only hashes are stored"

    again = reopen(play, console)
    assert not again.show.log.matching(level="warning"), str(again.show.log)
    listed = control.run(again.show, "console", "--list", check=0).stdout
    assert re.findall(r"^ *(\d+) +(\w+)", listed, re.M) == [("1", "operator"), ("2", "observer")], listed
    assert re.search(r"^ *1 +operator +tablet +\d+ +(30|29) d ", listed, re.M), listed
    assert tablet.outcome("emit", "stage.level", value=0.5) == "done"
    assert phone.outcome("emit", "stage.level", value=0.5) == "refused", "with the role that it had"
    assert phone.outcome("status") == "done"
    assert gone.ask("status")[0] == 401, "revoked remains revoked"
    control.run(again.show, "console", "--revoke", 1, check=0)
    assert tablet.ask("status")[0] == 401
    again.link("--for", "1h")
    until(lambda: set(re.findall(r"^(\d+) ", file.read_text(), re.M)) == {"2", "5"},
          lambda: f"what was revoked is gone, and numbers are not used again: {file.read_text()}")
    again.show.stop()

    file.write_text(re.sub(r"^(2 observer \d+ \d+) \d+", r"\1 1700000000", file.read_text(), flags=re.M))
    third = reopen(play, console)
    assert phone.ask("status")[0] == 401, "it has ended meanwhile"
    third.show.stop()

    file.write_text(file.read_text()[:-9])
    fourth = reopen(play, console)
    fourth.show.log.wait(r"the file of console links \.console/\S+ is damaged; it was renamed \S+\.damaged, and all links are lost", None, level="warning")
    assert not file.exists() and file.with_name(file.name + ".damaged").exists()
    assert fourth.signed_in("--for", "1h").outcome("status") == "done", "new ones are made and stored again"
    until(file.exists, "it is not stored")


def test_a_broker_that_follows_a_killed_one_at_once_has_the_console(play):
    console = open_console(play)
    for _ in range(3):
        killed = console.show
        killed.process.kill()
        killed.process.wait()  # its desk may still be there
        show = play(folder=killed.folder)
        until(lambda: is_open(console.port), lambda: f"no console:\n{show.log}")
        assert not show.log.matching("console|control socket"), str(show.log)
        killed.stop(status=-signal.SIGKILL)
        console = type(console)(show, console.port)
    assert console.signed_in("--role", "observer").outcome("status") == "done"


def reopen(play, console):
    show = play(folder=console.show.folder)
    until(lambda: is_open(console.port), lambda: f"no console:\n{show.log}")
    return type(console)(show, console.port)


def test_the_scribe_may_die_or_hang_and_the_show_goes_on(play):
    console = open_console(play)
    (scribe,) = named(console.show.pid, "fc-scribe")
    os.kill(scribe, signal.SIGSTOP)
    try:
        browser = console.signed_in("--for", "1h")
        console.show.set("/in", 0.25)
        console.show.expect("/out", 0.25)
        assert browser.outcome("status") == "done"
    finally:
        os.kill(scribe, signal.SIGKILL)
    console.show.log.wait("the process that keeps the links to the console has ended", None, level="error")
    assert console.signed_in("--for", "1h").outcome("status") == "done"


def test_links_begin_with_the_address_that_browsers_use(play):
    console = open_console(play, config=CONFIG.replace("    panic", "    names = stage.theatre.example\n    url = https://stage.theatre.example/\n    panic"))
    link = console.link()
    assert re.fullmatch(r"https://stage\.theatre\.example/#token=[\w-]{43}", link)
    console.headers.update({"Host": "stage.theatre.example", "Origin": "https://stage.theatre.example"})  # as a proxy passes it on
    assert console.enter(link)[0] == 200 and "Secure" in console.set_cookie.split("; ")
    assert console.outcome("status") == "done"
    with console.stream() as stream:
        stream.wait("event: status")


def test_a_terminal_shows_the_link_as_a_qr_code(play):
    console = open_console(play)
    with Terminal(console.show, "console", lines=40) as terminal:
        lines = terminal.read_to_the_end()
        link = next(line for line in lines if line.startswith("http://"))
        assert qr.read(lines) == link
    assert console.enter(link)[0] == 200
    for how in ({"columns": 30}, {"env": {"LANG": "C"}}):
        with Terminal(console.show, "console", lines=40, **how) as terminal:
            lines = terminal.read_to_the_end()
            assert any("http://" in line for line in lines) and not set("".join(lines)) & set("▀▄█"), lines
    assert "\n" not in console.link(), "nor into a file"


def test_what_a_page_holds_is_let_go_when_it_is_gone(play):
    """By itself, with another page of the same browser open, and within limits."""
    config = CONFIG.replace("button = go", "button = go " + " ".join(f"b{n}" for n in range(32)))
    config += "    stage.b{{0..31}} > sink.{{0..31}}\n    [loopback sink]\n"
    console = open_console(play, config=config).signed_in("--role", "operator")
    show = console.show

    def press(channel, page, value=1):
        return console.ask("emit", channel, value=value, hold=page)

    assert press("stage.go", 7)[0] == 503, "without a stream nobody would notice that it is gone"
    with console.stream("page=8") as other:
        other.wait("event: status")
        with console.stream("page=7") as stream:
            stream.wait("event: hello")
            assert press("stage.go", 7)[0] == 200
            show.expect("/out", 1)
        with console.stream("page=7") as stream:  # it watches something else: that is no end
            stream.wait("event: hello")
            other.wait("event: status")
            other.wait("event: status")
            assert not show.wire.receive(0.1)
        show.expect("/out", 0)
        with console.stream("page=7") as stream:
            stream.wait("event: hello")
            assert [press(f"stage.b{n}", 7)[0] for n in range(32)] == [200] * 32
            assert press("stage.go", 7)[0] == 503, "it has not so many fingers"
            assert press("stage.b0", 7, 0)[0] == 200 and press("stage.go", 7)[0] == 200
            show.expect("/out", 1)
            assert press("stage.go", 7, 0)[0] == 200
            show.expect("/out", 0)
        other.wait("event: status")
        other.wait("event: status")
        assert not show.wire.receive(0.5), "what was let go is not let go again"
    assert console.ask("status", hold=7)[0] == 400


def test_the_audit_log_has_everything_though_a_fader_is_drawn(play):
    console = open_console(play)
    operator = console.signed_in("--role", "operator", "--for", "1h")
    show, began = console.show, time.monotonic()
    for n in range(150):
        for channel, value in (("level", n / 200), ("work", n % 2)):
            until(lambda: operator.ask("emit", f"stage.{channel}", value=value)[0] == 200, "it is too much")  # noqa: B023
    for verb in ("freeze", "unfreeze"):
        until(lambda: operator.ask(verb)[0] == 200, "it is too much")  # noqa: B023
        until(lambda: audits(show, f"verb={verb} subject=- outcome=done"), "what was drawn leaves no room for it")  # noqa: B023

    def counted(channel):
        return sum(int((re.search(r" times=(\d+)", line) or [0, 1])[1]) for line in audits(show, f"verb=emit subject=stage.{channel} outcome=done"))

    until(lambda: counted("level") == counted("work") == 150, lambda: f"none is lost: {audits(show, 'verb=emit')}")
    assert len(audits(show, "verb=emit subject=stage.level")) <= time.monotonic() - began + 2, "a line a second"
    asked = 0

    def is_refused():
        nonlocal asked
        status, reply = operator.ask("restart", "nobody")
        asked += status == 200  # not one too many for the desk
        return status == 429 or json.loads(reply)["outcome"] == "unknown name"

    until(lambda: is_refused() and audits(show, "left_out"), "all are in the log")
    for _ in range(3):
        time.sleep(0.5)  # for a line
        assert is_refused()

    def accounted():
        """How many lines there are about them, and how many are said to be left out."""
        left_out = re.findall(r"left_out=(\d+)", " ".join(audits(show)))
        return len(audits(show, "subject=nobody")), sum(map(int, left_out))

    until(lambda: sum(accounted()) == asked, lambda: f"each of {asked} is said once: {accounted()}")


def test_panic_as_the_page_maps_it_reaches_the_lights_while_the_cues_hang(play):
    page = (TOP / "docs/console.md").read_text()
    config, script = re.search(r"^## Emergencies\n.*?```ini\n(.*?)```.*?```python\n(.*?)```", page, re.M | re.S).groups()
    config = config.replace("127.0.0.1 8080", f"127.0.0.1 {free_tcp_port()}") + """
        desk./go > cues.cues.go
        cues.level > rig.1
        [python cues]
        module = cues
        [loopback rig]
        [osc desk]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@"""
    show = play(config=config, ready=("safe", "cues"), scripts={"safe.py": script, "cues.py": """
        import midimonster
        midimonster.output("level", 1)
        def go(value):
            while True:
                pass"""})
    until(lambda: control.run(show, "get", "rig.1", check=0).stdout == "rig.1 1\n", "the cues do not play")
    show.set("/go", 1)
    control.wait_for(show, "cues", "hanging")
    control.run(show, "panic", check=0)
    until(lambda: control.run(show, "get", "rig.1", "rig.24", check=0).stdout == "rig.1 0\nrig.24 0\n", "panic waits for the cues")
    show.expect("/house/lights", 1)
