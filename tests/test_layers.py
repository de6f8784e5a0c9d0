# SPDX-License-Identifier: BSD-2-Clause
"""Where code goes: which folder may use which, in includes and in links. docs/architecture.md has the reasons."""

import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("FIRECURTAIN_BIN", TOP / "build/broker/firecurtain")).resolve().parents[1]

# Bottom first: a folder may use itself and those before it, except the ones named beside it.
ORDER = [
    ("include", set()),
    ("proto", set()),
    ("broker/backends", {"proto"}),
    ("broker/drivers/evdev", {"proto", "broker/backends"}),
    ("broker/drivers/mqtt", {"proto", "broker/backends", "broker/drivers/evdev"}),
    ("broker/base", {"broker/backends", "broker/drivers"}),
    ("broker/midi", {"proto", "broker/backends", "broker/drivers"}),
    ("broker/drivers/midi", {"proto", "broker/backends", "broker/drivers/evdev", "broker/drivers/mqtt", "broker/base"}),
    ("broker/rtpmidi", {"proto", "broker/drivers"}),
    ("broker/os", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi"}),
    ("broker/config", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi", "broker/os"}),
    ("broker/gate", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi", "broker/config"}),
    ("broker/keeper", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi", "broker/config", "broker/gate"}),
    ("broker/child", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi", "broker/config", "broker/gate"}),
    ("broker/guest", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi", "broker/config"}),
    ("broker/show", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi"}),
    ("broker/proxy", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi"}),
    ("broker/python", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi"}),
    ("broker/record", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi"}),
    ("broker/build", {"broker/record"}),
    ("broker/control", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi", "broker/build"}),
    ("broker/runtime", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi"}),
    ("broker/daemon", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi"}),
    ("broker/cli", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi"}),
    ("broker/desk", {f"broker/{folder}" for folder in ("backends", "drivers", "midi", "rtpmidi", "config", "gate", "keeper", "child", "guest", "show", "proxy", "python", "record", "build",
                                                       "control", "runtime", "daemon", "cli")}),
    ("broker/host", {f"broker/{folder}" for folder in ("midi", "rtpmidi", "config", "gate", "keeper", "child", "guest", "show", "proxy", "python", "record", "build",
                                                       "control", "runtime", "daemon", "cli", "desk")}),
    ("broker", {"broker/backends", "broker/drivers", "broker/midi", "broker/rtpmidi", "broker/desk", "broker/host"}),
    ("worker/base", {"broker"}),
    ("worker/libc", {"broker"}),
    ("worker/sandbox", {"broker", "worker/libc"}),
    ("worker/script", {"broker", "worker/libc", "worker/sandbox"}),
    ("worker", {"broker"}),
]
RANK = {folder: rank for rank, (folder, _) in enumerate(ORDER)}

# What backends call is declared in include/ and filled in by the core.
INCLUDED = re.compile(r"fc_\w+")
# The worker has functions of its own in place of these of the C library.
STAND_INS = set(re.findall(r"\w+", (TOP / "worker/libc/exported.list").read_text()))

# Headers that only some files may see.
RESERVED = [
    (r"zmq\.h", {"broker/desk/clients.c", "broker/cli/dealer.c"}),
    (r"microhttpd\.h", {"broker/desk/http.c"}),
    (r".*\.pb-c\.h", r"proto/codec\w*\.c"),
    (r"protobuf-c/.*", r"proto/(codec|arena)\w*\.[ch]"),
    (r"seccomp\.h", {"worker/sandbox/seccomp.c", "broker/gate/worker.c", "broker/os/confine_filter.c"}),
    (r"Python\.h", r"worker/.*"),
    (r"n?curses\.h", {"broker/cli/top.c"}),
    (r"qrencode\.h", {"broker/cli/qr.c"}),
    (r"crypt\.h", {"broker/desk/pin.c"}),
    (r"lo/.*", r"broker/backends/.*"),
    (r"alsa/.*", r"broker/drivers/midi/.*"),
    (r"libevdev/.*", r"broker/drivers/evdev/.*"),
    (r"mosquitto\.h|mqtt_protocol\.h|cjson/.*", r"broker/drivers/mqtt/.*"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
SOURCES = sorted(path.relative_to(TOP) for layer in ("include", "proto", "broker", "worker")
                 for path in (TOP / layer).rglob("*.[ch]"))


def folder_of(path):
    """The row of the table that a path from the top belongs to, or None."""
    path = str(path)
    if path.startswith(("include/", "firecurtain/")):
        return "include"
    folder = path.rpartition("/")[0]
    return folder if folder in RANK else None


def may_use(user, used):
    if user == used:
        return True
    forbidden = dict(ORDER)[user]
    if any(used == folder or used.startswith(folder + "/") for folder in forbidden):
        return False
    return RANK[used] < RANK[user]


def includes(path):
    """The headers that a file includes; one in quotes beside its file is named from the top."""
    for opening, header in INCLUDE.findall((TOP / path).read_text()):
        yield str(path.parent / header) if opening == '"' and "/" not in header else header


def source_of(library, member):
    """broker-base, base_loop.c.o -> broker/base/loop.c: meson puts the folder into the object's name."""
    part, _, folder = library.partition("-")
    name = Path(member).name.removesuffix(".o")
    if folder.startswith("drivers-"):
        driver = folder.split("-")[1]  # its pure part, or all of it
        return Path(part, "drivers", driver, name.removeprefix(f"drivers_{driver}_"))
    if part in ("proto", "worker"):
        for sub in ("base", "libc", "sandbox", "script"):
            if part == "worker" and name.startswith(sub + "_") and (TOP / part / sub / name[len(sub) + 1:]).exists():
                return Path(part, sub, name[len(sub) + 1:])
        return Path(part, name)
    return Path(part, folder, name.removeprefix(folder + "_"))


def objects():
    """(source, symbols that it defines, symbols that it takes) of every object of the folders' libraries."""
    libraries = sorted([*(BUILD / "broker").glob("libbroker-*.a"), BUILD / "proto/libproto.a", BUILD / "worker/libworker.a"])
    for library in libraries:
        listed = subprocess.run(["nm", "-P", "-g", library], check=True, text=True, stdout=subprocess.PIPE).stdout
        source, defined, taken = None, set(), set()
        for line in [*listed.splitlines(), "[]:"]:
            member = re.fullmatch(r".*\[(.*)\]:", line)
            if member:
                if source:
                    yield source, defined, taken
                source = source_of(library.stem.removeprefix("lib"), member[1]) if member[1] else None
                defined, taken = set(), set()
            else:
                symbol, kind = line.split()[:2]
                (taken if kind in "Uw" else defined).add(symbol)


def links():
    """(source, symbol, source that defines it) for each symbol that one object takes from another."""
    found = list(objects())
    home = {symbol: source for source, defined, _ in found for symbol in defined}
    return [(source, symbol, home[symbol]) for source, _, taken in found for symbol in sorted(taken)
            if symbol in home and not INCLUDED.fullmatch(symbol) and symbol not in STAND_INS]


def circles(edges):
    """The strongly connected components of more than one node (Tarjan's algorithm), sorted."""
    number, low, stack, result = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                result.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(edges):
        if node not in number:
            visit(node)
    return sorted(result)


def test_every_source_is_in_a_folder_of_the_table():
    assert [str(path) for path in SOURCES if not folder_of(path)] == []
    assert {folder_of(path) for path in SOURCES} == set(RANK)


def test_includes_follow_the_order():
    against = [f"{path} includes {header}" for path in SOURCES for header in includes(path)
               if folder_of(header) and not may_use(folder_of(path), folder_of(header))]
    assert against == []


def test_links_follow_the_order():
    edges = links()
    assert len(edges) > 1000, f"{BUILD} has no objects: these tests need a build"
    against = {f"{source} takes {symbol} from {home}" for source, symbol, home in edges
               if not may_use(folder_of(source), folder_of(home))}
    assert sorted(against) == []


def test_includes_make_no_circle():
    edges = defaultdict(set)
    for path in SOURCES:
        edges[str(path)] |= {header for header in includes(path) if folder_of(header)}
    for header in [header for headers in edges.values() for header in headers]:
        edges.setdefault(header.replace("firecurtain/", "include/firecurtain/"), set())
    assert circles(defaultdict(set, edges)) == []


def test_links_make_no_circle():
    edges = defaultdict(set)
    for source, _, home in links():
        if source != home:
            edges[str(source)].add(str(home))
    assert circles(edges) == []


def test_reserved_headers():
    against = []
    for path in SOURCES:
        for header in includes(path):
            for pattern, places in RESERVED:
                fits = str(path) in places if isinstance(places, set) else re.fullmatch(places, str(path))
                if re.fullmatch(pattern, header) and not fits:
                    against.append(f"{path} includes {header}")
    assert against == []


def test_files_say_what_they_are_for_and_are_short():
    against = []
    for path in SOURCES:
        lines = (TOP / path).read_text().splitlines()
        if lines[0] != "/* SPDX-License-Identifier: BSD-2-Clause */" or not lines[1].startswith("/*"):
            against.append(f"{path} does not begin with its licence and what it is for")
        if len(lines) >= 500:
            against.append(f"{path} has {len(lines)} lines")
    assert against == []
