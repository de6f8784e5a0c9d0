# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the escape suite: as those of e2e, but one show may serve a whole file."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

E2E = Path(__file__).resolve().parents[1] / "e2e"
for folder in (str(E2E), str(Path(__file__).resolve().parent)):
    if folder not in sys.path:
        sys.path.insert(0, folder)

_spec = importlib.util.spec_from_file_location("e2e_conftest", E2E / "conftest.py")
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
stage = _e2e.stage

from harness import USER_ID, Identity  # noqa: E402 (the path is set above)
from theatre import Theatre  # noqa: E402


ORDINARY = os.getuid() or USER_ID
SETTINGS = {"root": Identity(0), "user": Identity(ORDINARY), "fallback": Identity(ORDINARY, fallback=True)}


@pytest.fixture(scope="module", params=[name for name in SETTINGS if name != "root" or os.getuid() == 0])
def identity(request):
    """The three settings: root, an ordinary user, and an ordinary user whose kernel has no user namespaces for it."""
    return SETTINGS[request.param]


@pytest.fixture(scope="module")
def open_theatre(stage, identity):
    """Opens theatres that all tests of a file share. The fixture's end closes them."""
    theatres = []

    def start(hostile, **how):
        theatres.append(Theatre(stage, identity, hostile, **how))
        return theatres[-1]

    yield start
    for theatre in theatres:
        theatre.end()
