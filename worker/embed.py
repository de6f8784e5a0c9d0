#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns texts into C strings at build time: embed.py PREFIX OUTPUT SOURCE…

Each is PREFIX_NAME. A zygote carries its Python part, since it must not depend on files that somebody could exchange.
"""

import sys
from pathlib import Path

prefix, output, *sources = sys.argv[1], *map(Path, sys.argv[2:])
lines = ["/* Made by worker/embed.py. */\n"]
for source in sources:
    lines.append(f"static const char {prefix}_{source.stem}[] =\n")
    lines += ['    "%s\\n"\n' % line.replace("\\", "\\\\").replace('"', '\\"') for line in source.read_text().splitlines()]
    lines[-1] = lines[-1].rstrip("\n") + ";\n"
output.write_text("".join(lines))
