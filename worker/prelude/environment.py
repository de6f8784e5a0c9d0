# SPDX-License-Identifier: BSD-2-Clause
"""Variables that the C library and Python read only as they start take effect when the option `env` sets them."""

import _locale
import os
import re
import sys
import time
import warnings

_ZONES = "/usr/share/zoneinfo/"
_RULE = re.compile(r"(<[A-Za-z0-9+-]{3,}>|[A-Za-z]{3,})[+-]?\d")  # POSIX's CET-1CEST,M3.5.0,M10.5.0/3


def _warn(text):
    print("<4>env " + text, file=sys.stderr)


def _zone(value):
    time.tzset()
    name = value.removeprefix(":")
    if not os.path.isfile(os.path.join(_ZONES, name)) and not _RULE.match(name):
        _warn(f"TZ={value}: there is no such time zone; local time is UTC")


def _language(value):
    try:
        _locale.setlocale(_locale.LC_CTYPE, "")
    except _locale.Error:
        _warn(f"LANG, LC_…: this machine has no such locale ({value}); `locale -a` lists those that it has")


def _path(value):
    sys.path[1:1] = [folder for folder in value.split(":") if folder]  # behind the script's own folder


def _warnings(value):
    sys.warnoptions += value.split(",")
    warnings._processoptions(value.split(","))


def _trace(value):
    import tracemalloc
    tracemalloc.start(int(value))


def _unbuffered(value):
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)


_EFFECTS = {
    "TZ": _zone, "LANG": _language, "LC_CTYPE": _language, "LC_ALL": _language, "PYTHONPATH": _path, "PYTHONWARNINGS": _warnings,
    "PYTHONTRACEMALLOC": _trace, "PYTHONUNBUFFERED": _unbuffered,
    "PYTHONINTMAXSTRDIGITS": lambda value: sys.set_int_max_str_digits(int(value)),
}


def environment():
    for name, effect in _EFFECTS.items():
        value = os.environ.get(name)
        if value:
            try:
                effect(value)
            except (ValueError, OSError) as error:
                _warn(f"{name}={value}: {error}")
