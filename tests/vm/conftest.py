# SPDX-License-Identifier: BSD-2-Clause
"""These tests install packages, start services and set the clock, so they only run in the virtual machine: ./dev vm."""

import os

if not os.environ.get("FIRECURTAIN_IN_VM"):
    collect_ignore_glob = ["test_*.py"]
