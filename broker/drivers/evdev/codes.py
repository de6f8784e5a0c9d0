#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the table of the names of events (code.h) of <linux/input-event-codes.h>: codes.py OUTPUT COMPILER [ARGUMENT…]

Group names, such as BTN_MOUSE, stand before the first name of the group (BTN_LEFT) in the header and have its number; so of several
names with a number, the last one is the usual one. Names that stand for another name come after those.
"""

import re
import subprocess
import sys
from pathlib import Path

TYPES = {"KEY": "EV_KEY", "BTN": "EV_KEY", "REL": "EV_REL", "ABS": "EV_ABS", "MSC": "EV_MSC", "SW": "EV_SW", "LED": "EV_LED",
         "SND": "EV_SND"}


def definitions(compiler):
    """The macros of the header, in its order."""
    done = subprocess.run([*compiler, "-E", "-dD", "-x", "c", "-"], input="#include <linux/input-event-codes.h>\n", check=True, text=True,
                          stdout=subprocess.PIPE)
    return re.findall(rf"^#define ((?:{'|'.join(TYPES)})_\w+) (\w+)\s*$", done.stdout, re.M)


def rows(found):
    numbers = [(name, int(value, 0)) for name, value in found if value[0].isdigit() and not name.endswith("_MAX")]
    usual = {(TYPES[name.partition("_")[0]], number): name for name, number in numbers}  # the last one
    value = dict(numbers)
    others = [name for name, number in numbers if name not in usual.values()]
    others += [name for name, of in found if of in value]
    yield from ((name, kind, number) for (kind, number), name in usual.items())
    yield from ((name, TYPES[name.partition("_")[0]], value.get(name, value.get(dict(found)[name]))) for name in others)


def main():
    lines = [f'    {{"{name}", {{{kind}, {number}}}}},' for name, kind, number in rows(definitions(sys.argv[2:]))]
    assert len(lines) > 600, "the header has hardly any names"
    Path(sys.argv[1]).write_text("\n".join([
        "/* Made by codes.py. */", '#include "broker/drivers/evdev/code.h"', "#include <linux/input-event-codes.h>", "",
        "const struct code_name code_names[] = {", *lines, "};", "",
        "const size_t code_n_names = sizeof(code_names) / sizeof(code_names[0]);", ""]))


main()
