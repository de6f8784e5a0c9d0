#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns Python sources into C strings at build time: embed.py OUTPUT SOURCE…

The program carries them, since a zygote must not depend on files that somebody could exchange.
"""

import sys
from pathlib import Path

output, *sources = map(Path, sys.argv[1:])
lines = ["/* Made by worker/embed.py. */\n"]
for source in sources:
    lines.append(f"static const char prelude_{source.stem}[] =\n")
    lines += ['    "%s\\n"\n' % line.replace("\\", "\\\\").replace('"', '\\"') for line in source.read_text().splitlines()]
    lines[-1] = lines[-1].rstrip("\n") + ";\n"
output.write_text("".join(lines))
