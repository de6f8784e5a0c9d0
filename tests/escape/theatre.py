# SPDX-License-Identifier: BSD-2-Clause
"""The house of an escape test: a real show with hostile instances and a well-behaved one that is asked all the time."""

import faulthandler
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from control import run
from harness import Show
from processes import private_folder
from waiting import PATIENCE, until

HERE = Path(__file__).resolve().parent
HOSTILE = HERE / "hostile"
sys.path.insert(0, str(HOSTILE))
ROOT = os.getuid() == 0
# Seconds: the longest delay of an answer on a busy machine; a stalled broker takes longer.
STALL = float(os.environ.get("FIRECURTAIN_STALL", 3))
PLAIN_PYTHON = "/usr/bin/python3"

CONFIG = """\
[osc wire]
bind = 127.0.0.1 @IN@
dest = 127.0.0.1 @OUT@
[osc probe]
bind = 127.0.0.1 @IN2@
dest = 127.0.0.1 @OUT2@
[backend python]
restart-delay = 200ms
[python good]
module = good
{instances}
[map]
probe./ask > good.good.answer
good.told > probe./told
{maps}
"""
GOOD = "import midimonster\ndef answer(value):\n\tmidimonster.output('told', value)\n"


class Prober:
    """Asks the well-behaved instance without a pause. Every question is answered, once, in time."""

    def __init__(self, show):
        self.show = show
        self.wire = show.wire2
        self.asked, self.lost, self.longest = 0, 0, 0.0
        self.times = []
        self.broker, self.good = show.pid, show.worker("good")
        self.quit = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.quit.wait(0.02):
            self.asked += 1
            value = self.asked % 1000 / 1000
            begin = time.monotonic()
            self.wire.set("/ask", value)
            try:
                while abs(self.wire.value("/told", timeout=15) - value) > 1e-6:
                    pass
            except (AssertionError, OSError):
                self.lost += 1
            self.times.append(time.monotonic() - begin)
            self.longest = max(self.longest, self.times[-1])

    def check(self, fresh=False):
        """Asserts that so far only the offender is affected. The end of the show checks it again, with new answers."""
        seen = self.asked
        if fresh:
            until(lambda: self.asked > seen + 2, "the well-behaved instance does not answer")
        show = self.show
        assert show.process.poll() is None and show.pid == self.broker, f"the broker ended:\n{show.log}"
        assert self.lost == 0, f"{self.lost} of {self.asked} answers are missing:\n{show.log}"
        assert self.longest < STALL, f"an answer took {self.longest:.2f} s"
        assert show.worker("good") == self.good and not show.log.matching("^worker ended", "good"), show.log

    def end(self):
        self.quit.set()
        self.thread.join(20)


class Theatre:
    """A show with hostile instances: {name: (script file without .py, options)}."""

    def __init__(self, stage, identity, hostile, *, maps=(), scripts=(), ready=True, **how):
        instances, routes = "", list(maps)
        files = {"good.py": GOOD, "attacklib.py": (HOSTILE / "attacklib.py").read_text(), **dict(scripts)}
        for name, (script, options) in hostile.items():
            instances += f"[python {name}]\nmodule = {script}\n{options}\n"
            routes += [f"wire./{name} > {name}.{script}.go"] if ready else []
            if script + ".py" not in files:
                files[script + ".py"] = (HOSTILE / f"{script}.py").read_text()
        self.fallback = identity.fallback
        self.show = Show(stage, identity, CONFIG.format(instances=instances, maps="\n".join(routes)), files, **how)
        self.prober = None
        try:
            self.show.ready(["good", *hostile] if ready else ["good"])
        except BaseException:
            self.show.kill()
            raise
        self.prober = Prober(self.show)
        self.log = self.show.log

    def attack(self, entry, attacks, instance="py1", timeout=30):
        """Runs one attack. Returns its outcome, or how it ended the worker. Then the instance runs again."""
        position = self.log.position
        self.show.set(f"/{instance}", attacks.index(entry) / 1000)
        said = rf"^(… repeated .*: )?attack {entry.name}: "  # the log counts a line that comes again and again
        line = self.log.wait(f"{said}|^worker ended", instance, after=position, timeout=timeout).message
        if line.endswith("and starts it"):
            self.clean_up(instance)
        if line.startswith("worker ended"):
            self.log.wait(r"^running \(pid", instance, after=position)
        return re.sub(said, "", line)

    def clean_up(self, instance):
        """What an administrator does about a private folder that is far too large, and too deep for Python's functions."""
        subprocess.run(["find", private_folder(self.show, instance), "-depth", "-mindepth", "1", "-delete"], check=True)
        run(self.show, "start", instance, check=0)

    def end(self):
        if not self.show.over:
            try:
                if self.prober:
                    self.prober.check(fresh=True)
                    self.prober.end()
                self.show.stop()
            finally:
                if self.prober:
                    self.prober.end()
                if not self.show.over:
                    self.show.kill()


def control(script, names, folder, *, arguments=(), isolated=True):
    """Runs the same attacks outside: {name: outcome}. Mount namespaces of the test contain what they mount."""
    files = {path.name: path.read_text() for path in HOSTILE.glob("attack*.py")}
    for name, text in files.items():
        (folder / name).write_text(text)
    launcher = ["unshare", *([] if ROOT else ["--map-root-user"]), "--mount", "--ipc", "--uts"] if isolated else []
    seconds = 60 + PATIENCE
    done = subprocess.run([*launcher, "timeout", str(seconds), PLAIN_PYTHON, f"{script}.py", *names, *arguments], cwd=folder,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=seconds + 30)
    found = dict(re.findall(r"^attack (\w+): (.*)$", done.stdout, re.M))
    assert set(names) <= set(found), done.stdout
    return found


def has_i386():
    """Whether this kernel makes system calls of 32-bit programs (int 0x80) at all: some are started with ia32_emulation=0."""
    sys.path.insert(0, str(Path(__file__).parent / "hostile"))
    from attacklib import machine_code
    pid = os.fork()
    if pid == 0:
        faulthandler.disable()  # the end that is expected is not worth a page of output
        os._exit(0 if machine_code(b"\xb8\x14\0\0\0\xcd\x80\xc3")() > 0 else 1)  # getpid()
    return os.waitpid(pid, 0)[1] == 0


HAS_I386 = has_i386()
NO_I386 = "this kernel makes no 32-bit system calls (ia32_emulation): int 0x80 kills every process"


def needs_i386(entry):
    return entry.name.startswith("i386_")


def check_controls(script, attacks, folder):
    """Asserts that every attack, or the one that it names as its control, succeeds outside."""
    by_name = {entry.name: entry for entry in attacks}
    wanted = {entry.name if entry.control is True else entry.control for entry in attacks if entry.control}
    wanted = [name for name in wanted if ROOT or not by_name[name].needs_root]
    wanted = [name for name in wanted if HAS_I386 or not needs_i386(by_name[name])]
    found = control(script, sorted(wanted), folder)
    return {name: found[name] for name in wanted if not re.match(by_name[name].outside, found[name])}


def params(attacks):
    marks = {True: pytest.mark.skipif(not HAS_I386, reason=NO_I386), False: ()}
    return [pytest.param(entry, id=f"{entry.row:02}-{entry.name}", marks=marks[needs_i386(entry)]) for entry in attacks]


def memory(pid):
    """Returns the resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
