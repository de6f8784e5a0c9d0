# SPDX-License-Identifier: BSD-2-Clause
"""Panels in Chromium: a button that was pressed is let go, whatever happens on the way."""

import contextlib
import time

import pytest
from browsing import CONFIG, open_console
from control import audits
from waiting import until

from test_console_browser import PHONE, Page, chromium  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.one_setting, pytest.mark.xdist_group("browser")]

# Has requests whose text fits wait for so long, or be answered so often by an error, instead of by the desk.
HINDER = """
    const [text, wait, times, status] = arguments, really = window.really ??= window.fetch;
    window.hindered = 0;
    window.fetch = async (path, how) => {
        if (!how?.body?.includes(text))
            return really(path, how);
        await new Promise((resolve) => setTimeout(resolve, wait));
        if (window.hindered++ >= times)
            return really(path, how);
        if (!status)
            throw new TypeError("no network");
        return new Response('{"outcome":"busy","text":""}', {status});
    };
"""


def hinder(page, text, wait=0, times=0, status=0):
    page.chromium.execute_script(HINDER, text, wait, times, status)


def panels(play, chromium, *arguments):
    page = Page(chromium, open_console(play), *arguments)
    page.size(PHONE)
    page.open("panels")
    return page, page.find(".control.button")


def test_a_release_is_never_lost(play, chromium):  # noqa: F811
    page, go = panels(play, chromium, "--role", "operator")
    show = page.console.show
    hinder(page, "value 1", wait=700)  # the press is slower than the release
    page.touch("touchStart", go)
    page.touch("touchEnd")
    show.expect("/out", 1)
    show.expect("/out", 0)
    for status in (0, 429, 503, 200):  # no contact, what a desk says that has too much to do, and a broker that is starting a show
        hinder(page, "value 0", times=6 if status == 503 else 3, status=status)
        page.touch("touchStart", go)
        show.expect("/out", 1)
        page.touch("touchEnd")
        page.wait("stage.go: not let go yet; trying again", "#said")
        show.expect("/out", 0)
        assert chromium.execute_script("return window.hindered") == (7 if status == 503 else 4)
    hinder(page, "value 1", wait=1600)
    page.touch("touchStart", go)
    page.touch("touchEnd")
    page.touch("touchStart", go)  # waits behind the first one until it is too late for it
    page.touch("touchEnd")
    show.expect("/out", 1)
    show.expect("/out", 0)
    page.wait("stage.go: not pressed", "#said")


def test_a_page_that_is_hidden_lets_go(play, chromium):  # noqa: F811
    page, go = panels(play, chromium)
    page.touch("touchStart", go)
    page.console.show.expect("/out", 1)
    chromium.execute_script("""
        Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
        delete document.visibilityState;""")
    page.console.show.expect("/out", 0)
    page.touch("touchEnd")


def test_of_a_fader_that_is_dragged_only_the_newest_value_waits(play, chromium):  # noqa: F811
    page, _ = panels(play, chromium)
    fader = page.find(".control.fader input")
    hinder(page, "verb emit", wait=300)
    chromium.execute_script("""
        for (const value of [0.1, 0.2, 0.3, 0.4, 0.5])
            arguments[0].value = value, arguments[0].dispatchEvent(new Event("input"));""", fader)
    for value in (0.1, 0.5):
        page.console.show.expect("/out", value)
    assert chromium.execute_script("return window.hindered") == 2


def test_a_button_is_let_go_when_its_page_is_gone(play, chromium):  # noqa: F811
    """The browser does not get to say so, as if it were killed."""
    page, go = panels(play, chromium, "--role", "operator", "--for", "1h", "wings")
    show = page.console.show
    page.touch("touchStart", go)
    show.expect("/out", 1)
    time.sleep(1.5)  # as long as it is held it stays so
    assert not show.wire.receive(0.1)
    hinder(page, "value 0", wait=60_000)
    chromium.get("about:blank")
    show.expect("/out", 0)
    until(lambda: len(audits(show, "console=1 label=wings .*role=operator verb=emit subject=stage.go outcome=done")) == 2, "whose button it was is in the log")


def test_the_buttons_for_emergencies_are_in_reach_without_scrolling(play, chromium):  # noqa: F811
    page = Page(chromium, open_console(play, config=CONFIG.replace("[map]", "[loopback a]\n    [loopback b]\n    [loopback c]\n    [map]")), "--role", "operator")
    page.size(PHONE)
    page.find("fc-hold.freeze button")
    for place in (0, 1e6):
        chromium.execute_script("scrollTo(0, arguments[0])", place)
        assert chromium.execute_script("return document.documentElement.scrollHeight > innerHeight + 200"), "there is something to scroll"
        assert chromium.execute_script("""
            return ["freeze", "panic"].map((name) => {
                const box = document.querySelector(`fc-hold.${name} button`).getBoundingClientRect();
                return box.top >= 0 && box.bottom <= innerHeight && Boolean(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.closest(`fc-hold.${name}`));
            })""") == [True, True], place
    page.find(".news")
    assert chromium.execute_script("""
        const bar = document.querySelector(".emergency").getBoundingClientRect();
        return [document.querySelector("main section"), document.querySelector("footer")].every((each) => {
            const box = each.getBoundingClientRect();
            return box.bottom <= bar.top + 1 || box.top >= bar.bottom - 1;
        })"""), "at the end it covers nothing"
    page.shoot("emergency-phone")
    assert page.faults() == []


RAISES = """
    import midimonster
    def go(value):
        midimonster.output("out", value)
    def level(value):
        try:
            raise ValueError("no such light")
        except ValueError as error:
            raise KeyError(value) from error
"""


def test_what_happened_is_said_in_a_line_each_and_in_words(play, chromium):  # noqa: F811
    page = Page(chromium, console := open_console(play, script=RAISES), "--role", "operator", "--for", "1h", 'a "tablet" in the wings')
    tablet = console.signed_in("--role", "operator", "--for", "1h", "second")
    console.show.set("/in", 0.75)
    page.wait("py1: KeyError: 0.75", ".news")
    for n in range(30):
        assert tablet.outcome("emit", "stage.go", value=n / 100) == "done"
        console.show.expect("/out", n / 100)
    page.hold(page.find("fc-hold.freeze button"), 1.3)
    page.wait('operator "a "tablet" in the wings" froze all outputs', ".news")
    assert tablet.outcome("restart", "py1") == "done"
    page.wait('operator "second" restarted py1', ".news")
    lines = page.text(".news").splitlines()
    assert sum("KeyError" in line for line in lines) == 1, lines
    assert not any(word in line for line in lines for word in ("Traceback", "ValueError", "exception in", "File", "emit", "uid=", "verb=", "direct cause")), lines
    assert any("made a link for operator" in line for line in lines), "that was long before all the values"
    found = chromium.execute_async_script("""
        const done = arguments[0];
        const line = (level, text, instance = "a", time_ms = 0) => ({level, text, instance, time_ms});
        import("/news.js").then(({news}) => done(news([
            line("error", "exception in the handler of channel x"), line("error", "Traceback (most recent call last):"), line("error", "  File x"),
            line("error", "exception in the handler of channel y", "b"), line("error", "ValueError: two"), line("error", "lines"), line("error", "… repeated 5 times: ValueError: two"),
            line("error", "the gate has ended", "a", 1), line("error", "another", "a", 500), line("error", "yet another", "a", 900),
            line("audit", "uid=7 pid=1 role=user verb=reload subject=- outcome=done", "-"), line("audit", "uid=7 left_out=5", "-"),
            line("audit", "uid=7 pid=1 role=user verb=stop subject=x outcome=refused", "-")], 10).map(({text, again}) => [text, again ?? 0])))""")
    assert found[:3] == [["user (uid 7) reloaded the configuration", 0], ["yet another", 0], ["another", 0]], found
    assert ["ValueError: two", 5] in found and ["exception in the handler of channel y", 0] in found and len(found) <= 6, found
    assert page.faults() == []


SENTENCES = """
    const done = arguments[0];
    const runs = (name, detail = "", more = {}) => ({name, state: "running", detail, restarts: 0, uptime_ms: 1e6, ...more});
    import("/words.js").then(({brief, health, sentence}) => done([
        ["lost for 3 s", "not received, though desk announces it", "nobody is heard", "10.0.0.5:5004 missing", "desk at 10.0.0.5:5004 silent, 2 packets lost",
            "not connected to a:1: refused", "no node wants universe 1: nothing is sent", "not there: nano; connected to x", 'waiting for "pad"'].map((detail) => health(runs("a", detail))),
        ["", "receiving from desk at 44 Hz", "connected to a:1", "10.0.0.5:5004, 0.4 ms", "waiting for connections", "lost and found"].map((detail) => health(runs("a", detail))),
        sentence([runs("rig", "lost for 3 s"), runs("b"), runs("c")], false),
        sentence([runs("rig", "lost for 3 s"), runs("net", "nobody is heard"), runs("c")], false),
        sentence([{...runs("cues", "exit status 1"), state: "failed"}, runs("rig", "", {frozen: true})], true),
        sentence([runs("rig", "", {frozen: true}), runs("c")], true),
        sentence([..."abcdef"].map((name) => runs(name, "nobody is heard")), false),
        [[runs("a"), runs("b")], [{...runs("dead", "no such port; trying again in 3.2 s"), state: "down"}], [{...runs("cues", "exit status 1; restart 4 in 0.2 s"), state: "failed"}, runs("dead")],
            [runs("rig", "lost for 3 s"), runs("net", "nobody is heard")], [runs("stage", "no node wants universe 1: nothing is sent")], [runs("pad", "not there: pad")], [runs("house", "connecting to a:1")], [runs("c", "", {restarts: 1, uptime_ms: 5})],
            [{...runs("c"), state: "stopped"}], []].flatMap((some) => [brief(some, false)[1], sentence(some, false)[1]]),
        brief([runs("rig", "", {frozen: true}), {...runs("cues", "exit status 1"), state: "failed"}], true), brief([runs("rig", "", {frozen: true})], true)]))
"""


def test_the_sentence_says_what_is_wrong(play, chromium):  # noqa: F811
    Page(chromium, open_console(play))
    lost, heard, one, two, both, frozen, many, pairs, brief, calm = chromium.execute_async_script(SENTENCES)
    assert set(lost) == {"doubtful"} and set(heard) == {"good"}, (lost, heard)
    assert one == ["doubtful", "rig runs: lost for 3 s"]
    assert two == ["doubtful", "2 of 3 are not as they should be: rig (lost for 3 s), net (nobody is heard)"]
    assert both == ["bad", "OUTPUTS ARE FROZEN: nothing reaches the devices. cues failed: exit status 1"]
    assert frozen == ["doubtful", "OUTPUTS ARE FROZEN: nothing reaches the devices"]
    assert many[1].endswith(", d (nobody is heard), and 2 more")
    assert pairs == ["All 2 run", "All 2 run", "dead is down", "dead down: no such port", "cues has failed", "cues failed: exit status 1",
                     "rig is not heard (and 1 more)", "2 of 2 are not as they should be: rig (lost for 3 s), net (nobody is heard)",
                     "stage reaches nobody", "stage runs: no node wants universe 1: nothing is sent", "pad is not there", "pad runs: not there: pad", "house is not connected", "house runs: connecting to a:1",
                     "c was restarted", "c runs, restarted 0 s ago (once)", "c is stopped", "c stopped", *2 * ["There is nothing that this browser may see"]]
    assert brief == ["bad", "OUTPUTS ARE FROZEN; cues has failed"] and calm == ["doubtful", "OUTPUTS ARE FROZEN"]


BUSY = """
    const done = arguments[0], really = window.fetch, answers = [429, 503, 429, 503], asked = [];
    window.fetch = async (path, how) => {
        if (!how?.body?.includes("verb channels"))
            return really(path, how);
        asked.push(performance.now());
        return answers.length ? new Response("too much", {status: answers.shift()}) : really(path, how);
    };
    import("/contact.js").then(({contact}) => contact.list("channels", "channels")).then((found) => {
        window.fetch = really;
        done([found.length, asked.slice(1).map((time, n) => time - asked[n])]);
    });
"""


def test_what_is_safe_is_asked_again_and_what_failed_is_not_empty(play, chromium):  # noqa: F811
    page = Page(chromium, open_console(play))
    found, pauses = chromium.execute_async_script(BUSY)
    assert found > 3 and len(pauses) == 4, (found, pauses)
    assert pauses[0] < 250 and pauses[-1] > 350, "the pauses grow"
    message = chromium.execute_async_script("""
        const done = arguments[0];
        import("/contact.js").then(({contact}) => contact.list("channels", "channels", ["nobody"])).then(() => done("an empty list"), (error) => done(error.message))""")
    assert message.startswith("unknown name"), message
    chromium.execute_async_script("""
        const done = arguments[0];
        import("/contact.js").then(({contact}) => contact.act("emit", ["stage.cue"], {value: 0.5})).then(done)""")
    page.wait("emit stage.cue: done; nothing is mapped from it; py1.out is mapped to it: emit that", "#said")


def test_a_page_for_which_there_is_no_room_says_so(play, chromium):  # noqa: F811
    console = open_console(play)
    page = Page(chromium, console)
    console.cookie = "; ".join(f"{each['name']}={each['value']}" for each in chromium.get_cookies())
    chromium.get("about:blank")
    time.sleep(1)  # until its own stream is over
    with contextlib.ExitStack() as stack:
        until(lambda: stack.enter_context(console.stream()).wait("HTTP/1.1 (...)")[1] == "503", "there is room for more than eight", pause=0.2)
        chromium.get(f"http://127.0.0.1:{console.port}/")
        page.wait("This page gets nothing: too many pages are open", "#sentence")
    page.wait("All 3 run", "#sentence")
    chromium.get_log("browser")  # the refusals are no faults of the next page


def test_values_have_curves_and_channels_without_one_are_listed(play, chromium):  # noqa: F811
    console = open_console(play)
    page = Page(chromium, console)
    page.open("values")
    page.wait("stage.go", ".rows")  # which nobody has set
    page.wait("py1.script.level", ".rows")

    def row(name):
        return chromium.execute_script("""
            const row = [...document.querySelectorAll(".row")].find((each) => each.querySelector(".name").textContent === arguments[0]);
            const canvas = row.querySelector("canvas"), {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return [row.lastChild.textContent, row.querySelector("input, meter") !== null, data.filter((each, n) => n % 4 === 3 && each > 0).length];""", name)

    assert row("stage.go") == ["–", True, 0]
    assert row("py1.script.go") == ["–", False, 0], "it only shows what comes, so it has no fader"
    console.show.set("/in", 0.5)
    until(lambda: (shown := row("py1.script.level"))[0] == "0.500" and shown[2] > 10, "there is no curve")
    assert row("stage.go")[2] == 0
    page.find("#filter").send_keys("stage.*o")
    until(lambda: "stage.go" in page.text(".rows") and "py1" not in page.text(".rows"), "the filter does not hold for those without a value")
    assert "stage.level" not in page.text(".rows")
    page.size(PHONE)
    wide = chromium.execute_script("return [...document.querySelectorAll('.row')].map((row) => [...row.children].filter((each) => each.tagName !== 'SPAN').map((each) => each.getBoundingClientRect().width))")
    assert wide and min(min(row) for row in wide) >= 44 and min(row[1] for row in wide) > 100, wide  # names are there on a phone, too
    page.shoot("values-curves")
    assert [each for each in page.faults() if "willReadFrequently" not in each] == []


LATE = """
    window.Date = class extends Date {
        constructor(...when) {
            when.length ? super(...when) : super(window.Date.now());
        }
        static now() {
            return super.now() - 3_600_000;
        }
    };
"""


def test_the_clock_is_that_of_the_show(play, chromium):  # noqa: F811
    script = chromium.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": LATE})["identifier"]
    try:
        page = Page(chromium, open_console(play))
        page.wait("nothing in or out since this page was opened", page.tile("wire"))
        shown, times = chromium.execute_script("""
            const now = window.Date.now() + 3_600_000;
            return [document.querySelector("#clock").textContent, [-2, -1, 0, 1].map((seconds) => new Date(now + 1000 * seconds).toLocaleTimeString())];""")
        assert shown in times, "it is not that of the phone, which is an hour late"
    finally:
        chromium.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})


def test_what_is_not_known_yet_or_not_allowed_is_said_as_it_is(play, chromium):  # noqa: F811
    console = open_console(play)
    link = console.link("--role", "operator")
    assert console.enter(link)[0] == 200
    chromium.get("about:blank")
    chromium.delete_all_cookies()
    chromium.get(link)
    until(lambda: "is not signed in: the link was used or has expired. Open a new link" in chromium.execute_script("return document.querySelector('#sentence').innerText"),
          "it does not say why")
    silent = "window.EventSource = class { addEventListener() {} close() {} };"
    script = chromium.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": silent})["identifier"]
    try:
        chromium.get("about:blank")
        chromium.get(console.link())
        until(lambda: chromium.execute_script("return document.querySelector('#sentence').innerText") == "Asking the show …", "it claims to know", pause=0.05)
    finally:
        chromium.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})
    page = Page(chromium, console, "--role", "operator")
    page.open("recordings")
    page.wait("Recording requires the role administrator; this browser is an operator.")
