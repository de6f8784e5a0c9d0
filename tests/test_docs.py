# SPDX-License-Identifier: BSD-2-Clause
"""What the documentation says of the sources: links, options, messages."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
PAGES = [TOP / "README.md", *sorted(TOP.glob("docs/*.md")), *sorted(TOP.glob("examples/*/README.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*(?:PRI\w+\s*)?"(?:[^"\\\n]|\\.)*")*')
CONVERSION = re.compile(r"%%|%[-#0-9.*]*(?:hh?|ll?|z)?[a-zA-Z]?")
LEAST = 4  # letters of a text besides what is filled in; with less it would fit anything


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
    """The texts of the sources as patterns, with anything where something is filled in."""
    patterns = []
    for source in (path for part in ("broker", "worker", "proto") for path in (TOP / part).rglob("*.*") if path.suffix in (".c", ".py")):
        for literal in LITERAL.findall(source.read_text()):
            text = re.sub(r'"\s*(?:PRI\w+\s*)?"', "", literal[1:-1]).replace(r"\"", '"').replace(r"\n", "")
            pieces = CONVERSION.split(text.removeprefix("firecurtain: "))
            if sum(letter.isalpha() for piece in pieces for letter in piece) >= LEAST:
                patterns.append(".+".join(map(re.escape, pieces)))
    return [re.compile(pattern) for pattern in patterns]


def is_known(message, known):
    """Whether it is one of the texts, behind what is in front of several of them."""
    message = re.sub(r"^(refused|ended|killed): |^worker ended: (?=did|memory)|: channel .*$|: killed; .*$", "", message)
    return any(pattern.fullmatch(message) for pattern in known)


def messages_of_tables():
    """What the first column of the tables in troubleshooting.md quotes, without what Python and the C library say."""
    for row in re.findall(r"^\| (?!message|symptom|---)(.*?) \| ", (TOP / "docs/troubleshooting.md").read_text(), re.M):
        for message in re.findall(r"`([^`]+)`", row):
            if " " in message and not re.match(r"\w+Error|socket\.|desk\.example:|cgroup |show\.cfg:|check ", message):
                yield message


def messages_of_tutorial():
    """Its warnings and errors, without tracebacks."""
    page = (TOP / "docs/tutorial.md").read_text()
    for message in re.findall(r"^\d\d:\d\d:\d\d\.\d{3} (?:warning|error) \w+ (.*)$", page, re.M):
        if not re.match(r" |Traceback|Stack|\w+Error", message):
            yield message


def test_messages_are_those_of_the_program():
    known = formats()
    quoted = [*messages_of_tables(), *messages_of_tutorial()]
    assert len(quoted) > 60
    assert [message for message in quoted if not is_known(message, known)] == []


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
