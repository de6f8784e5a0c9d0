# SPDX-License-Identifier: BSD-2-Clause
"""The standard library in a worker: what programs commonly do works, gives a true answer, or raises; nothing lies."""

import os

import pytest
from harness import dedent, without_user_namespaces

pytestmark = pytest.mark.one_setting


def run(play, code, options="", **how):
    """Runs code as a script. Returns what it printed, line by line."""
    show = play(dedent(code) + "\nprint('done')\n", options=options, **how)
    show.printed("^done$")
    return show, [line.message for line in show.log.lines if line.instance == "py1" and line.level == "info"
                  and not line.message.startswith(("running", "done"))]


def check(play, code, expected, **how):
    show, printed = run(play, code, **how)
    assert printed == expected.split("\n"), show.log
    assert not show.log.matching("refused", "py1"), show.log


# Files

FILES = """
    import os, shutil, tempfile
    def read(name):
        with open(name) as file:
            return file.read()
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write("new")
"""


@pytest.mark.parametrize("code, expected", [
    ("print(shutil.move(file.name, 'kept'), read('kept'), os.path.exists(file.name))", "kept new False"),
    ("os.utime(file.name, (1, 2)); shutil.copy2(file.name, 'kept'); print(read('kept'), os.stat('kept').st_mtime)", "new 2.0"),
    ("shutil.copyfile(file.name, 'kept'); shutil.copystat(file.name, 'kept'); print(read('kept'))", "new"),
    ("os.makedirs('tree/a'); shutil.copy(file.name, 'tree/a/b'); shutil.copytree('tree', '/tmp/tree')\n"
     "shutil.move('/tmp/tree', 'moved'); print(read('moved/a/b'))", "new"),
    ("with tempfile.TemporaryDirectory(dir='.') as folder: shutil.move(file.name, folder)\nprint(os.listdir('.'))", "[]"),
    ("with tempfile.TemporaryFile() as f: print(f.write(b'abc'), f.seek(0), f.read())", "3 0 b'abc'"),
    ("with tempfile.SpooledTemporaryFile(2) as f: print(f.write(b'abc'), f.seek(0), f.read())", "3 0 b'abc'"),
    ("open('big', 'wb').write(bytes(300000)); shutil.make_archive('all', 'zip', '.', 'big')\n"
     "shutil.unpack_archive('all.zip', 'out'); print(os.path.getsize('out/big'))", "300000"),
    ("for call in (lambda: os.listxattr('.'), lambda: os.setxattr('.', 'user.a', b''), lambda: os.getxattr('.', 'user.a')):\n"
     "    try: call()\n    except OSError as error: print(error.strerror)", "\n".join(["Operation not supported"] * 3)),
    ("for call in (os.link, os.symlink):\n    try: call(file.name, 'link')\n"
     "    except OSError as error: print(error.strerror)", "\n".join(["Operation not permitted"] * 2)),
])
def test_files_are_moved_copied_and_temporary(play, code, expected):
    check(play, dedent(FILES) + code, expected)


@pytest.mark.parametrize("code, expected", [
    ("one = os.open('one', os.O_RDWR | os.O_CREAT); print(os.writev(one, [b'ab', b'', b'cde']), os.lseek(one, 0, 0))\n"
     "parts = [bytearray(2), bytearray(5)]; print(os.readv(one, parts), parts); print(os.preadv(one, parts[:1], 3), parts[0], os.pwritev(one, [b'x'], 1))\n"
     "print(open('one').read())", "5 0\n5 [bytearray(b'ab'), bytearray(b'cde\\x00\\x00')]\n2 bytearray(b'de') 1\naxcde"),
    ("one, two = os.open('one', os.O_RDWR | os.O_CREAT), os.open('two', os.O_RDWR | os.O_CREAT)\n"
     "print(os.dup2(one, two) == two, os.get_inheritable(two), os.dup2(one, 90, inheritable=False), os.get_inheritable(90))\n"
     "os.write(two, b'1'); os.write(90, b'2'); print(os.dup2(one, one) == one, open('one').read())", "True True 90 False\nTrue 12"),
    ("for call in (lambda: os.dup2(99, 5), lambda: os.dup2(1, 100000), lambda: os.writev(99, [b'a'])):\n    try: call()\n"
     "    except OSError as error: print(error.strerror)", "\n".join(["Bad file descriptor"] * 3)),
    ("open('one', 'w').write('abc'); os.truncate('one', 1); print(open('one').read())", "a"),
    ("fd = os.open('.', 0); open('one', 'w').close(); print(os.access('one', os.W_OK, dir_fd=fd), os.access('none', 0, dir_fd=fd))", "True False"),
    ("import socket\nopen('f', 'wb').write(bytes(200000)); file = open('f', 'rb')\none, two = socket.socketpair()\none.setblocking(False)\n"
     "print(os.sendfile(one.fileno(), file.fileno(), 199990, 100), os.sendfile(one.fileno(), file.fileno(), 200000, 9), file.tell())\n"
     "print(0 < os.sendfile(one.fileno(), file.fileno(), None, 100000) == file.tell())\n"
     "try:\n    while True: os.sendfile(one.fileno(), file.fileno(), 0, 100000)\nexcept BlockingIOError: print('full')", "10 0 0\nTrue\nfull"),
    ("print(set(os.getresuid() + os.getresgid()) == {os.getuid()})", "True"),
    ("import socket\none, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\none.send(b'abcdef'); one.send(b'g')\n"
     "print(two.recvmsg(4)[:3], two.recvmsg_into([bytearray(1), bytearray(1)])[0])",
     "(b'abcd', [], 32) 1"),
])
def test_calls_that_are_made_of_simpler_ones(play, code, expected):
    check(play, "import os\n" + code, expected)


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist", "memory", "wal", "off"])
def test_sqlite3_in_all_its_journal_modes(play, mode):
    check(play, f"""
        import os, sqlite3, threading
        one = sqlite3.connect("data.db")
        print(one.execute("pragma journal_mode = {mode}").fetchone()[0])
        one.execute("create table t (x)")
        def add():
            with sqlite3.connect("data.db", timeout=5) as other:
                other.execute("insert into t values (1)")
        for n in range(2):
            with one:
                one.execute("insert into t values (?)", (n,))
            thread = threading.Thread(target=add)
            thread.start()
            thread.join()
        again = sqlite3.connect("file:data.db?mode=rw", uri=True)
        print(again.execute("select count(*) from t").fetchone()[0], again.execute("pragma integrity_check").fetchone()[0])
    """, f"{mode}\n4 ok")


@pytest.mark.parametrize("code, expected", [
    ("open('f', 'wb').write(b'a' * 9000)\nwith open('f', 'r+b') as file, mmap.mmap(file.fileno(), 0) as view:\n"
     "    view[4500:4503] = b'bcd'; view.flush(); print(open('f', 'rb').read()[4499:4504]); view[0:1] = b'z'\n"
     "print(open('f', 'rb').read(2), len(open('f', 'rb').read()))", "b'abcda'\nb'za' 9000"),
    ("open('f', 'wb').write(bytes(5000))\nview = mmap.mmap(os.open('f', os.O_RDONLY), 0, access=mmap.ACCESS_READ)\n"
     "open('f', 'r+b').write(b'later'); print(view[:5], view.find(b'r'))", "b'later' 4"),
    ("view = mmap.mmap(-1, 8192); view[8190:] = b'xy'; print(view[8188:])", "b'\\x00\\x00xy'"),
    ("open('f', 'wb').write(b'abc')\ntry: mmap.mmap(os.open('f', os.O_RDONLY), 0)\nexcept PermissionError as error: print(error.strerror)",
     "Permission denied"),
    ("import numpy\nmade = numpy.memmap('f', 'float64', 'w+', shape=(3000,)); made[2999] = 7; made.flush()\n"
     "print(numpy.memmap('f', 'float64', 'r')[2999], os.stat('f').st_size)", "7.0 24000"),
])
def test_files_in_memory(play, code, expected):
    check(play, "import mmap, os\n" + code, expected)


def test_what_is_in_memory_is_in_the_file_when_the_script_ends(play):
    script = "import mmap, os\nprint('found', open('f', 'rb').read(3) if os.path.exists('f') else None)\nopen('f', 'wb').write(bytes(100))\n" \
             "view = mmap.mmap(os.open('f', os.O_RDWR), 0)\nview[:3] = b'end'\n"
    first = play(script)
    first.printed("^found None$")
    first.stop()
    play(script, folder=first.folder).printed("^found b'end'$")


def test_all_ways_of_asking_about_locks_are_answered_alike(play):
    check(play, """
        import fcntl, os, struct
        file = open("locked", "w+b")
        whole = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        for ask, set_, wait in ((5, 6, 7), (36, 37, 38)):
            fcntl.fcntl(file, set_, whole)
            fcntl.fcntl(file, wait, whole)
            print(struct.unpack("hhqqi4x", fcntl.fcntl(file, ask, whole))[0] == fcntl.F_UNLCK)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.lockf(file.fileno(), os.F_TEST, 0)
        try:
            fcntl.fcntl(1000, 5, whole)
        except OSError as error:
            print(error.strerror)
    """, "True\nTrue\nBad file descriptor")


# Signals and time

ALARM = """
    import os, signal, threading, time
    def ring(number, frame):
        print("rings", signal.Signals(number).name, threading.current_thread() is threading.main_thread())
    signal.signal(signal.SIGALRM, ring)
"""


@pytest.mark.parametrize("code, expected", [
    ("begin = time.monotonic(); signal.alarm(1); time.sleep(1.5); print(1 < time.monotonic() - begin < 30)",
     "rings SIGALRM True\nTrue"),
    ("print(signal.alarm(10), signal.alarm(0), signal.alarm(0))", "0 10 0"),
    ("signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05); [signal.pause() for n in range(3)]\n"
     "print(signal.setitimer(signal.ITIMER_REAL, 0)[1])", "\n".join(["rings SIGALRM True"] * 3 + ["0.05"])),
    ("signal.setitimer(signal.ITIMER_REAL, 100); print(99 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100)", "True"),
    ("signal.setitimer(signal.ITIMER_REAL, 0.05)\nwhile signal.getitimer(signal.ITIMER_REAL)[0]: pass", "rings SIGALRM True"),
    ("for call in (lambda: signal.setitimer(signal.ITIMER_PROF, 1), lambda: signal.setitimer(signal.ITIMER_REAL, -1)):\n"
     "    try: call()\n    except OSError as error: print(type(error).__name__, error.strerror)",
     "itimer_error Operation not supported\nitimer_error Invalid argument"),
    ("os.kill(os.getpid(), signal.SIGALRM)", "rings SIGALRM True"),
    ("signal.signal(signal.SIGALRM, signal.SIG_IGN); signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.1)\n"
     "print(signal.getsignal(signal.SIGALRM).name)", "SIG_IGN"),
    ("class Late(Exception): pass\ndef late(*_): raise Late\nsignal.signal(signal.SIGALRM, late)\nsignal.alarm(1)\n"
     "try: time.sleep(60)\nexcept Late: print('late')", "late"),
])
def test_alarms_are_the_scripts_own(play, code, expected):
    check(play, dedent(ALARM) + code, expected)


def test_the_watchdog_does_not_use_the_scripts_handler_of_alarms(play):
    show = play("""
        import signal, time
        signal.signal(signal.SIGALRM, lambda *_: print("rings"))
        def hang(value):
            signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
            time.sleep(60)
    """, ["wire./hang > py1.script.hang"], options="handler-timeout = 1s")
    show.set("/hang", 1)
    show.printed("^rings$")
    show.printed(r"^TimeoutError: interrupted: it took longer than \d+\.\d s \(option handler-timeout\)$")
    assert [line for line in show.log.messages("py1", "^  File")][-1].endswith(", in hang"), "it ends in the script's line"


def test_an_alarm_without_a_handler_ends_the_script_and_says_why(play):
    show = play("import signal\nsignal.signal(signal.SIGALRM, signal.SIG_DFL)\nsignal.setitimer(signal.ITIMER_REAL, 0.1)\n")
    show.log.wait("SIGALRM, for which the script has no handler", "py1", "error")
    assert "status 142" in show.log.wait("^worker ended", "py1").message


@pytest.mark.parametrize("how", ["alarm(1)", "ualarm(200000, 0)"])
def test_the_c_librarys_alarms(play, how):
    code = f"import ctypes, signal\nc = ctypes.CDLL(None)\ncame = []\nsignal.signal(signal.SIGALRM, lambda *_: came.append(1))\n"
    code += f"print(c.{how}, end=' ')\nsignal.pause()\nprint(came)"
    check(play, code, "0 [1]")


# About itself and the machine


@pytest.mark.parametrize("code, expected", [
    ("import os, time\nbefore = os.times()\nwhile time.process_time() < 0.3: pass\nafter = os.times()\n"
     "print(0.1 < after.user + after.system < 5, 0 <= after.elapsed - before.elapsed < 30, after.children_user)", "True True 0.0"),
    ("import os\nprint(os.getpgrp() == os.getpid() == os.getpgid(0) == os.getpgid(os.getpid()), os.getgroups())", "True []"),
    ("import os\nprint(os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') >> 20)", "200"),
    ("import os\ntry: os.sysconf('SC_AVPHYS_PAGES')\nexcept OSError as error: print(error.strerror)", "Operation not supported"),
    ("import ctypes\nc = ctypes.CDLL(None)\nfor get in (c.get_phys_pages, c.get_avphys_pages): get.restype = ctypes.c_long\n"
     "print(c.get_phys_pages() * 4096 >> 20, c.get_avphys_pages())", "200 -1"),
    ("import os, multiprocessing\nprint(os.cpu_count() == len(os.sched_getaffinity(0)) == multiprocessing.cpu_count())", "True"),
    (f"import os\nprint(os.cpu_count() == {len(os.sched_getaffinity(0))})", "True"),
    ("import getpass, os, pathlib, pwd, grp\nprint(getpass.getuser(), pathlib.Path.home() == pathlib.Path.cwd(),\n"
     "    os.path.expanduser('~script/x') == os.path.abspath('x'), pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name)",
     "script True True script script"),
    ("import pwd\ntry: pwd.getpwnam('root')\nexcept KeyError: print('no root')", "no root"),
    ("import socket\nprint(socket.gethostname(), socket.gethostbyname(socket.gethostname()))", "firecurtain 127.0.0.1"),
    ("import shutil\nbefore = shutil.disk_usage('.')\nopen('x', 'wb').write(bytes(1 << 20))\nafter = shutil.disk_usage('.')\n"
     "print(before.total >> 20, after.used - before.used >> 20, after.free + after.used == after.total)", "32 1 True"),
    ("import os, shutil\nprint(shutil.disk_usage('/tmp').total >> 20, shutil.disk_usage('/').total >> 20,\n"
     "    os.fstatvfs(os.open('.', 0)).f_blocks * 4 >> 10)", "16 32 32"),
    ("import os, time\nprint(*(time.get_clock_info(clock).resolution for clock in ('monotonic', 'process_time', 'thread_time')))",
     "1e-09 1e-09 1e-09"),
    ("import os\nopen('file', 'w').close(); os.mkdir('folder')\nprint(*(oct(os.stat(name).st_mode) for name in ('file', 'folder')))",
     "0o100644 0o40755"),
    ("import os\nprint(os.umask(0o77), os.umask(0o22) == 0o77)\nfor call in (lambda: os.chmod('none', 0), lambda: os.fchmod(99, 0)):\n"
     "    try: call()\n    except OSError as error: print(error.strerror)", "18 True\nNo such file or directory\nBad file descriptor"),
    ("import platform, time, locale\nprint(bool(platform.uname().machine), time.get_clock_info('monotonic').monotonic)", "True True"),
])
def test_questions_about_the_process_and_the_machine_have_true_answers(play, code, expected):
    check(play, code, expected, options="memory = 200M\nstate = 32M")


@pytest.mark.parametrize("call, port", [
    ("socket.create_connection(('desk.example', 8000))", "8000"), ("socket.getaddrinfo('desk.example', 80)", "80"),
    ("socket.gethostbyname('desk.example')", "PORT"), ("urllib.request.urlopen('http://desk.example/')", "80"),
    ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('desk.example', 9000))", "PORT"),
])
def test_a_host_that_no_option_names_is_mentioned_with_the_option(play, call, port):
    show, lines = run(play, f"import socket, urllib.request\nfor n in range(2):\n    try: {call}\n"
                            "    except OSError as error: print('error')", options="connect = localhost:80")
    assert lines == ["error"] * 2
    assert [line.message for line in show.log.matching("desk.example", "py1", "warning")] == [
        f"the name desk.example is not known to this script: the option connect = desk.example:{port} is missing"]


def test_names_that_are_addresses_or_known_are_not_mentioned(play):
    check(play, """
        import socket
        print(socket.gethostbyname("localhost"), socket.getaddrinfo("127.0.0.1", 80)[0][4], socket.gethostbyname(""))
        try:
            socket.getaddrinfo("desk.example", 80, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            print("no number")
    """, "127.0.0.1 ('127.0.0.1', 80) 0.0.0.0\nno number", options="connect = localhost:80")


# Programs, processes, threads

PROGRAM = "a script cannot start programs: "
PROCESS = "a script cannot start processes; threads work, also multiprocessing.pool.ThreadPool"


@pytest.mark.parametrize("call, line", [
    ("subprocess.run(['ls', '-l'])", PROGRAM + "ls"), ("subprocess.run('ls | wc', shell=True)", PROGRAM + r"ls \| wc"),
    ("subprocess.Popen('/bin/true', stdout=subprocess.PIPE)", PROGRAM + "/bin/true"),
    ("os.system('aplay ding.wav')", PROGRAM + "aplay ding.wav"), ("os.popen('date').read()", PROGRAM + "date"),
    ("os.execlp('date', 'date')", PROGRAM + "date"), ("os.execv('/bin/date', ['date'])", PROGRAM + "/bin/date"),
    ("os.spawnlp(os.P_WAIT, 'date', 'date')", PROGRAM + "date"), ("os.posix_spawnp('date', ['date'], {})", PROGRAM + "date"),
    ("asyncio.run(asyncio.create_subprocess_exec('date'))", PROGRAM + "date"), ("os.fork()", PROCESS),
    ("multiprocessing.Process(target=print).start()", PROCESS),
    ("concurrent.futures.ProcessPoolExecutor().submit(print).result()", PROCESS), ("multiprocessing.Pool(2)", PROCESS),
    ("multiprocessing.shared_memory.SharedMemory(create=True, size=64)", PROCESS),
    ("multiprocessing.get_context('spawn').Process(target=print).start()", PROCESS),
    ("subprocess.run([sys.executable, 'helper.py'])", PROGRAM + "python"),
])
def test_programs_and_processes_are_refused_in_these_words(play, call, line):
    show = play(f"import asyncio, concurrent.futures, multiprocessing.shared_memory, os, subprocess, sys\n"
                f"try:\n    {call}\nexcept PermissionError as error:\n    print('raised', error)\n")
    show.printed("^raised .*a script cannot start (programs|processes)")
    show.log.wait(f"^{line}$", "py1", "warning")
    assert not show.log.matching("^refused", "py1"), show.log


def test_without_a_sandbox_programs_start(play, identity):
    if identity.uid == 0:
        pytest.skip("root may not run without a sandbox")
    check(play, "import pwd, subprocess\nprint(subprocess.run(['true']).returncode, pwd.getpwuid(0).pw_name)", "0 root",
          arguments=("--insecure-no-sandbox",))


@pytest.mark.parametrize("code, expected", [
    ("from multiprocessing.pool import ThreadPool\nwith ThreadPool(3) as pool: print(pool.map(abs, [-1, -2, 3]))", "[1, 2, 3]"),
    ("import multiprocessing.dummy\nprint(multiprocessing.dummy.Pool(2).apply_async(abs, (-1,)).get(5))", "1"),
    ("import multiprocessing, threading\nqueue = multiprocessing.Queue(2)\n"
     "threading.Thread(target=lambda: [queue.put(n) for n in range(5)]).start()\nprint([queue.get(timeout=5) for n in range(5)])",
     "[0, 1, 2, 3, 4]"),
    ("import multiprocessing\nfor kind in ('Lock', 'RLock', 'Semaphore', 'BoundedSemaphore'):\n"
     "    with getattr(multiprocessing, kind)() as held: print(kind, bool(held))",
     "Lock True\nRLock True\nSemaphore True\nBoundedSemaphore True"),
    ("import multiprocessing\nsemaphore = multiprocessing.Semaphore(2)\n"
     "print(semaphore.get_value(), semaphore.acquire(), semaphore.acquire(), semaphore.acquire(timeout=0.1), semaphore.get_value())",
     "2 True True False 0"),
    ("import multiprocessing, threading\nevent = multiprocessing.Event()\nthreading.Timer(0.1, event.set).start()\n"
     "print(event.wait(5), event.wait(0))", "True True"),
    ("import multiprocessing\nvalue = multiprocessing.Value('i', 3)\nvalue.value += 1\nprint(value.value)", "4"),
    ("from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor() as pool: print(list(pool.map(abs, [-1])))", "[1]"),
    ("import _multiprocessing as m\none = m.SemLock(1, 1, 1, '/name', False)\n"
     "for how in ('/name', '/a/b'):\n    try: m.SemLock(1, 1, 1, how, False)\n"
     "    except OSError as error: print(type(error).__name__)\nm.sem_unlink('/name'); m.SemLock(1, 1, 1, '/name', True)\n"
     "try: m.sem_unlink('/name')\nexcept FileNotFoundError: print('gone')", "FileExistsError\nOSError\ngone"),
])
def test_pools_of_threads_and_what_they_wait_on(play, code, expected):
    check(play, code, expected)


def test_named_semaphores_are_not_shared_between_instances(play):
    make = "import _multiprocessing\nsemaphore = _multiprocessing.SemLock(1, 1, 1, '/same', False)\nprint('made')\n"
    show = play(config="[python py1]\nmodule = one\n[python py2]\nmodule = two\n[map]\n", scripts={"one.py": make, "two.py": make},
                ready=("py1", "py2"))
    for instance in ("py1", "py2"):
        show.printed("^made$", instance)


# Where the kernel refuses user namespaces there is no private root, and the folders have their usual paths.
def test_without_user_namespaces_the_same(play, identity):
    check(play, """
        import fcntl, getpass, os, pathlib, shutil, signal, sqlite3, tempfile, time
        with open("new", "w") as file:
            file.write("new")
        shutil.copy2("new", "copied")
        shutil.copytree(".", "tree")
        shutil.move("tree", "moved")
        try:
            os.utime(os.__file__)
        except PermissionError:
            print("EPERM elsewhere")
        data = sqlite3.connect("data.db")
        print(data.execute("pragma journal_mode = wal").fetchone()[0], data.execute("create table t (x)").rowcount)
        signal.signal(signal.SIGALRM, lambda *_: print("rings"))
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        time.sleep(0.5)
        print(getpass.getuser(), pathlib.Path.home() == pathlib.Path.cwd(), os.getpgrp() == os.getpid(),
              shutil.disk_usage(".").total >> 20, os.times().user < 10)
    """, "EPERM elsewhere\nwal -1\nrings\nscript True True 64 True", launcher=without_user_namespaces(identity.uid or 1))
