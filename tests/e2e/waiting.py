# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for what a test expects, as long as that takes on a machine that others use too."""

import os
import time

# Seconds until something that should happen counts as missing; success never waits for it.
PATIENCE = float(os.environ.get("FIRECURTAIN_PATIENCE", 40))


def until(condition, complaint, timeout=PATIENCE, pause=0.01):
    """Waits for something that nothing announces."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(complaint() if callable(complaint) else complaint)
        time.sleep(pause)


def is_hung_up(sock):
    """Tells whether the other side closes a connection within the socket's time-out; reads what it still sends."""
    try:
        while sock.recv(1 << 20):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def one_in_time(measure, least, most, tries=20):
    """What a busy machine may delay now and then: measure(n), for n from 1, is in time at least once in so many tries."""
    seen = []
    for n in range(1, tries + 1):
        seen.append(measure(n))
        if least <= seen[-1] < most:
            return
    raise AssertionError(f"never from {least} to {most}: {seen}")
