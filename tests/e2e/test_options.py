# SPDX-License-Identifier: BSD-2-Clause
"""Options of a Python instance that allow or limit something: read, env, memory, threads, files, state, log-rate."""

import shutil
import time
from pathlib import Path

import pytest

from harness import IS_ASAN


def show_with(play, script, *options, files=None):
    lines = ["[osc wire]", "bind = 127.0.0.1 @IN@", "dest = 127.0.0.1 @OUT@", "[python py1]", "module = script", *options, "[map]",
             "wire./go > py1.script.go", "py1.out > wire./out"]
    return play(config="\n".join(lines) + "\n", scripts={"script.py": script, **(files or {})})


def test_env_is_all_that_the_environment_has(play):
    show = show_with(play, "import os\nprint('environment', dict(os.environ))\ndef go(value): pass\n", "env = COLOUR=deep red",
                     "env = EMPTY=")
    assert show.printed("^environment") == "environment {'COLOUR': 'deep red', 'EMPTY': ''}"


@pytest.mark.one_setting  # what is read once, by the C library or Python, before there is a script
@pytest.mark.parametrize("env, expression, expected", [
    ("TZ=Europe/Berlin", "time.localtime(0).tm_hour, time.tzname", "1 ('CET', 'CEST')"),
    ("TZ=:America/New_York", "datetime.datetime.fromtimestamp(0).hour", "19"),
    ("TZ=XYZ-3", "time.strftime('%H %Z', time.localtime(0))", "03 XYZ"),
    ("LANG=C.UTF-8", "locale.setlocale(locale.LC_CTYPE)", "C.UTF-8"),
    ("LC_ALL=C.UTF-8", "locale.setlocale(locale.LC_ALL, '').split(';')[0]", "C.UTF-8"),
    ("PYTHONPATH=/usr/share:/usr/lib", "sys.path[1:3]", "['/usr/share', '/usr/lib']"),
    ("PYTHONWARNINGS=error::UserWarning", "[f[0] for f in warnings.filters if f[2] is UserWarning]", "['error']"),
    ("PYTHONTRACEMALLOC=3", "tracemalloc.get_traceback_limit() * tracemalloc.is_tracing()", "3"),
    ("PYTHONUNBUFFERED=1", "sys.stdout.write_through", "True"),
    ("PYTHONINTMAXSTRDIGITS=700", "sys.get_int_max_str_digits()", "700"),
])
def test_a_variable_that_is_read_once_takes_effect(play, env, expression, expected):
    show = show_with(play, f"import datetime, locale, sys, time, tracemalloc, warnings\nprint('result', {expression})\n"
                           "def go(value): pass\n", f"env = {env}")
    assert show.printed("^result") == f"result {expected}"


@pytest.mark.one_setting
@pytest.mark.parametrize("env, told", [
    ("TZ=Europe/Berln", "TZ=Europe/Berln: there is no such time zone; local time is UTC"),
    ("LANG=tlh_QO.UTF-8", r"no such locale \(tlh_QO.UTF-8\)"),
    ("PYTHONTRACEMALLOC=some", "PYTHONTRACEMALLOC=some: invalid literal"),
])
def test_a_value_that_cannot_take_effect_is_mentioned(play, env, told):
    show = show_with(play, "def go(value): pass\n", f"env = {env}")
    show.log.wait(f"^env .*{told}", "py1", "warning")


def test_read_shows_a_folder_and_nothing_beside_it(play, stage, identity):
    place = stage.folder(identity)
    shown, hidden = place / "shown" / "site-packages", place / "hidden"
    for folder in (shown, hidden):
        folder.mkdir(parents=True)
        (folder / "extra_module.py").write_text("WHERE = __file__\n")
    script = f"""
import os
import extra_module
print("found", extra_module.WHERE)
try:
    open({str(shown)!r} + "/extra_module.py", "a")
except OSError as error:
    print("writing", error.errno)
print("beside", os.path.exists({str(hidden)!r}))
def go(value): pass
"""
    show = show_with(play, script, f"read = {shown}")
    assert show.printed("^found") == f"found {shown}/extra_module.py"
    assert show.printed("^writing") in ("writing 30", "writing 13")
    assert show.printed("^beside") == "beside False"


@pytest.mark.parametrize("option, script, failure", [
    pytest.param("memory = 128M", "bytearray(256 << 20)", "MemoryError",
                 marks=pytest.mark.skipif(IS_ASAN, reason="a sanitizer's shadow memory counts as data")),
    ("files = 20", "[open('/dev/null') for _ in range(100)]", "Too many open files"),
    ("state = 1M", "open('big', 'wb').write(bytes(2 << 20))", "File too large"),
])
def test_a_limit_is_met_by_the_script_and_it_goes_on(play, option, script, failure):
    show = show_with(play, f"import midimonster\ndef go(value):\n    try:\n        {script}\n    finally:\n"
                           "        midimonster.output('out', value)\n", option)
    pid = show.worker("py1")
    show.set("/go", 0.5)
    show.expect("/out", 0.5)
    show.log.wait(failure, "py1", "error")
    assert show.worker("py1") == pid


@pytest.mark.parametrize("where", ["as Debian installs it", "shown by read"])
def test_numpy_works(play, stage, identity, where):
    """A package of machine code, whose libraries are symbolic links made by the machine's administrator."""
    options = ""
    if where == "shown by read":
        folder = stage.folder(identity) / "venv/site-packages"
        shutil.copytree("/usr/lib/python3/dist-packages/numpy", folder / "numpy", ignore=shutil.ignore_patterns("tests"))
        options = f"read = {folder}"
    show = play("""
        import threading
        import numpy
        def solve():
            matrix = numpy.random.default_rng(1).random((100, 100))
            print("solved", bool(numpy.allclose(matrix @ numpy.linalg.inv(matrix), numpy.eye(100))))
        threading.Thread(target=solve).start()
        print("from", numpy.__file__)
    """, [], options=options)
    assert show.printed("^solved") == "solved True"
    assert ("venv" in show.printed("^from")) == bool(options)



def test_threads_have_a_limit(play):
    show = show_with(play, """
import threading, time
def go(value):
    count = 0
    try:
        while True:
            threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
            count += 1
    except RuntimeError:
        print("threads", count)
""", "threads = 5")
    show.set("/go", 0.5)
    assert show.printed("^threads") == "threads 5"


@pytest.mark.skipif(any("cpu" in path.read_text().split() for path in Path("/sys/fs/cgroup").glob("**/cgroup.controllers")),
                    reason="the kernel can keep this limit here: test_cgroups.py has the case in which it may not")
def test_a_processor_limit_that_nobody_can_keep_is_not_ignored(play):
    show = play(config="[python py1]\nmodule = script\ncpu = 50%\n[python py2]\nmodule = script\n",
                scripts={"script.py": ""}, ready=("py2",))
    show.log.wait("cpu = 50% needs a delegated cgroup with the controller cpu: .*systemd-run --user --scope -p Delegate=yes",
                  "py1", "error")
    show.log.wait("cannot start", "py1", "error")
    assert not show.log.matching("^running", "py1")


def test_too_many_files_in_the_private_folder_end_the_instance(play):
    show = show_with(play, """
import os
print("left", len(os.listdir(".")))
for name in os.listdir("."):
    os.unlink(name)
def go(value):
    for number in range(1000):
        open("f%d" % number, "w").close()
    import time
    time.sleep(30)
""", "state-files = 100")
    position = show.log.position
    show.set("/go", 0.5)
    show.log.wait("private folder .* has more than", "py1", "error", after=position)
    show.wait_restart(after=position)
    assert show.printed("^left") == "left 0"
    show.log.wait(r"^left [1-9]\d\d", "py1")  # and may remove them when the option is back


@pytest.mark.one_setting
def test_log_rate(play):
    show = show_with(play, "def go(value):\n    for line in range(500):\n        print('line', line)\n", "log-rate = 5")
    show.set("/go", 0.5)
    show.log.wait(r"lines were left out here \(more than 5 a second\)", "py1", "warning")
    assert len(show.log.matching("^line ", "py1")) <= 60


CAUSES = """
import socket
import midimonster
left = []
def ready(sock):
    pass
def closed():
    for _ in range(20):
        a, b = socket.socketpair()
        midimonster.manage(ready, a)
        b.close()
        left.append(a)
    del left[:-60]
def gone():
    for _ in range(20):
        a, b = socket.socketpair()
        midimonster.manage(ready, a)
        a.close()
        b.close()
def refused():
    for _ in range(20):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.connect(("127.0.0.1", 9))
            except OSError:
                pass
def go(value):
    midimonster.interval({0.25: closed, 0.5: gone, 0.75: refused}[value], 10)
"""


@pytest.mark.one_setting
@pytest.mark.parametrize("cause, line", [(0.25, "a managed socket was closed"), (0.5, "closed but not unregistered"), (0.75, "refused|connect")])
def test_lines_of_the_broker_and_the_gate_count_too(play, cause, line):
    """Regression: 60 sockets closed in each 20 ms were 3,100 lines a second."""
    show = show_with(play, CAUSES, "log-rate = 5")
    show.set("/go", cause)
    show.log.wait(line, "py1")
    show.log.wait(r"lines were left out here \(more than 5 a second\)|^… repeated \d+ times: ", "py1", "warning")
    time.sleep(1)  # until the allowance at the start is used up
    begun, n = time.monotonic(), len(show.log.matching("", "py1"))
    time.sleep(2)
    more = len(show.log.matching("", "py1")) - n
    seconds = time.monotonic() - begun
    assert more <= 3 * (5 * seconds + 1), f"each line may come with one on those left out and one on refused calls:\n{show.log}"


@pytest.mark.one_setting
@pytest.mark.parametrize("option, complaint", [
    ("memory = 1M", "not a size from 64M"), ("memory = lots", "not a size from 64M"), ("read = /", "cannot be shown"),
    ("read = /a/../b", "cannot be shown"), ("env = NOVALUE", "NAME=value"),
    ("env = PYTHONHASHSEED=0", "has no effect on a script: the interpreter has started"),
    ("env = LD_PRELOAD=/x.so", "LD_PRELOAD has no effect"), ("env = MALLOC_ARENA_MAX=1", "the option memory"),
    ("env = PYTHONHOME=/opt/venv", "the option read shows"), ("connect = nowhere", "host:port"),
    ("listen = tcp:127.0.0.1:99999", "host:port"), ("insecure-network = maybe", "none or host"), ("threads = -1", "not a number from"),
    ("cpu = 50", "percentage of one core"), ("cpu = 0%", "not a number from"), ("cpu = half%", "not a number from"),
])
def test_a_value_that_is_not_possible_is_an_error(firecurtain, option, complaint):
    result = firecurtain("check", "show.cfg", files={"show.cfg": f"[python py1]\nmodule = script\n{option}\n", "script.py": ""})
    assert result.returncode == 78 and complaint in result.stderr and "show.cfg:3:" in result.stderr
