"""Where code goes: who may include whom, and what every source file looks like. docs/architecture.md has the reasons."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
LAYERS = ("include", "proto", "broker", "worker")
SOURCES = sorted(path.relative_to(TOP) for layer in LAYERS for path in (TOP / layer).rglob("*.[ch]"))
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)

# Headers that only some files may see.
RESERVED = [
    (r"zmq\.h", {"proto/link.c", "proto/control_link.c", "broker/base/loop.c"}),
    (r".*\.pb-c\.h", r"proto/codec\w*\.c"),
    (r"protobuf-c/.*", r"proto/(codec|arena)\w*\.[ch]"),
    (r"seccomp\.h", {"worker/sandbox/seccomp.c", "broker/gate/gate.c", "broker/os/confine_seccomp.c"}),
    (r"Python\.h", r"worker/.*"),
    (r"n?curses\.h", {"broker/cli/top.c"}),
    (r"lo/.*", r"broker/backends/.*"),
]


def includes(path):
    """(is_quoted, header) for each include; a header in quotes beside its file is named from the top."""
    found = []
    for opening, header in INCLUDE.findall((TOP / path).read_text()):
        if opening == '"' and "/" not in header:
            header = str(path.parent / header)
        found.append((opening == '"', header))
    return found


def layer_of(header):
    if header.startswith("firecurtain/"):
        return "include"
    first = header.split("/")[0]
    return first if first in LAYERS else None


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_includes(path):
    allowed = {"include": {"include"}, "proto": {"include", "proto"}, "broker": {"include", "proto", "broker"},
               "worker": {"include", "proto", "worker"}}[path.parts[0]]
    if path.parts[:2] == ("broker", "backends"):
        allowed = {"include"}
    for quoted, header in includes(path):
        own = header.startswith("broker/backends/") and path.parts[:2] == ("broker", "backends")
        layer = layer_of(header)
        assert layer is None or layer in allowed or own, f"{path} includes {header}"
        for pattern, places in RESERVED:
            if re.fullmatch(pattern, header):
                fits = str(path) in places if isinstance(places, set) else re.fullmatch(places, str(path))
                assert fits, f"{path} includes {header}"


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_file_says_what_it_is_for_and_is_short(path):
    lines = (TOP / path).read_text().splitlines()
    assert lines[0].startswith(("/*", "//")), f"{path} begins without a comment"
    assert len(lines) < 500, f"{path} has {len(lines)} lines"


def test_there_is_something_to_check():
    assert {path.parts[0] for path in SOURCES} == set(LAYERS)
