# SPDX-License-Identifier: BSD-2-Clause
"""The booted system as the tests use it: commands, the service and its journal, OSC by liblo's tools."""

import contextlib
import json
import re
import subprocess
import time
from pathlib import Path

PATIENCE = 120  # seconds; the machine may be emulated on a busy host
SERVICE = "firecurtain.service"
ETC = Path("/etc/firecurtain")
DROP_IN = Path("/etc/systemd/system/firecurtain.service.d")
PACKAGES = Path("/payload/packages")


def run(*command, check=True, **how):
    done = subprocess.run(list(map(str, command)), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          timeout=10 * PATIENCE, **how)
    assert not check or done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{journal()[-3000:]}"
    return done


def until(done, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not (found := done()):
        assert time.monotonic() < deadline, what() if callable(what) else f"{what}\n{journal()[-3000:]}"
        time.sleep(0.1)
    return found


def journal(since=None):
    """What the service has logged, after a place that `mark()` returned."""
    command = ["journalctl", "-u", SERVICE, "-o", "cat", "--no-pager", *([f"--after-cursor={since}"] if since else [])]
    return subprocess.run(command, text=True, stdout=subprocess.PIPE).stdout


def mark():
    listed = run("journalctl", "-n", "1", "-o", "json", "--no-pager").stdout
    return json.loads(listed.splitlines()[-1])["__CURSOR"]


def logged(pattern, since=None):
    return until(lambda: re.search(pattern, journal(since)), f"nothing like {pattern} in the journal")


def show(name):
    """A property of the service."""
    return run("systemctl", "show", "-P", name, SERVICE).stdout.strip()


def pid():
    return int(show("MainPID"))


def is_active():
    return show("ActiveState") == "active"


def configure(text, **scripts):
    """Writes the show of the service, with its scripts."""
    (ETC / "show.cfg").write_text(text)
    for name, script in scripts.items():
        (ETC / f"{name}.py").write_text(script)


@contextlib.contextmanager
def dropped_in(*lines):
    """Adds lines to the unit for a while."""
    DROP_IN.mkdir(exist_ok=True)
    (DROP_IN / "test.conf").write_text("\n".join(["[Service]", *lines]) + "\n")
    run("systemctl", "daemon-reload")
    try:
        yield
    finally:
        (DROP_IN / "test.conf").unlink()
        DROP_IN.rmdir()
        run("systemctl", "daemon-reload")


class Osc:
    """oscsend moves a fader, oscdump is the lights."""

    def __enter__(self):
        self.dump = subprocess.Popen(["oscdump", "-L", "9000"], text=True, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        self.dump.kill()
        self.dump.wait()
        self.dump.stdout.close()

    def answers(self, value, expected, path="/fader1", answer="/light1"):
        """Sends until the answer comes: what is sent before the socket is open is lost."""
        import select
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            run("oscsend", "localhost", "8000", path, "f", value)
            while select.select([self.dump.stdout], [], [], 1)[0]:
                line = self.dump.stdout.readline()
                if re.search(rf" {answer} f {expected:.6f}", line):
                    return
            value += 1e-9
        raise AssertionError(f"no answer {expected} on {answer}:\n{journal()[-3000:]}")


def keeper():
    """The pid of the broker's keeper."""
    children = Path(f"/proc/{pid()}/task/{pid()}/children").read_text().split()
    return next(int(child) for child in children if Path(f"/proc/{child}/comm").read_text().strip() == "fc-keeper")


def package():
    return next(PACKAGES.glob("firecurtain_*.deb"))
