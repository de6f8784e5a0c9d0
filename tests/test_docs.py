# SPDX-License-Identifier: BSD-2-Clause
"""What the documentation says of the sources: links, options, messages."""

import errno
import os
import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
PAGES = [TOP / "README.md", *sorted(TOP.glob("docs/*.md")), *sorted(TOP.glob("examples/*/README.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*(?:PRI\w+\s*)?"(?:[^"\\\n]|\\.)*")*')
CONVERSION = re.compile(r"%%|%[-#0-9.*]*(?:hh?|ll?|z)?[a-zA-Z]?")
SYSTEM = {os.strerror(number) for number in errno.errorcode}
LEAST = 3  # letters of a text besides what is filled in; with less it would fit anything


def anchors(page):
    """The fragments that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for link in LINK.findall(text):
        if re.match(r"\w+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not fragment or fragment in anchors(target), link


def formats():
    """The texts of the sources as patterns, with a group for each place where something is filled in."""
    patterns = set()
    for source in (path for part in ("broker", "worker", "proto", "include") for path in (TOP / part).rglob("*.*") if path.suffix in (".c", ".h", ".py")):
        holes = re.compile(f"{CONVERSION.pattern}|{{[^{{}}]*}}") if source.suffix == ".py" else CONVERSION
        for literal in LITERAL.findall(source.read_text()) + (re.findall(r"\bf('[^'\\\n]*')", source.read_text()) if source.suffix == ".py" else []):
            text = re.sub(r'"\s*(?:PRI\w+\s*)?"', "", literal[1:-1]).replace(r"\"", '"').replace(r"\n", "")
            pieces = holes.split(text.removeprefix("firecurtain: "))
            if sum(letter.isalpha() for piece in pieces for letter in piece) >= LEAST:
                patterns.add("(.*)".join(map(re.escape, pieces)))
    return [(pattern, re.compile(pattern), re.compile(pattern.replace("(.*)", "(.*?)"))) for pattern in sorted(patterns)]


def is_filled_in(text, known):
    """Whether a text may stand where something is filled in: a name or number, what the C library says, or another text of ours, with a name behind it."""
    return (not re.search(r"\S\s+\S", text) or text in SYSTEM or bool(re.fullmatch(r'"[^"]*"|\d+ of \d+', text)) or is_known(text, known)
            or is_known(text.rpartition(" ")[0], known)
            or any(is_filled_in(text[:at.start()], known) and is_filled_in(text[at.start():], known) for at in re.finditer("; ", text) if at.start()))


def is_known(message, known):
    """Whether it is one of the texts of the sources, with nothing filled in that they would not say. What ends in … is a beginning."""
    if message.endswith("…"):
        tail = re.escape(message[-8:-1])
        known = [(pattern, *2 * [re.compile(pattern[:at.end()])]) for pattern, *_ in known for at in re.finditer(re.escape(tail), pattern)] + known
        found = [each.fullmatch(message[:-1]) for _, *both in known for each in both] + [each.fullmatch(message) for _, *both in known for each in both]
    else:
        found = [each.fullmatch(message) for _, *both in known for each in both]
    return any(each and all(is_filled_in(text, known) for text in each.groups()) for each in found)


def messages_of_tables():
    """What the first column of the tables in troubleshooting.md quotes, without what Python and the C library say."""
    for row in re.findall(r"^\| (?!message|symptom|---)(.*?) \| ", (TOP / "docs/troubleshooting.md").read_text(), re.M):
        for message in re.findall(r"`([^`]+)`", row):
            if " " in message and not re.match(r"\w+Error|socket\.|desk\.example:|cgroup |show\.cfg:|check ", message):
                yield message


def messages_of_tutorial():
    """Its lines of the log, without tracebacks and what the script prints, what it quotes of them, and what commands say."""
    page = (TOP / "docs/tutorial.md").read_text()
    lines = re.findall(r"^\d\d:\d\d:\d\d\.\d{3} (?:warning|error|info) [\w-]+ (.*)$", page, re.M)
    lines += re.findall(r"(?:the log says|has the reason):\n`(.*?)`", page)
    lines += re.findall(r"^(?:firecurtain|[\w./]+:\d+:\d+: (?:error|warning)|  note): (.*)$", page, re.M)
    for message in (line for line in lines if not re.match("the fader is at|received /", line)):
        if not re.match(r" |Traceback|Stack|Fatal|\w+Error", message):
            yield message


def test_messages_are_those_of_the_program():
    known = formats()
    quoted = [*messages_of_tables(), *messages_of_tutorial()]
    assert len(quoted) > 60
    assert [message for message in quoted if not is_known(message, known)] == []
    for stale in ("the configuration was not changed: it has errors, and the show runs on", "scripts see /home/anna/show only when firecurtain is started anew",
                  "nothing is sent: no packet has come yet to learn the destination from", "cannot start: the port is taken; trying again in 1 s"):
        assert not is_known(stale, known), stale


def options_of_table(page, heading):
    """The first columns of the tables below a heading, up to the next one."""
    section = re.search(rf"^{heading}$(.*?)(?=^## |\Z)", (TOP / page).read_text(), re.M | re.S)[1]
    rows = re.search(r"^\| option.*\n((?:\|.*\n)+)", section, re.M)[1].splitlines()[1:]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])}


def names_in(source, table):
    """The first string of each row of a table in C."""
    rows = re.search(rf"{table}\[\] = {{(.*?)\n}};", (TOP / source).read_text(), re.S)[1]
    return set(re.findall(r'^    \{"([^"]+)"', rows, re.M))


@pytest.mark.parametrize("page, heading, source, table", [
    ("docs/configuration.md", "## python", "broker/python/options.c", "python_options"),
    ("docs/configuration.md", "## osc", "broker/backends/osc.c", "osc_options"),
    ("docs/configuration.md", "## evdev", "broker/drivers/evdev/options.c", "evdev_options"),
    ("docs/configuration.md", "## midi", "broker/drivers/midi/options.c", "alsa_options"),
    ("docs/configuration.md", "## mqtt", "broker/drivers/mqtt/options.c", "mqtt_options"),
    ("docs/configuration.md", "## rtpmidi", "broker/rtpmidi/config.c", "rtpmidi_options"),
    ("docs/configuration.md", "## control", "broker/config/roles.c", "roles_options"),
    ("docs/users.md", "# Users", "broker/show/user.c", "user_options"),
])
def test_option_tables_are_complete(page, heading, source, table):
    documented = {"/" if name.startswith("/") else re.sub(r"\.NAME$", ".", name) for name in options_of_table(page, heading)}
    assert documented - {"[backend osc]", "[backend evdev]"} == names_in(source, table)


def test_the_readme_names_the_packages_that_dev_installs():
    def listed(name):
        return set(re.search(rf"^{name}='([^']*)'", (TOP / "dev").read_text(), re.M)[1].split())

    build, more = re.search(r"^## Packages\n.*?`(.*?)`.*?`(.*?)`", (TOP / "README.md").read_text(), re.M | re.S).groups()
    assert set(build.split()) == listed("build_packages")
    assert set(more.split()) == listed("test_packages") | listed("fuzz_packages")
