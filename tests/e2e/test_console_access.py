# SPDX-License-Identifier: BSD-2-Clause
"""The console for everybody: names and roles for screen readers, contrast in both colour schemes, the keyboard, and what pages weigh."""

import npm
import pytest
from browsing import CONFIG, open_console
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from waiting import until

from test_console_browser import DESKTOP, PHONE, Page, chromium  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.one_setting, pytest.mark.xdist_group("browser")]

PAGES = {"now": "fc-tile", "panels": ".control", "values": ".row", "routes": "tbody tr", "log": ".log", "recordings": ".recordings"}
CONTROLS = {"button", "link", "checkbox", "switch", "slider", "combobox", "searchbox", "textbox", "DisclosureTriangle", "radio", "menuitem", "tab"}
FOCUSABLE = "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), summary, [tabindex='0']"

# The contrast of each visible text with what is behind it (WCAG 2.2, 1.4.3), of those that have too little.
FAINT = """
    const channel = (each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4;
    const parse = (text) => (text.match(/rgba?\\([^)]*\\)/g) ?? []).map((each) => each.match(/[\\d.]+/g).map(Number));
    const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
    const behind = (element) => {
        const rect = element.closest(".box")?.querySelector("rect");
        if (rect)
            return parse(getComputedStyle(rect).fill)[0];
        for (let each = element; each; each = each.parentElement) {
            const style = getComputedStyle(each), gradient = parse(style.backgroundImage), flat = parse(style.backgroundColor)[0];
            if (gradient.length)
                return gradient.at(-1);
            if (flat && (flat[3] ?? 1) > 0)
                return flat;
        }
        return [255, 255, 255];
    };
    const faint = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let seen = 0;
    for (let node; node = walker.nextNode();) {
        const element = node.parentElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
        if (!node.data.trim() || !box.width || !box.height || style.visibility === "hidden" || element.closest(":disabled, noscript, script, [aria-hidden=true]"))
            continue;
        const front = parse(element instanceof SVGElement ? style.fill : style.color)[0], back = behind(element);
        const [high, low] = [light(front), light(back)].sort((a, b) => b - a), ratio = (high + 0.05) / (low + 0.05);
        const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        seen++;
        if (ratio < (isLarge ? 3 : 4.5))
            faint.push(`${ratio.toFixed(2)}: ${node.data.trim().slice(0, 40)} (${front} on ${back})`);
    }
    return [seen, faint];
"""


def nameless(driver):
    """Controls of the accessibility tree that have no name; and how many controls there are."""
    nodes = [node for node in driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
             if not node.get("ignored") and node.get("role", {}).get("value") in CONTROLS]
    return len(nodes), [node for node in nodes if not node.get("name", {}).get("value", "").strip()]


def scheme(driver, name):
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})


def open_page(page, name):
    page.open(name)
    page.find(PAGES[name])
    until(lambda: page.chromium.execute_script("return document.querySelector('[aria-current=page]')?.hash") == f"#{name}", "another page is shown")


def walk(driver):
    """Presses Tab until the focus comes round: what it reached, and what of that shows no focus."""
    driver.execute_script("document.activeElement.blur(); window.reached = new Set(); window.unmarked = []")
    wanted = driver.execute_script(f"return [...document.querySelectorAll(\"{FOCUSABLE}\")].filter((each) => each.checkVisibility()).length")
    assert wanted
    for _ in range(2 * wanted + 10):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        driver.execute_script("""
            const at = document.activeElement, style = getComputedStyle(at);
            if (at !== document.body && !window.reached.has(at)) {
                window.reached.add(at);
                if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2)
                    window.unmarked.push(at.outerHTML.slice(0, 200));
            }""")
    return driver.execute_script(f"""
        return [[...document.querySelectorAll("{FOCUSABLE}")].filter((each) => each.checkVisibility() && !window.reached.has(each))
            .map((each) => each.outerHTML.slice(0, 200)), window.unmarked]""")


def test_everybody_can_use_each_page(play, chromium):  # noqa: F811
    console = open_console(play)
    page = Page(chromium, console)
    console.show.set("/in", 0.75)  # so that there is an error to be read
    page.wait("ValueError: no such light", page.tile("py1"))
    try:
        for size in (PHONE, DESKTOP):
            page.size(size)
            for name in PAGES:
                open_page(page, name)
                for colours in ("dark", "light"):
                    scheme(chromium, colours)
                    seen, faint = chromium.execute_script(FAINT)
                    assert seen > 5 and not faint, (name, colours, faint)
                    if size == DESKTOP:
                        page.shoot(f"{name}-{colours}")
                controls, without = nameless(chromium)
                assert controls >= len(PAGES) and not without, (name, without)
                assert page.faults() == [], name
        for name in PAGES:
            open_page(page, name)
            missed, unmarked = walk(chromium)
            assert not missed and not unmarked, (name, missed, unmarked)
    finally:
        scheme(chromium, "dark")
    weight = chromium.execute_script("""
        return performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
            .filter((each) => /\\/(\\w+\\.(js|css|svg))?$/.test(new URL(each.name).pathname)).reduce((sum, each) => sum + each.decodedBodySize, 0)""")
    assert 20_000 < weight < 150_000, "what all pages weigh together"


def test_a_text_that_is_too_faint_and_a_button_without_a_name_are_found(play, chromium):  # noqa: F811
    page = Page(chromium, open_console(play))
    assert not chromium.execute_script(FAINT)[1] and not nameless(chromium)[1]
    chromium.execute_script("document.querySelector('footer').append(Object.assign(document.createElement('button')))")
    chromium.execute_script("document.querySelector('#sentence').style.color = '#558855'")  # by the CSSOM, which the policy allows
    assert chromium.execute_script(FAINT)[1] and nameless(chromium)[1]
    assert page.faults() == []


def test_the_picture_of_the_routes_filters_the_list(play, chromium):  # noqa: F811
    console = open_console(play)
    page = Page(chromium, console)
    open_page(page, "routes")
    page.find(".box")
    assert chromium.execute_script("return document.querySelectorAll('.box').length") == 3
    assert "stage.go" in page.text("tbody")
    box = chromium.execute_script("return [...document.querySelectorAll('.box')].find((each) => each.textContent.startsWith('wire'))")
    assert box.get_attribute("aria-label").startswith("wire, runs")
    chromium.execute_script("arguments[0].focus()", box)
    ActionChains(chromium).send_keys(Keys.ENTER).perform()
    until(lambda: "stage.go" not in page.text("tbody"), "the list is not filtered")
    assert "wire./in" in page.text("tbody") and box.get_attribute("aria-pressed") == "true"
    ActionChains(chromium).send_keys(Keys.ENTER).perform()
    page.wait("stage.go", "tbody")
    chromium.execute_script("window.lit = 0; new MutationObserver(() => window.lit += document.querySelectorAll('.is-live').length)"
                            ".observe(document.querySelector('.picture'), {subtree: true, attributes: true})")
    console.show.set("/in", 0.5)
    until(lambda: chromium.execute_script("return window.lit"), "nothing is lit up")
    page.size(DESKTOP)
    page.shoot("routes-desktop")
    assert page.faults() == []


@pytest.fixture(scope="module")
def axe():
    return (npm.packages() / "node_modules/axe-core/axe.min.js").read_text()


def faults(driver, axe):
    """Has axe-core judge what is shown; returns the rules that are broken so that some people cannot use the page, with where."""
    if not driver.execute_script("return typeof axe === 'object'"):
        driver.execute_script(axe)
    passed, broken = driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        axe.run({resultTypes: ["violations"]}).then((found) => done([found.passes.length, found.violations
            .filter((each) => ["serious", "critical"].includes(each.impact))
            .map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 200))])]), (error) => done([0, String(error)]))""")
    assert passed, broken
    return dict(broken)


def test_axe_finds_no_serious_fault(play, chromium, axe):  # noqa: F811
    console = open_console(play, config=CONFIG.replace("[map]", "[loopback behind-the-second-curtain]\n    [map]"))  # a name too long for its box
    page = Page(chromium, console)
    console.show.set("/in", 0.75)
    page.wait("ValueError: no such light", page.tile("py1"))
    found = {}
    try:
        for size, colours in ((PHONE, "dark"), (DESKTOP, "light")):
            page.size(size)
            scheme(chromium, colours)
            for name in PAGES:
                open_page(page, name)
                found[name, colours] = faults(chromium, axe)
    finally:
        scheme(chromium, "dark")
    assert not any(found.values()), {where: what for where, what in found.items() if what}
    chromium.execute_script("""
        document.documentElement.removeAttribute("lang");
        document.querySelector("#sentence").style.color = "#558855";
        for (const name of ["button", "img", "input"])
            document.querySelector("main").append(document.createElement(name));""")
    assert {"html-has-lang", "color-contrast", "button-name", "image-alt", "label"} <= faults(chromium, axe).keys(), "it would not find any"
