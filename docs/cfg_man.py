#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns configuration.md into the manual page firecurtain.cfg(5): cfg_man.py VERSION PAGE OUTPUT

It knows as much Markdown as that page uses: headings, paragraphs, lists, tables, blocks of code, links, `code` and **bold**.
"""

import re
import sys
from pathlib import Path

HEAD = """.\\" Made from docs/configuration.md by docs/cfg_man.py.
.TH FIRECURTAIN.CFG 5 "" "firecurtain {version}" "File formats"
.SH NAME
firecurtain.cfg \\- the configuration of a show
.SH DESCRIPTION
"""
TAIL = """.SH SEE ALSO
.BR firecurtain (1)
"""
ROW = re.compile(r"(?<!\\)\|")


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti").replace("`", "\\(ga")
    text = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in text)
    return "\\&" + text if text.startswith((".", "'")) else text


def inline(text):
    """Bold code and words; links keep their words, since their targets are pages of another kind."""
    text = re.sub(r"\[((?:\\.|[^]\\])*)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"(`[^`]*`|\*\*[^*]+\*\*)", re.sub(r"\\([][|])", r"\1", text))
    made = ["\\fB" + escape(part.strip("`") if part.startswith("`") else part[2:-2]) + "\\fR"
            if part.startswith(("`", "**")) and len(part) > 2 else escape(part) for part in parts]
    line = "".join(made)
    return "\\&" + line if line.startswith((".", "'")) else line


def table(lines):
    """A term for each row: its first cell, then the others under the titles of their columns."""
    rows = [[cell.strip() for cell in ROW.split(line.strip())[1:-1]] for line in lines]
    titles = rows[0]
    for row in rows[2:]:
        yield ".TP"
        yield inline(row[0]) or "\\&"
        *middle, last = row[1:]
        facts = [f"{inline(title)}: {inline(cell)}" for title, cell in zip(titles[1:], middle) if cell]
        if facts:
            yield "; ".join(facts) + "."
            yield ".br"
        yield (inline(last) if titles[-1] == "meaning" else f"{inline(titles[-1])}: {inline(last)}") or "\\&"
    yield ".PP"


def blocks(text):
    """(kind, lines) of each part of the page."""
    lines = iter(text.splitlines())
    kind, held = "text", []
    for line in lines:
        if line.startswith("```"):
            yield kind, held
            held = []
            for line in lines:
                if line.startswith("```"):
                    break
                held.append(line)
            yield "code", held
            kind, held = "text", []
            continue
        new = "heading" if line.startswith("#") else "table" if line.startswith("|") else "item" if line.startswith("* ") else \
            "" if not line.strip() else kind if kind in ("text", "item") else "text"
        if new != kind or new in ("heading", "item") and line[:1] in "#*":
            yield kind, held
            held = []
        kind = new
        held.append(line)
    yield kind, held


def page(text):
    for kind, lines in blocks(text):
        if not lines or kind == "":
            continue
        words = " ".join(line.strip() for line in lines)
        if kind == "heading" and words.startswith("## "):
            yield ".SH " + escape(words[3:].replace("`", "")).upper()
        elif kind == "heading" and words.startswith("###"):
            yield ".SS " + escape(words.lstrip("# ").replace("`", ""))
        elif kind == "code":
            yield from (".PP", ".in +4n", ".EX", *(escape(line) or "\\&" for line in lines), ".EE", ".in", ".PP")
        elif kind == "table":
            yield from table(lines)
        elif kind == "item":
            yield from (".IP \\(bu 2", inline(words[2:]))
        elif kind == "text":
            yield from (".PP", inline(words))


def main():
    version, source, output = sys.argv[1:]
    Path(output).write_text(HEAD.format(version=version) + "\n".join(page(Path(source).read_text())) + "\n" + TAIL)


main()
