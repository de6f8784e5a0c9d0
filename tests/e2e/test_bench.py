# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark runs and measures something; the suite does not judge how fast things are."""

import json
import shutil
import subprocess

import pytest
from harness import BUILT, PROGRAMS, TOP, environment

pytestmark = pytest.mark.one_setting

BUILD = BUILT.parents[1]


@pytest.fixture
def bench(stage, identity):
    """Runs it as the identity, from copies which that can read: bench("event") returns its document."""
    build = stage.folder(identity) / "build"
    for part in (*PROGRAMS.values(), "meson-info/intro-buildoptions.json"):
        (build / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(BUILD / part, build / part)
    (build / "tests/bench").mkdir(parents=True)
    for program in ("client", "floor", "recover", "spawn"):
        shutil.copy2(BUILD / f"tests/bench/bench-{program}", build / "tests/bench")
    scripts = shutil.copytree(TOP / "tests/bench", build.parent / "scripts")
    stage.open_up()

    def run(*rows):
        done = subprocess.run(identity.command(["/usr/bin/python3", "-s", scripts / "bench.py", build, "--quick", "--json", *rows]),
                              cwd="/", env=environment(build.parent), text=True, timeout=120, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_quick_run_measures_product_and_floor(bench):
    document = bench("event", "restart")
    assert document["quick"] and document["machine"]["cores"] > 0
    rows = {row["row"]: row for row in document["rows"]}
    assert set(rows) == {"event, pinned", "event, free", "restart"}
    for row in rows.values():
        for figures in (row["product"], row["floor"]):
            assert 0 < figures["p50"] <= figures["p99"] <= figures["max"], row
        assert row["ratio"]["p50"] > 0 and row["met"] in (True, False), row


def test_a_row_that_cannot_be_measured_is_a_miss(bench, stage):
    """With a worker program that cannot be run no show starts; the other rows and the table are complete nevertheless.

    Regression: without any, the broker took that of a firecurtain which was installed.
    """
    for worker in stage.path.glob("s*/build/worker/firecurtain-worker"):
        worker.write_text("no program\n")
    (row,) = bench("idle")["rows"]
    assert row["met"] is False and row["product"] is None and row["note"], row
