"""Hostile clients of the control socket, 10,000 requests a second and more: a show's answers come as fast as before.

What asks so much is a program of its own (tests/control_flood.c), which counts what the kernel took of it; of
connections alone it counts attempts, since the broker takes no more than 500 a second. It sends every two
milliseconds, at nice 19, and waits in between: a client that burns a whole processor of two would show the kernel's
share of the machine, not the broker's. How the figures are compared is told in pressure.py.
"""

import contextlib
import os
import pwd
import subprocess
import time

import control
import pressure
import pytest
from harness import BUILT, dedent, root_only
from pressure import needs_real_speed

pytestmark = [pytest.mark.alone, needs_real_speed]

FLOOD = BUILT.parents[1] / "tests/control-flood"
RATE, LEAST, SECONDS = 15000, 10000, 1
OBSERVER, STRANGER = pwd.getpwnam("games").pw_uid, 23456
ECHO = "import midimonster\ndef f(value):\n\tmidimonster.output('out', value)\n"
CONFIG = """
    [control]
    observers = games
    [python py1]
    module = script
    [map]
    probe./in > py1.script.f
    py1.out > probe./out
    """


class House:
    """A show with a probe, and hostile clients of its control socket, which is open to everybody."""

    def __init__(self, play, stage, identity):
        self.identity, self.folder, self.probe = identity, stage.folder(identity), pressure.Probe()
        self.show = play(config=dedent(CONFIG) + self.probe.section, scripts={"script.py": ECHO},
                         env={"RUNTIME_DIRECTORY": str(self.folder)}, bound=[self.probe.to], launcher=pressure.AS_A_SERVICE)
        self.flood = stage.path / "control-flood"
        if not self.flood.exists():
            self.flood.write_bytes(FLOOD.read_bytes())
            self.flood.chmod(0o755)

    @contextlib.contextmanager
    def flooded(self, kind, uid, connections=12):
        """Beside what is in here, and at least as long."""
        switch = [] if uid == os.getuid() else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        command = [*switch, "nice", "-n", "19", self.flood, self.folder / "control", kind, RATE, SECONDS, connections]
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True, start_new_session=True) as client:
            time.sleep(0.1)
            yield
            sent = int(client.communicate(timeout=30)[0])
        assert sent >= LEAST * SECONDS, f"only {sent} requests of the kind {kind} in {SECONDS} s"

    def holds(self, kind, uid, **how):
        before = control.status(self.show, folder=self.folder)["py1"]
        pressure.holds(self.probe, lambda: self.flooded(kind, uid, **how), f"{kind} of uid {uid}")
        after = control.status(self.show, folder=self.folder)["py1"]  # also says that the socket still serves
        assert (after["pid"], after["restarts"]) == (before["pid"], before["restarts"])


@pytest.fixture
def house(play, stage, identity):
    return House(play, stage, identity)


@pytest.mark.parametrize("kind", ["status", "usage", "unread", "watch", "malformed", "huge", "open", "half"])
def test_an_administrator_asks_too_much(house, kind):
    house.holds(kind, house.identity.uid)


@root_only
@pytest.mark.parametrize("kind", ["status", "unread", "watch", "open"])
def test_an_observer_asks_too_much(house, kind):
    house.holds(kind, OBSERVER)


@root_only
@pytest.mark.parametrize("kind", ["open", "half"])
def test_somebody_without_a_role_knocks_all_the_time(house, kind):
    house.holds(kind, STRANGER)
    assert house.show.log.matching(f"the last one of uid {STRANGER}: it has no role", level="warning")
