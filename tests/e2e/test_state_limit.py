# SPDX-License-Identifier: BSD-2-Clause
"""The options `state` and `state-files` hold in each phase of a script's life: while it is imported, and cleans up."""

import shutil

import control
from harness import dedent, only

FILL = """
    import os, time
    def fill(n, bytes=100000):
        for i in range(n):
            with open(f"{time.monotonic_ns()}", "wb") as file:
                file.write(os.urandom(bytes))
        print("filled", flush=True)
        time.sleep(600)
"""
SCRIPTS = {
    "importing": """
        if not os.listdir("."):
            fill(40)
        open("while it is full", "w").close()
        time.sleep(0.5)  # it is counted, and nothing happens
        for name in os.listdir("."):
            os.unlink(name)
    """,
    "cleaning": """
        import midimonster
        midimonster.cleanup_handler(lambda: fill(40))
    """,
    "growing": """
        if not os.path.exists("/show/enough"):
            fill(11000 if os.listdir(".") else 100, 0)
    """,
    "deep": """
        if not os.path.exists("/show/enough"):
            os.makedirs("/".join("d" * 20))
            time.sleep(600)
    """,
}
OPTIONS = "state = 1M\nstate-files = 50\nstart-timeout = 0\nstop-timeout = 0\n"
CONFIG = "".join(f"[python {name}]\nmodule = {name}\n{OPTIONS}" for name in SCRIPTS)
OVER = r"^killed: its private folder .* has more than (1 MiB \(the option state|50 files \(the option state-files)\)$"
FAR = r"^killed: its private folder .* has more than 10100 files \(far beyond the option state-files\)$"
DEEP = r"^killed: its private folder .* has more than 1024 folders, or folders more than 16 deep$"


def test_a_private_folder_is_bounded_whatever_the_script_does(play):
    scripts = {f"{name}.py": dedent(FILL) + dedent(text) for name, text in SCRIPTS.items()}
    show = play(config=CONFIG + "[map]\n", scripts=scripts, ready=("cleaning",))
    # a script that found its folder full may remove files while it is imported
    show.log.wait(OVER, "importing")
    show.log.wait(r"^running \(pid", "importing")
    assert len(show.log.matching("^worker ended", "importing")) == 1
    control.run(show, "stop", "cleaning", check=0)
    show.log.wait(OVER, "cleaning")
    # but not go on filling it, again and again
    show.log.wait(OVER, "growing")
    show.log.wait(FAR, "growing")
    show.log.wait(DEEP, "deep")
    for name in ("growing", "deep"):
        control.wait_for(show, name, "failed")
        (folder,) = (show.folder / "state/firecurtain").glob(f"*/{name}")
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    show.write("enough", "")
    for name in ("growing", "deep"):
        control.run(show, "start", name, check=0)
        show.log.wait(r"^running \(pid", name)


@only("user")
def test_without_inotify_a_private_folder_is_counted_all_the_same(play, identity):
    """A user's watches may be used up by other programs: an editor that watches a large folder is enough."""
    none_left = ("unshare", "--user", f"--map-user={identity.uid}", f"--map-group={identity.uid}", "--keep-caps", "sh", "-c",
                 'echo 0 >/proc/sys/user/max_inotify_watches && exec setpriv --inh-caps=-all --ambient-caps=-all --pdeathsig=KILL -- "$@"', "sh")
    show = play("""
        import time
        def fill(value):
            for i in range(20):
                with open(f"{time.monotonic_ns()}", "wb") as file:
                    file.write(bytes(100000))
    """, ["wire./fill > py1.script.fill"], options="state = 1M\nstate-files = 50", launcher=none_left)
    show.log.wait("^changes to the files in .* will not be noticed", "py1")
    show.set("/fill", 1)
    show.log.wait(OVER, "py1")
