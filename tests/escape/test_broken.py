# SPDX-License-Identifier: BSD-2-Clause
"""Each layer matters: with a worker or broker in which one does nothing (tests/broken), some test fails."""

import os
import re
import subprocess
import sys

import pytest
from harness import IS_ASAN, REPLACED, TOP
from waiting import PATIENCE

CONFINEMENT = "e2e/test_confinement.py"

CLOSED = "sandbox could not be set up"  # other layers need it: without it nothing starts

# What is broken: (file, test, what its failure says)
NOTICED = {
    "worker-without-net-namespace": (CONFINEMENT, "test_a_worker_shares_no_namespace", "AssertionError: net"),
    "worker-without-pid-namespace": (CONFINEMENT, "test_a_worker_shares_no_namespace", "AssertionError: pid"),
    "worker-without-ipc-namespace": (CONFINEMENT, "test_a_worker_shares_no_namespace", "AssertionError: ipc"),
    "worker-without-uts-namespace": (CONFINEMENT, "test_a_worker_shares_no_namespace", CLOSED),
    "worker-without-cgroup-namespace": (CONFINEMENT, "test_a_worker_shares_no_namespace", "AssertionError: cgroup"),
    "worker-without-identity": (CONFINEMENT, "test_a_worker_is_one_user_in_a_process_group_of_its_own", CLOSED),
    "worker-without-limits": (CONFINEMENT, "test_limits", "AssertionError"),
    "worker-without-root": (CONFINEMENT, "test_the_script_directory_is_readable", CLOSED),
    "worker-without-capabilities": (CONFINEMENT, "test_every_thread_of_a_worker", "AssertionError"),
    "worker-without-landlock": (CONFINEMENT, "test_without_user_namespaces", "passwd succeeded"),
    "worker-without-seccomp_load": (CONFINEMENT, "test_attempts_to_get_out", "succeeded"),
    "desk-without-zmtp_check": ("e2e/test_control.py", "test_oversized_frames", "AssertionError"),
    "desk-without-confine_desk": ("e2e/test_desk.py", "test_every_thread_of_the_desk", "AssertionError"),
    "desk-without-confine_desk_limits": ("e2e/test_desk.py", "test_every_thread_of_the_desk", "ValueError|AssertionError"),
    "desk-without-confine_desk_filter": ("e2e/test_desk.py", "test_every_thread_of_the_desk", "AssertionError"),
    "driver-without-confine_driver": ("e2e/test_drivers.py", "test_a_driver_is_confined", "AssertionError"),
    "driver-without-confine_driver_limits": ("e2e/test_drivers.py", "test_a_driver_is_confined", "ValueError|AssertionError"),
    "driver-without-confine_driver_filter": ("e2e/test_drivers.py", "test_a_driver_is_confined", "AssertionError"),
    "hostile-without-confine_driver_landlock": ("e2e/test_drivers.py", "test_a_driver_reaches_its_host and fallback", "AssertionError.*'a file': 'opened'"),
    "hostile-without-confine_driver_root": ("e2e/test_drivers.py", "test_a_driver_reaches_its_host and apart", "AssertionError.*'its root': 'seen'|'seen' == 'ENOENT'"),
    "broker-without-progress_copy_outputs":
        ("escape/test_links.py", "test_only_this_worker_ends and progress_that_wraps", "AssertionError"),
    "broker-without-order_legal": ("escape/test_links.py", "test_only_this_worker_ends and stopped_unasked", "AssertionError"),
    "broker-without-policy_judge": ("escape/test_network.py", "test_with_some_permissions", "AssertionError"),
    "broker-without-confine_broker": ("e2e/test_broker_confined.py", "test_every_thread_of_the_broker", "assert"),
    "broker-without-confine_gate": ("e2e/test_gates.py", "test_a_gate_is_confined", "assert"),
    "broker-without-folder_limit_new": ("escape/test_resources.py", "test_the_private_folder_is_bounded", "no line .*has more than"),
}


@pytest.mark.skipif(bool(REPLACED), reason="this is the inner run")
@pytest.mark.parametrize("broken", NOTICED)
def test_it_is_noticed(broken):
    if IS_ASAN and broken in ("worker-without-limits", "broker-without-folder_limit_new"):
        pytest.skip("the inner test measures memory, which a sanitizer needs itself")
    file, name, told = NOTICED[broken]
    part = broken.split("-")[0]
    done = subprocess.run(
        [sys.executable, "-s", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--rootdir", TOP / "tests",
         TOP / "tests" / file, "-k", f"{name} and user"],
        env={**os.environ, "FIRECURTAIN_REPLACE": f"{part}=tests/{broken}", "FIRECURTAIN_PATIENCE": str(max(6, PATIENCE / 10))}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", timeout=160 + PATIENCE)
    # a broker that does not survive its worker is noticed before the test itself begins
    assert done.returncode == 1 and re.search(r"\b\d (failed|errors?)\b", done.stdout), done.stdout
    assert re.search(told, done.stdout), done.stdout
