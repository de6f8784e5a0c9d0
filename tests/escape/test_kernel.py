# SPDX-License-Identifier: BSD-2-Clause
"""Rows 1 to 16 of the threat list: the kernel's interfaces, from inside a worker and, as a control, from outside."""

import re

import pytest
from attack_kernel import CLONE_NEW
from attacklib import ATTACKS
from theatre import check_controls, params
from waiting import until

import attack_filter  # noqa: F401 (its attacks are in the list)

MODULES = {"py1": "attack_kernel", "py2": "attack_filter"}
BY_INSTANCE = {name: [entry for entry in ATTACKS if entry.function.__module__ == module] for name, module in MODULES.items()}


@pytest.fixture(scope="module")
def theatre(open_theatre):
    return open_theatre({name: (module, "") for name, module in MODULES.items()})


@pytest.mark.parametrize("entry", params(BY_INSTANCE["py1"] + BY_INSTANCE["py2"]))
def test_refused(theatre, entry):
    name = next(name for name, attacks in BY_INSTANCE.items() if entry in attacks)
    outcome = theatre.attack(entry, BY_INSTANCE[name], name)
    assert re.fullmatch(entry.expected(theatre.fallback), outcome), outcome
    theatre.prober.check()


@pytest.mark.parametrize("name", MODULES)
def test_outside_each_of_them_succeeds(tmp_path, name):
    assert not check_controls(MODULES[name], BY_INSTANCE[name], tmp_path)


def test_a_refused_attack_is_reported_with_instance_call_and_arguments(theatre):
    """(The log is limited to a few such lines a second.)"""
    attacks = BY_INSTANCE["py1"]
    by_name = {entry.name: entry for entry in attacks}
    position = theatre.log.position
    for name, line in (("unshare_user", rf"unshare\({CLONE_NEW['user']:#x}"), ("mount_tmpfs", r"mount\(0x")):
        def is_reported(name=name, line=line):
            theatre.attack(by_name[name], attacks)
            return theatre.log.matching(f"refused: {line}", "py1", "warning", after=position)
        until(is_reported, line)
