# SPDX-License-Identifier: BSD-2-Clause
"""Rows 37 to 45: whatever one instance uses up, the others still have enough."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from attacklib import ATTACKS
from harness import IS_ASAN
from processes import children
from theatre import Theatre, check_controls, memory, params
from waiting import until

import attack_resources

RESOURCES = [entry for entry in ATTACKS if entry.function.__module__ == attack_resources.__name__]
BY_NAME = {entry.name: entry for entry in RESOURCES}
OPTIONS = "memory = 128M\nthreads = 16\nfiles = 32"
EIGHT = [f"bomb{n}" for n in range(8)]
pytestmark = pytest.mark.skipif(IS_ASAN, reason="a sanitizer's shadow memory counts as data")


@pytest.fixture(scope="module")
def theatre(open_theatre):
    return open_theatre({"py1": ("attack_resources", OPTIONS), "py2": ("attack_resources", f"{OPTIONS}\nhandler-timeout = 60s")})


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def until_it_stopped(theatre, entry):
    """For an attack that stops its process: what an operator sees and does."""
    worker, position = theatre.show.worker(), theatre.log.position
    theatre.show.set("/py1", RESOURCES.index(entry) / 1000)
    until(lambda: state(worker) == "T", "the worker is not stopped")
    theatre.prober.check(fresh=True)
    os.kill(worker, signal.SIGKILL)
    theatre.show.wait_restart(after=position)
    return "stopped"


@pytest.mark.parametrize("entry", params([entry for entry in RESOURCES if not entry.name.startswith("many_")]))
def test_bounded(theatre, entry):
    before = memory(theatre.show.pid)
    stops = entry.expected(theatre.fallback) == "stopped"
    at = "py2" if entry.row in (50, 51) else "py1"  # where there is time for it
    outcome = until_it_stopped(theatre, entry) if stops else theatre.attack(entry, RESOURCES, at, timeout=60)
    if entry.name == "deep_tree":  # what a killed attack leaves is too deep for Python's own functions
        subprocess.run(["find", theatre.show.folder, "-depth", "-name", "d", "-delete"], check=True)
    said = "\n".join(str(line) for line in theatre.log.lines[-20:])
    assert re.fullmatch(entry.expected(theatre.fallback), outcome), f"{outcome}\n{said}"
    grown = memory(theatre.show.pid) - before
    assert grown < 32 << 20, f"the broker grew by {grown >> 20} MiB"
    theatre.prober.check()


def test_memory_is_bounded_by_the_option_and_a_fixed_allowance(theatre):
    """50: what was held, by the script's own account, and what the log says of the end."""
    for name in ("relabelled_memory", "page_tables"):
        position = theatre.log.position
        theatre.attack(BY_NAME[name], RESOURCES, "py2", timeout=60)
        line = theatre.log.wait("^killed: it has .*MiB of page tables", "py2", "error", after=position).message
        pages, tables, option, allowance = map(int, re.findall(r"(\d+) MiB", line))
        assert (option, allowance) == (128, 48) and "option memory" in line
        assert pages + tables > option + allowance - 2 and pages <= 128 + 512, line
        assert (tables > 40) == (name == "page_tables"), line
    held = [int(line.message.split()[1]) for line in theatre.log.matching("^relabelled", "py2")]
    assert max(held, default=0) <= 128 + 512, held  # none, if it was ended before


def test_the_log_stays_usable(theatre):
    """40: cut, counted, without terminal sequences or anything that looks like a line of others."""
    log = theatre.log
    assert not [line for line in log.lines if len(line.text) > 4096]
    assert not [line for line in log.lines if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", line.text)]
    assert not [line for line in log.lines if line.level == "raw"]
    assert not log.matching("^forged", "good")
    log.wait(r"lines were left out|^… repeated \d+ times: flood", "py1")  # how they are counted depends on how fast they come
    assert len(log.matching("^flood", "py1")) < 3000
    log.wait("escape .*", "py1")


def test_no_zombies_and_no_core_files(theatre):
    """43, 44"""
    until(lambda: all(state(pid) != "Z" for pid in children(theatre.show.pid)), "a zombie")
    found = [path for path in theatre.show.folder.rglob("core*")] + [path for path in Path("/").glob("core*")]
    assert not found


def test_no_core_dump_by_a_piped_pattern_either(theatre):
    """44: the pattern applies to the whole machine; this checks the limit and does not change the pattern."""
    limits = Path(f"/proc/{theatre.show.worker()}/limits").read_text()
    assert re.search(r"^Max core file size +1 +1 ", limits, re.M), limits


def test_outside_each_of_them_succeeds(tmp_path):
    os.environ["PYTHONFAULTHANDLER"] = ""
    assert not check_controls("attack_resources", RESOURCES, tmp_path)


SPIN = """
import ctypes
from attacklib import machine_code, say
def python():
    while True:
        pass
def native():
    ctypes.PyDLL(None)  # the interpreter lock stays held
    loop = machine_code(b"\\xeb\\xfe")
    address = ctypes.cast(loop, ctypes.c_void_p).value
    say("spinning native")
    ctypes.PYFUNCTYPE(ctypes.c_long)(address)()
def go(value):
    say("spinning")
    (python if value < 0.5 else native)()
"""


def test_endless_loops(stage, identity):
    """37: next to both kinds of loop the others answer, and the show ends in time."""
    theatre = Theatre(stage, identity, {"py1": ("spin", ""), "py2": ("spin", "")}, scripts={"spin.py": SPIN})
    try:
        theatre.show.set("/py1", 0.1)
        theatre.show.set("/py2", 0.9)
        theatre.log.wait("^spinning", "py1")
        theatre.log.wait("^spinning native", "py2")
        for n in range(100):
            theatre.show.set("/py1", n / 100)
        time.sleep(1)
        theatre.prober.check(fresh=True)
        if identity.is_root:  # stopping them takes time: once is enough
            os.kill(theatre.show.worker("py1"), 9)
            os.kill(theatre.show.worker("py2"), 9)
    finally:
        begin = time.monotonic()
        theatre.end()
    assert time.monotonic() - begin < 12


def test_endless_loops_are_ended_at_the_handlers_limit(stage, identity):
    """37: Python gets an exception; machine code is ended."""
    limit = "handler-timeout = 1s"
    theatre = Theatre(stage, identity, {"py1": ("spin", limit), "py2": ("spin", limit)}, scripts={"spin.py": SPIN})
    try:
        theatre.show.set("/py1", 0.1)
        theatre.show.set("/py2", 0.9)
        theatre.log.wait("^TimeoutError: ", "py1")
        theatre.log.wait("^worker ended: did not return within 2.0 s", "py2")
        theatre.log.wait(r"^running \(pid", "py2", count=2)
        assert not theatre.log.matching("^worker ended", "py1")
        theatre.prober.check(fresh=True)
    finally:
        theatre.end()


def test_the_private_folder_is_bounded(stage, identity):
    """41: too many files, or bytes, end that instance, and the log says why."""
    names = ("many_files", "many_bytes")
    theatre = Theatre(stage, identity, {name: ("attack_resources", "state = 8M\nstate-files = 500") for name in names})
    try:
        for name in names:
            theatre.show.set(f"/{name}", RESOURCES.index(BY_NAME[name]) / 1000)
        for name in names:
            theatre.log.wait("its private folder .* has more than", name)
            theatre.log.wait("^worker ended: killed by SIGKILL", name)
        theatre.prober.check(fresh=True)
    finally:
        theatre.end()


def test_eight_bombs_at_once_and_threads_in_two(stage, identity):
    """38, 39: each fails at its own limit; two that exhaust their threads at once both get all of them."""
    theatre = Theatre(stage, identity, {name: ("attack_resources", OPTIONS + "\nhandler-timeout = 60s") for name in EIGHT})
    try:
        def all_at_once(attack, names):
            outcomes = {}

            def run(name):
                outcomes[name] = theatre.attack(BY_NAME[attack], RESOURCES, name, timeout=60)
            threads = [threading.Thread(target=run, args=(name,)) for name in names]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return outcomes
        for outcome in all_at_once("private_mappings", EIGHT).values():  # at its limit Python may crash
            assert re.fullmatch("errno ENOMEM|worker ended: .*", outcome), outcome
        counts = set(all_at_once("threads_until_it_fails", EIGHT).values())
        assert len(counts) == 1, counts
        theatre.prober.check(fresh=True)
    finally:
        theatre.end()


def test_deleted_files_count_while_they_are_open(stage, identity):
    """51: whatever made them nameless, and whatever holds them; what is less than the option is left alone."""
    named = ("many_deleted_files", "many_replaced_files", "many_bytes_of_one_deleted_file")
    mapped = ("deleted_files_that_are_mapped", "replaced_files_that_are_mapped", "files_that_are_mapped_after_their_end",
              "deleted_file_behind_many_mappings")
    names = named + mapped
    options = "state = 8M\nhandler-timeout = 60s"
    theatre = Theatre(stage, identity, {name: ("attack_resources", options) for name in names})
    try:
        for name in names:
            theatre.show.set(f"/{name}", RESOURCES.index(BY_NAME[name]) / 1000)
        for name in named[:2]:
            theatre.log.wait(r"^killed: files that it has deleted and not closed have \d+ MiB; the option state allows", name)
        for name in mapped:
            theatre.log.wait("^killed: it holds deleted files in a way that hides their size", name)
        for name in named[:2] + mapped:
            theatre.log.wait(r"^worker ended: deleted files \(option state\): killed", name)
        theatre.log.wait("^attack many_bytes_of_one_deleted_file: ok 1", named[2])
        assert not theatre.log.matching("^(killed|worker ended)", named[2])
        theatre.prober.check(fresh=True)
    finally:
        theatre.end()


CRASH = "import os\nprint('starting')\nos._exit(9)\n"


def test_a_crash_loop_does_not_spin(stage, identity):
    """43: restarts at once, then after delays that double, and no zombies."""
    begin = time.monotonic()
    theatre = Theatre(stage, identity, {"py1": ("crash", "restart-delay = 30s")}, scripts={"crash.py": CRASH}, ready=False)
    try:
        until(lambda: len(theatre.log.matching("^worker ended", "py1")) >= 6, "it is not started again")
        ends = theatre.log.matching("^worker ended", "py1")[:6]
        delays = [float(re.search(r"again(?: in ([\d.]+) s)?$", line.message)[1] or 0) for line in ends]
        assert time.monotonic() - begin > sum(delays[:5]) - 0.25, "it waits as long as it says, but for the rounding"
        assert delays[0] == 0
        for n, delay in enumerate(delays[1:]):
            least = 0.1 * 2 ** n
            assert least - 0.05 <= delay <= 1.25 * least + 0.05, delays  # rounded; up to a quarter is chance
        assert all(state(pid) != "Z" for pid in children(theatre.show.pid))
        theatre.prober.check(fresh=True)
    finally:
        theatre.end()
