# SPDX-License-Identifier: BSD-2-Clause
"""The console's pages in Chromium: what a person at a show sees and does."""

import os
import re
import signal
import socket
import time
from pathlib import Path

import control
import pytest
from browsing import CONFIG, open_console
from control import audits
from harness import BUILT
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.chrome.service import Service
from waiting import until

from test_console import desk_of, pin_link

pytestmark = [pytest.mark.one_setting, pytest.mark.xdist_group("browser")]

SCREENSHOTS = Path(os.environ.get("FIRECURTAIN_SCREENSHOTS", BUILT.parents[1] / "screenshots"))
PHONE, DESKTOP = (390, 844), (1920, 1080)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--touch-events=enabled",
                     f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(120)
    yield driver
    driver.quit()


class Page:
    """The console in the browser."""

    def __init__(self, chromium, console, *arguments, link=None):
        self.chromium, self.console = chromium, console
        chromium.get("about:blank")
        chromium.get(link or console.link(*arguments))
        self.find("fc-tile")

    def size(self, size):
        self.chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE})

    def find(self, selector):
        return until(lambda: next(iter(self.chromium.find_elements("css selector", selector)), None),
                     lambda: f"no {selector}: {self.chromium.get_log('browser')}\n{self.chromium.page_source[-3000:]}")

    def text(self, selector="body"):
        return self.chromium.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait(self, text, selector="body"):
        until(lambda: text in self.text(selector), lambda: f"no {text} in {selector}: {self.text()}", pause=0.05)

    def tile(self, name):
        return f"fc-tile:nth-of-type({[each.text for each in self.chromium.find_elements('css selector', 'fc-tile h2')].index(name) + 1})"

    def open(self, page):
        self.chromium.execute_script("location.hash = arguments[0]", page)

    def shoot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.chromium.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def hold(self, element, seconds):
        ActionChains(self.chromium).move_to_element(element).click_and_hold().pause(seconds).release().perform()

    def touch(self, kind, *elements):
        """One finger on each of the elements."""
        places = [self.chromium.execute_script("const r = arguments[0].getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2}", each)
                  for each in elements]
        self.chromium.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{**place, "id": n} for n, place in enumerate(places)]})

    def faults(self):
        """What is wider than the window, and what the browser has said: that the policy refuses something, or a script has failed."""
        wide = self.chromium.execute_script("""
            return document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > innerWidth).map((each) => each.outerHTML.slice(0, 200))""")
        return wide + [each["message"] for each in self.chromium.get_log("browser") if not re.search("favicon| 401 |ERR_", each["message"])]


def unnamed(page):
    """What a screen reader could not name, and pictures without words."""
    return page.chromium.execute_script("""
        return [...document.querySelectorAll('button, input, select, a, summary')].filter((each) => each.offsetParent &&
            !(each.innerText || each.getAttribute('aria-label') || each.labels?.[0]?.innerText)).map((each) => each.outerHTML)""")


def test_a_crash_is_seen_and_a_button_that_is_held_restarts(play, chromium):
    console = open_console(play)
    page = Page(chromium, console, link=(link := console.link()))
    assert "token" not in chromium.current_url, "the secret is gone from the address"
    chromium.get("about:blank")
    chromium.get(link)  # once more: the link is used up, but the browser is signed in
    page.wait("All 3 run", "#sentence")
    tile = page.tile("py1")
    console.show.set("/in", 0.75)
    page.wait("ValueError: no such light (script.py:", tile)
    chromium.execute_script("arguments[0].scrollIntoView({block: 'center'})", page.find(f"{tile} summary"))
    page.find(f"{tile} summary").click()
    page.wait("raise ValueError", f"{tile} pre")
    page.wait("File ", f"{tile} pre")
    for name, size in (("now-phone", PHONE), ("now-desktop", DESKTOP)):
        page.size(size)
        time.sleep(0.2)
        page.shoot(name)
        assert page.faults() == [] and unnamed(page) == [], size
    worker = console.show.worker()
    button = page.find(f"{tile} fc-hold button")
    chromium.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    page.hold(button, 0.3)
    time.sleep(1)
    assert console.show.worker() == worker, "a slip is not enough"
    page.hold(button, 1.3)
    page.wait("restart py1: done", "#said")
    until(lambda: console.show.worker() != worker, "it has not been restarted")
    page.wait("restarted py1", ".news")

    before = desk_of(console.show)
    os.kill(before, signal.SIGSTOP)  # as if the machine were gone
    try:
        page.wait("No contact with the show for ", "#sentence")
        assert chromium.execute_script("return document.body.className") == "is-lost"
        page.shoot("contact-lost")
    finally:
        os.kill(before, signal.SIGCONT)
    page.wait("run", "#sentence")
    os.kill(desk_of(console.show), signal.SIGKILL)
    until(lambda: desk_of(console.show) != before, "no new desk")
    page.wait("All 3 run", "#sentence")
    console.show.set("/in", 0.25)
    console.show.expect("/out", 0.25)


def test_the_pages_and_a_panel_with_two_fingers(play, chromium):
    console = open_console(play)
    page = Page(chromium, console, "--role", "operator")
    page.size(PHONE)
    page.open("panels")
    go, work = page.find(".control.button"), page.find(".control.toggle")
    page.shoot("panels-phone")
    page.touch("touchStart", go, work)
    console.show.expect("/out", 1)
    page.touch("touchEnd")
    console.show.expect("/out", 0)
    page.find(".control.fader input").send_keys("\ue014")  # one step to the right
    until(lambda: console.show.wire.receive(1), "the fader sends nothing")
    page.wait("0.001", ".control.text output")
    page.open("values")
    page.wait("py1.out", ".rows")
    page.find("#filter").send_keys("stage.")
    until(lambda: "py1.out" not in page.text(".rows") and "stage.level" in page.text(".rows"), "the filter does nothing")
    assert chromium.execute_script("return document.querySelector('.rows input') !== null"), "an operator may set a panel"
    page.open("routes")
    page.wait("wire./in", "tbody")
    console.show.set("/in", 0.5)
    page.wait("0.500", "tbody")
    page.open("log")
    page.wait("py1 running (pid", ".log")
    for name in ("values", "routes", "log", "panels", "now"):
        page.open(name)
        time.sleep(0.5)
        page.shoot(f"{name}-phone")
        assert page.faults() == [] and unnamed(page) == [], name


def test_outputs_are_frozen_and_panic_is_caused_by_held_buttons(play, chromium):
    console = open_console(play)
    page = Page(chromium, console, "--role", "operator")
    page.size(PHONE)

    def hold(name, seconds=1.3):
        button = page.find(f"fc-hold.{name} button")
        chromium.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        page.hold(button, seconds)

    hold("freeze", 0.2)
    hold("freeze")
    page.wait("OUTPUTS ARE FROZEN", "#sentence")
    page.wait("FROZEN, runs", page.tile("wire"))
    assert "FROZEN" not in page.text(page.tile("py1"))
    assert page.faults() == []
    page.shoot("frozen-phone")
    assert len(audits(console.show, "verb=freeze")) == 1, "a slip is not enough"
    hold("unfreeze")
    page.wait("All 3 run", "#sentence")
    hold("panic")
    page.wait("panic: done", "#said")
    console.show.expect("/out", 1)


def test_a_recording_is_made_and_kept_until_it_is_saved(play, chromium):
    console = open_console(play)
    page = Page(chromium, console)
    page.size(PHONE)
    page.open("recordings")
    page.wait("none so far", ".recordings")
    page.find("#page > button").click()
    page.wait("recording", ".recordings")
    for value in (1, 0.25):
        console.show.set("/in", value)
        console.show.expect("/out", value)
    page.open("now")  # it goes on meanwhile
    page.find("fc-tile")
    page.open("recordings")
    page.wait("Stop recording", "#page > button")
    page.find("#page > button").click()
    save = page.find(".recordings button")
    assert save.accessible_name.startswith("Save 20") and save.accessible_name.endswith(".fcrec")
    page.wait("Start recording", "#page > button")
    page.shoot("recordings-phone")
    chromium.execute_script("URL.createObjectURL = (blob) => (blob.arrayBuffer().then((bytes) => window.saved = [...new Uint8Array(bytes)]), '#recordings')")
    save.click()
    path = console.show.folder / "saved.fcrec"
    path.write_bytes(bytes(until(lambda: chromium.execute_script("return window.saved"), "nothing is saved")))
    printed = control.run(console.show, "record", "--print", path, check=0)
    assert "wire" in printed.stdout and printed.stderr == "", printed
    page.wait("Save again", ".recordings")

    def plays(item):
        """What came in then comes again, in the same order, behind something else."""
        console.show.set("/in", 0.5)
        console.show.expect("/out", 0.5)
        page.hold(page.find(f".recordings li:nth-of-type({item}) fc-hold button"), 1.5)
        for value in (1, 0.25):
            console.show.expect("/out", value)
        until(lambda: "Stop playing in" not in page.text(".recordings"), "it does not end")

    plays(1)
    (console.show.folder / "cut.fcrec").write_bytes(path.read_bytes()[:-1])
    (console.show.folder / "text.fcrec").write_text("no recording")
    for name in ("text", "cut", "saved"):
        page.find("#saved-recording").send_keys(str(console.show.folder / f"{name}.fcrec"))
        page.wait(f"{name}.fcrec", ".recordings")
    plays(1)
    plays(2)
    page.hold(page.find(".recordings li:nth-of-type(3) fc-hold button"), 1.5)
    page.wait("this is not a recording", ".recordings li:nth-of-type(3)")
    cuts = chromium.execute_async_script("""
        const [bytes, done] = arguments;
        import("/playback.js").then(({inputs}) => done(bytes.map((_, n) => {
            try {
                return inputs(new Uint8Array(bytes.slice(0, n))).length;
            } catch (error) {
                return error.message;
            }
        })))""", list(path.read_bytes()))
    found = [each for each in cuts if isinstance(each, int)]
    assert found == sorted(found) and found[-1] == 2, "what is whole is read, however the file was cut off"
    assert {each for each in cuts if not isinstance(each, int)} == {"this is not a recording", "nothing came in while it was made"}
    assert page.faults() == []


def test_a_pin_unlocks_the_buttons(play, chromium):
    console = open_console(play)
    page = Page(chromium, console, link=pin_link(console, "271828", "--role", "operator").stdout.strip())
    page.size(PHONE)
    page.wait("Locked: it may only look", "#lock")

    def held():
        return chromium.execute_script("return [...document.querySelectorAll('fc-hold')].filter((each) => each.checkVisibility()).length")

    assert held() == 0 and unnamed(page) == []
    page.find("#pin").send_keys("111111\n")
    page.wait("unlock: refused; that is not the PIN", "#said")
    page.find("#pin").send_keys("271828\n")
    page.wait("unlock: done", "#said")
    until(held, "no button appears")
    page.wait("Signed in as operator", "#who")
    page.shoot("unlocked-phone")
    chromium.execute_script("scrollTo(0, document.body.scrollHeight)")
    page.find("#lock button").click()
    until(lambda: not held(), "the buttons stay")
    page.wait("Locked: it may only look", "#lock")
    assert page.faults() == []


def test_an_observer_has_no_buttons(play, chromium):
    console = open_console(play)
    page = Page(chromium, console, "--role", "observer")
    page.wait("Signed in as observer", "#who")
    assert [each for each in chromium.find_elements("css selector", "fc-hold") if each.is_displayed()] == []
    page.open("panels")
    assert page.find(".control.button").get_attribute("disabled")
    chromium.execute_async_script("""
        const done = arguments[0];
        import('/contact.js').then(({contact}) => contact.act('restart', ['py1'])).then(done)""")
    page.wait("restart py1: refused; this requires the role operator; this browser is an observer", "#said")


def test_curves_are_not_cut_off(play, chromium):
    console = open_console(play)
    page = Page(chromium, console)
    for name in ("now", "values"):
        page.open(name)
        page.find("fc-spark canvas")
        boxes = chromium.execute_script("""
            return [...document.querySelectorAll("fc-spark")].map((each) => [each, each.firstChild].map((one) => one.getBoundingClientRect())
                .map(({left, right, top, bottom}) => [left, top, right, bottom]))""")
        for (left, top, right, bottom), canvas in boxes:
            assert left <= canvas[0] and top <= canvas[1] and canvas[2] <= right and canvas[3] <= bottom, (name, boxes)


def test_a_long_reason_does_not_move_the_buttons_of_a_phone(play, chromium):
    with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_DGRAM) as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        dead = "".join(f"[osc {name}]\n    bind = 127.0.0.1 {each.getsockname()[1]}\n    " for name, each in (("dead", first), ("gone", second)))
        console = open_console(play, config=CONFIG.replace("[map]", dead + "[map]"))
        page = Page(chromium, console)
        seen = {}
        for width in (400, 500):
            page.size((width, 844))
            page.open("panels")
            page.find(".control.button")
            page.wait("dead is down (and 1 more)", "#sentence")
            seen[width] = chromium.execute_async_script("""
                const done = arguments[0], waits = new Set(), heights = new Set(), tops = new Set();
                import("/contact.js").then(({contact}) => setInterval(() => {
                    waits.add(contact.instances.get("dead").detail);
                    heights.add(document.querySelector("header").offsetHeight);
                    tops.add(document.querySelector(".control.button").getBoundingClientRect().top);
                    if (waits.size > 3)
                        done([[...waits], [...heights], [...tops]]);
                }, 100))""")
            page.shoot(f"down-{width}")
        for waits, heights, tops in seen.values():
            assert "in use by another program" in waits[0] and len(heights) == len(tops) == 1 and heights[0] < 100, seen
        page.open("now")
        page.wait("in use by another program", page.tile("dead"))
        page.wait("; trying again in ", page.tile("dead"))
        page.size(DESKTOP)
        page.wait("2 of 5 have failed: dead (down: port ", "#sentence")
        assert "trying again" not in page.text("#sentence")
        chromium.execute_script("import('/contact.js').then(({contact}) => setInterval(() => contact.instances.forEach((each) => each.detail = 'a long reason '.repeat(100)), 10))")
        until(lambda: "a long reason" in page.text("#sentence") and chromium.execute_script("return document.querySelector('header').offsetHeight") < 110,
              "the header is as high as a long reason", pause=0.05)


def test_freeze_and_panic_are_in_sight_on_every_page_and_cover_nothing(play, chromium):
    many = "".join(f"    button = b{n}\n" for n in range(40))
    console = open_console(play, config=CONFIG.replace("    fader = level\n", f"    fader = level\n{many}"))
    page = Page(chromium, console)
    for size in (PHONE, DESKTOP):
        page.size(size)
        for name, last in (("now", ".news"), ("panels", ".panel"), ("values", ".scroll"), ("routes", ".routes"), ("log", ".log"), ("recordings", "code")):
            page.open(name)
            page.find(f"#page {last}")
            page.find("fc-hold.freeze button"), page.find("fc-hold.panic button")
            bar, end, inside = chromium.execute_script("""
                scrollTo(0, document.body.scrollHeight);
                const box = (one) => document.querySelector(one).getBoundingClientRect();
                return [box(".emergency").top, box(arguments[0]).bottom, box(".emergency").bottom <= innerHeight]""", f"#page {last}")
            assert inside and end <= bar, (size, name, bar, end)
    page.size(PHONE)
    page.open("panels")
    page.find(".control.button")
    button = page.find("fc-hold.freeze button")
    page.hold(button, 1.3)
    page.wait("OUTPUTS ARE FROZEN", "#sentence")
    page.shoot("panels-frozen-phone")
    page.hold(page.find("fc-hold.unfreeze button"), 1.3)
    page.wait("All 3 run", "#sentence")


def test_pins_say_their_state_and_names_are_sorted_by_their_numbers(play, chromium):
    config = CONFIG.replace("[map]", "[loopback l]\n    [map]\n    l.c{{1..12}} > l.d{{1..12}}")
    page = Page(chromium, open_console(play, config=config))
    page.size(DESKTOP)
    page.open("values")
    page.find("#filter").send_keys("l.c")
    wanted = [f"l.c{n}" for n in range(1, 13)]

    def names():
        """From the top, the rows that are there."""
        rows = chromium.execute_script("return [...document.querySelectorAll('.row')].map((row) => [parseFloat(row.style.insetBlockStart), row.querySelector('.name').textContent])")
        return [name for _, name in sorted(rows)]

    until(lambda: names() == wanted, names)
    pin = page.find("[aria-label='Pin l.c10']")
    assert pin.text == "☆"
    pin.click()
    until(lambda: names() == ["l.c10", *(name for name in wanted if name != "l.c10")], names)
    assert page.find("[aria-label='Pin l.c10']").text == "★" and page.text("#page p[role=status]") == "12 channels" and page.find("[aria-label='Pin l.c1']").text == "☆"
    page.find("[aria-label='Pin l.c10']").click()
    until(lambda: names() == wanted, names)
    assert page.find("[aria-label='Pin l.c10']").text == "☆"


REDDISH = """
    const [bytes, done] = arguments;
    createImageBitmap(new Blob([new Uint8Array(bytes)], {type: "image/png"})).then((image) => {
        const pen = Object.assign(document.createElement("canvas"), {width: image.width, height: image.height}).getContext("2d");
        pen.drawImage(image, 0, 0);
        const {data} = pen.getImageData(0, 0, image.width, image.height);
        let found = 0;
        for (let i = 0; i < data.length; i += 4)
            found += data[i] > data[i + 1] + 40 && data[i] > data[i + 2] + 40;
        done(found);
    })"""


def test_a_button_that_is_not_held_has_nothing_red(play, chromium):
    page = Page(chromium, open_console(play))
    for size in ((397, 844), (403, 844), DESKTOP):
        page.size(size)
        for button in (page.find(f"{page.tile('py1')} fc-hold button"), page.find("fc-hold.panic button")):
            chromium.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
            reddish = chromium.execute_async_script(REDDISH, list(button.screenshot_as_png))
            assert reddish == 0, (size, button.text, reddish)
    chromium.execute_script("document.querySelector('fc-hold.panic').classList.add('is-held')")
    time.sleep(1.2)
    assert chromium.execute_async_script(REDDISH, list(page.find("fc-hold.panic button").screenshot_as_png)) > 1000, "one that is held has"


def test_there_is_room_between_things_and_the_picture_is_whole(play, chromium):
    config = CONFIG.replace("[map]", "[loopback l]\n    [map]\n    l.a > l.b\n    wire./x > l.c\n    l.c > wire./y")
    page = Page(chromium, open_console(play, config=config))
    page.size(PHONE)
    for name, label in (("values", "#filter"), ("recordings", "#saved-recording")):
        page.open(name)
        field = page.find(label)
        gap = chromium.execute_script("""
            const a = document.querySelector(`label[for=${arguments[0].id}]`).getBoundingClientRect(), b = arguments[0].getBoundingClientRect();
            return Math.max(b.left - a.right, b.top - a.bottom)""", field)
        assert gap >= 4, (name, gap)
    page.find("#page > button").click()
    page.wait("recording", ".recordings")
    page.find("#page > button").click()
    page.find(".recordings fc-hold")
    crowded = chromium.execute_script("""
        return [["#page > button", "#page > button + p"], [".recordings button", ".recordings fc-hold"]].filter(([one, other]) => {
            const a = document.querySelector(one).getBoundingClientRect(), b = document.querySelector(other).getBoundingClientRect();
            return b.top - a.bottom < 4 && b.left - a.right < 4;
        })""")
    assert crowded == []
    for name in ("now", "routes"):
        page.open(name)
        page.find("#page .news, #page tbody tr")
        gaps = chromium.execute_script("""
            return [...document.querySelectorAll("#page h2:not(fc-tile h2)")].map((each) => [each.textContent, each.getBoundingClientRect().top
                - (each.previousElementSibling ?? each.parentElement.previousElementSibling).getBoundingClientRect().bottom])""")
        assert gaps and all(gap >= 10 for _, gap in gaps), gaps
    outside = chromium.execute_script("""
        const frame = document.querySelector(".picture").getBoundingClientRect();
        return [...document.querySelectorAll(".picture path")].map((each) => each.getBoundingClientRect())
            .filter((each) => each.left < frame.left + 2 || each.right > frame.right - 2 || each.bottom > frame.bottom).length""")
    assert outside == 0 and chromium.execute_script("return document.querySelectorAll('.picture path').length") >= 5


def test_the_page_recordings_is_for_those_who_may_record(play, chromium):
    console = open_console(play)
    for role, is_shown in (("operator", False), ("observer", False), ("administrator", True)):
        page = Page(chromium, console, "--role", role)
        page.wait(f"Signed in as {role}", "#who")
        assert page.find("nav a[href='#recordings']").is_displayed() == is_shown, role
