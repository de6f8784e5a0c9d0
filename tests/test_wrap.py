"""tests/lint/wrap.py, which holds Markdown at one width."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
SCRIPT = TOP / "tests/lint/wrap.py"

spec = importlib.util.spec_from_file_location("wrap", SCRIPT)
wrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(wrap)

WORDS = " ".join(["word"] * 30)
FIRST = " ".join(["word"] * 20)  # 99 columns; one more word does not fit
REST = " ".join(["word"] * 10)


@pytest.mark.parametrize("text, wrapped", [
    (WORDS, f"{FIRST}\n{REST}"),
    ("one\ntwo", "one two"),
    ("one\n\ntwo", "one\n\ntwo"),
    (f"* {WORDS}", "* " + " ".join(["word"] * 19) + "\n  " + " ".join(["word"] * 11)),
    ("1. one\n   two\n2. three", "1. one two\n2. three"),
    ("* one\n  * two\n    three", "* one\n  * two three"),
    ("* one\n\n  two\n  three", "* one\n\n  two three"),
])
def test_paragraphs_and_items_are_wrapped(text, wrapped):
    assert wrap.wrap(text) == wrapped


@pytest.mark.parametrize("text", [
    f"# {WORDS}",
    f"| {WORDS} | b |\n| --- | --- |\n| c | d |",
    f"```\n{WORDS}\nb\n```",
    f"    {WORDS}\n    b\n    c",
    f"one:\n\n    {WORDS}\n    b\n    c\n\n    d\n    e",
    "* one\n\n      a\n      b\n      c",
    f"<p>{WORDS}</p>",
    f"> {WORDS}",
    f"[link]: https://example.org/{'x' * 100}",
    f"<!-- made by a script -->\n* {WORDS}\n  b\n<!-- end -->",
])
def test_the_rest_is_left_alone(text):
    assert wrap.wrap(text) == text


def test_code_is_not_broken():
    code = "`" + "a " * 20 + "b`"
    assert wrap.wrap(f"{FIRST[:-10]} {code} c") == f"{FIRST[:-10]}\n{code} c"


@pytest.mark.parametrize("word", ["-", "+", "*", ">", "#", "1.", "12)"])
def test_no_line_begins_with_what_would_be_a_marker(word):
    assert wrap.wrap(f"{FIRST} {word} end") == f"{FIRST} {word}\nend"


def test_wrapping_twice_changes_nothing():
    for path in sorted(TOP.glob("docs/*.md")):
        once = wrap.wrap(path.read_text())
        assert wrap.wrap(once) == once, path


def test_it_names_the_line_and_mends_it(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# title\n\n{WORDS}\n")
    found = subprocess.run([sys.executable, SCRIPT, page], stdout=subprocess.PIPE, text=True)
    assert found.returncode == 1
    assert found.stdout.startswith(f"{page}:3: ")
    assert subprocess.run([sys.executable, SCRIPT, "--write", page]).returncode == 0
    assert page.read_text() == f"# title\n\n{FIRST}\n{REST}\n"
    assert subprocess.run([sys.executable, SCRIPT, page]).returncode == 0
