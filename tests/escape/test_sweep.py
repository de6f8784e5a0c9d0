# SPDX-License-Identifier: BSD-2-Clause
"""Makes every system call in a thread of a worker and compares the results with the table of worker/sandbox/syscalls.c."""

import errno
import os
import subprocess

import pytest
from attacklib import numbers
from harness import IS_ASAN, USER_ID, Identity
from theatre import HAS_I386, HOSTILE, PLAIN_PYTHON, ROOT
from waiting import until

import attack_sweep
import syscalls

NUMBERS = numbers()
COMPARE = {
    "ANY": lambda arguments, _: True,
    "EQ": lambda arguments, row: arguments[row.argument] == row.value,
    "NE": lambda arguments, row: arguments[row.argument] != row.value,
    "GT": lambda arguments, row: arguments[row.argument] > row.value,
    "MASKED": lambda arguments, row: arguments[row.argument] & row.mask == row.value,
    "OPTION": lambda arguments, row: (arguments[1], arguments[2]) == (row.mask, row.value),
}
ITSELF = 0x6F776E70  # in place of the worker's pid, which is 1
RULES = {}
for _row in syscalls.read_table():
    RULES.setdefault(_row.name, []).append(_row._replace(value=1) if _row.value == ITSELF else _row)


def rule_for(number, arguments):
    name = {found: name for name, found in NUMBERS.items()}.get(number)
    arguments = [argument & (1 << 64) - 1 for argument in arguments]
    for row in RULES.get(name, []):
        if COMPARE[row.compare](arguments, row):
            return row.action, row.error
    return "NONE", errno.ENOSYS


def as_said(action, error, got, fallback=False):
    """Tells whether an outcome is one that the row of the table allows."""
    if fallback and action in ("FILES",):
        return got == errno.EPERM
    if action in ("ALLOW", "TELL", "ANSWER", "HOST", "FILES"):
        return got != errno.ENOSYS
    return got == (errno.EPERM if action == "REPORT" else error)


def test_the_table_was_read():
    assert len({row.name for rows in RULES.values() for row in rows if row.action in ("ALLOW", "FILES")}) <= 55 + IS_ASAN
    assert rule_for(NUMBERS["ptrace"], [0] * 6) == ("REPORT", 0)
    assert rule_for(NUMBERS["clone3"], [0] * 6) == ("QUIET", errno.ENOSYS)
    assert rule_for(NUMBERS["kill"], [1] * 6)[0] == "ALLOW" and rule_for(NUMBERS["kill"], [2] * 6)[0] == "REPORT"
    assert rule_for(NUMBERS["memfd_create"], [0] * 6)[0] == "NONE"


@pytest.fixture(scope="module")
def theatre(open_theatre):
    killing = {f"k{n}": ("attack_sweep", "") for n in range(len(attack_sweep.KILLING))}
    return open_theatre({"py1": ("attack_sweep", ""), **killing})


def parse(lines):
    found = {}
    for line in lines:
        for part in line.removeprefix("sweep: ").split():
            key, result = part.split("=")
            found[key] = result if result == "blocked" else int(result)
    return found


def test_every_call_is_what_the_table_says(theatre, identity):
    theatre.show.set("/py1", 0.1)
    theatre.log.wait("^sweep done", "py1", timeout=60)
    found = parse(theatre.log.messages("py1", "^sweep: "))
    assert len(found) >= attack_sweep.LAST - 5 + 200
    given = {key: arguments for key, _, arguments in inside_cases()}
    assert set(found) == set(given)
    wrong, reported = {}, 0
    names = {number: name for name, number in NUMBERS.items()}
    for key, got in found.items():
        number = int(key.split(":")[0])
        action, error = rule_for(number, given[key])
        reported += action == "REPORT"
        if not as_said(action, error, got, identity.fallback):
            wrong[key] = (names.get(number), action, errno.errorcode.get(error), got)
    assert not wrong

    # EPERM may also be the kernel's, for lack of privileges: the broker has counted those that it refused
    def counted():
        lines = theatre.log.matching("^refused: ", "py1")
        more = theatre.log.messages("py1", r"^\d+ more refused system calls")
        return len(lines) + sum(int(line.split()[0]) for line in more)
    assert counted() >= 20

    def again():
        theatre.show.set("/py1", 0.2)  # a later refusal says how many were left out
        theatre.log.changed.acquire()
        theatre.log.changed.wait(0.2)
        theatre.log.changed.release()
        return counted() >= reported
    until(again, lambda: f"{counted()} of {reported} refused calls were reported")
    theatre.prober.check(fresh=True)


def inside_cases():
    """Returns the cases inside a worker."""
    before, attack_sweep.INSIDE = attack_sweep.INSIDE, True
    try:
        return list(attack_sweep.cases(attack_sweep.SKIPPED))
    finally:
        attack_sweep.INSIDE = before


def test_other_instruction_sets_end_the_worker_by_each_number(theatre):
    killing = [(n, *each) for n, each in enumerate(attack_sweep.KILLING) if HAS_I386 or each[0] != "i386"]
    for n, _, _ in killing:
        theatre.show.set(f"/k{n}", (500 + n) / 1000)
    for n, kind, number in killing:
        theatre.log.wait(f"^calls {kind} {number:#x}$", f"k{n}")
        if kind == "x86_64":
            theatre.log.wait("^worker ended: killed by SIGILL|^errno (1|6|38)$", f"k{n}")
            continue
        theatre.log.wait("^worker ended: killed by SIGSYS", f"k{n}")
        assert not theatre.log.matching("^survived", f"k{n}")
    theatre.prober.check(fresh=True)


def test_outside_the_sweep_reaches_them(stage):
    """The control: an unconfined process of an ordinary user gets answers of the kernel instead of the filter."""
    folder = stage.folder(Identity(os.getuid()))
    for name in ("attacklib.py", "attack_sweep.py"):
        (folder / name).write_text((HOSTILE / name).read_text())
    stays = ("rt_sigreturn exit exit_group fork vfork clone clone3 pause rt_sigsuspend kill tkill tgkill vhangup reboot sync "
             "setsid munmap brk set_tid_address alarm").split()
    unfiltered = map(str, attack_sweep.UNFILTERED)
    switch = ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups"] if ROOT else []
    done = subprocess.run([*switch, "timeout", "-s", "KILL", "60", PLAIN_PYTHON, str(folder / "attack_sweep.py"),
                           *unfiltered, *(str(NUMBERS[name]) for name in stays)],
                          cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=70, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert "sweep done" in done.stdout, done.stdout
    found = parse(line for line in done.stdout.splitlines() if line.startswith("sweep: "))
    reached = [key for key, got in found.items() if not as_said(*rule_for(int(key), (-1, 0, 0, 0, 0, 0)), got)]
    assert len(reached) > 100, "the comparison tells a filter from none"


@pytest.mark.skipif(IS_ASAN, reason="the sanitizer has a row of its own")
def test_the_page_shows_this_table():
    assert syscalls.PAGE.read_text() == syscalls.page(syscalls.read_table()), "run tests/escape/syscalls.py --write"
