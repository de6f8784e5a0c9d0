# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: the account that runs shows (`identity`), where (`stage`), and the show itself (`play`, `check`)."""

import contextlib
import os
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import npm
import ola
import pytest
from harness import SYNC_SCRIPT, USER_ID, Identity, Show, Stage, dedent, environment, only, usual

sys.path.append(str(Path(__file__).resolve().parents[1] / "bench"))  # pressures.py serves the benchmark and the tests

SETTINGS = ["root", "user"] if os.getuid() == 0 else ["user"]


@pytest.fixture(scope="session")
def stage():
    with tempfile.TemporaryDirectory(prefix="fc-", dir="/tmp") as path:
        yield Stage(Path(path))


@pytest.hookimpl(tryfirst=True)  # before pytest looks for such marks
def pytest_generate_tests(metafunc):
    """
    Those with the mark `one_setting`, which do not depend on permissions, files or accounts, run only as root or
    only as an ordinary user: half of them each, and always the same.
    """
    is_once = metafunc.definition.get_closest_marker("one_setting") and len(SETTINGS) > 1
    if is_once and "identity" in metafunc.fixturenames:
        metafunc.definition.add_marker(only(SETTINGS[zlib.crc32(metafunc.function.__name__.encode()) % 2]))


@pytest.fixture(params=SETTINGS)
def identity(request):
    """Every test that starts the program runs as root, if it can, and as an ordinary user."""
    if request.param == "root":
        return Identity(0)
    return Identity(os.getuid() or USER_ID)


@pytest.fixture
def play(stage, identity):
    """Starts a show and ends it after the test, which fails if the show does not end cleanly.

    play(script, maps) runs the usual configuration; play(config=…, scripts={…}) any other; play(folder=…) one that
    already exists. Returns when the instances in `ready` run and the OSC ports are open.
    """
    shows = []

    def start(script="", maps=(), *, options="", sync=False, config=None, scripts=None, ready=("py1",), **how):
        scripts = {name: dedent(text) for name, text in (scripts or {}).items()}
        if config is None and (script or maps or "folder" not in how):
            config = usual(maps, options, sync)
            scripts.setdefault("script.py", dedent(script))
            if sync:
                scripts["syncing.py"] = SYNC_SCRIPT
        show = Show(stage, identity, config and dedent(config), scripts, **how)
        shows.append(show)
        return show.ready(ready)

    yield start
    try:
        for show in shows:
            if not show.over:
                show.stop()
    finally:
        for show in shows:
            if not show.over:
                show.kill()


@pytest.fixture
def firecurtain(stage, identity):
    """Runs the program to its end: firecurtain("check", "show.cfg", files={…}) in a folder of its own."""

    def run(*arguments, files=None, timeout=30, env=(), launcher=()):
        folder = stage.folder(identity)
        for name, text in (files or {}).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return subprocess.run(identity.command([*launcher, stage.firecurtain, *arguments]), cwd=folder, text=True, timeout=timeout,
                              env={**environment(folder), **dict(env)}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    return run


@pytest.fixture
def networks(stage):
    """Two networks that are joined, with what runs in them."""
    folder = Path(tempfile.mkdtemp(prefix="n", dir=stage.path))
    folder.chmod(0o755)
    made = ola.Networks(folder, stage.firecurtain)
    yield made
    made.end()


@pytest.fixture(scope="session")
def node_folder(stage):
    return npm.laid_out(stage.path / "npm")


@pytest.fixture
def judge_by(node_folder):
    """Starts a program of tests/npm, which ends with the test: judge_by("sacn", arguments…); skips where npm's packages cannot be had."""
    with contextlib.ExitStack() as stack:
        def start(name, *arguments, **how):
            judge = npm.Judge(node_folder, name, *arguments, **how)
            stack.callback(judge.close)
            judge.wait("ready")
            return judge

        yield start
