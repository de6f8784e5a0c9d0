# SPDX-License-Identifier: BSD-2-Clause
"""docs/attacks.md corresponds to what the hostile scripts declare."""

import os

import pytest
import table
from theatre import HOSTILE

pytestmark = pytest.mark.rules


def test_the_page_is_up_to_date():
    assert table.page(table.attacks()) == table.PAGE.read_text(), "run python3 tests/escape/table.py --write"


def test_every_hostile_script_is_in_it():
    assert {name for name in os.listdir(HOSTILE) if name.startswith("attack_")} == {
        *(f"{name}.py" for name in table.MODULES), "attack_sweep.py"}
