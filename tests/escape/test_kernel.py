"""Rows 1 to 16 of the threat list: the kernel's interfaces, from inside a worker and, as a control, from outside."""

import re

import pytest
from attack_kernel import CLONE_NEW
from attacklib import ATTACKS
from harness import until
from theatre import check_controls, params

KERNEL = [entry for entry in ATTACKS if entry.function.__module__ == "attack_kernel"]


@pytest.fixture(scope="module")
def theatre(open_theatre):
    return open_theatre({"py1": ("attack_kernel", "")})


@pytest.mark.parametrize("entry", params(KERNEL))
def test_refused(theatre, entry):
    outcome = theatre.attack(entry, KERNEL)
    assert re.fullmatch(entry.inside, outcome), outcome
    theatre.prober.check()


def test_outside_each_of_them_succeeds(tmp_path):
    refused = check_controls("attack_kernel", KERNEL, tmp_path)
    assert not refused


def test_a_refused_attack_is_reported_with_instance_call_and_arguments(theatre):
    """(The log is limited to a few such lines a second.)"""
    by_name = {entry.name: entry for entry in KERNEL}
    position = theatre.log.position
    for name, line in (("unshare_user", rf"unshare\({CLONE_NEW['user']:#x}"), ("mount_tmpfs", r"mount\(0x")):
        def is_reported():
            theatre.attack(by_name[name], KERNEL)
            return theatre.log.matching(f"refused: {line}", "py1", "warning", after=position)
        until(is_reported, line)
