# SPDX-License-Identifier: BSD-2-Clause
"""What helps to type commands: the help, the manual page, and completion in bash and zsh, which know the same."""

import os
import pty
import re
import select
import shutil
import subprocess
import termios
import time

import control
import pytest
from harness import TOP, environment
from waiting import PATIENCE

SCRIPT = "import midimonster\ndef handler(value):\n\tmidimonster.output('out', value)\n"
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]


@pytest.mark.one_setting
def test_help_manual_and_completions_know_the_same(firecurtain):
    text = firecurtain("--help").stdout
    commands = re.findall(r"^  firecurtain ([a-z]+) ", text, re.M)
    commands = list(dict.fromkeys(commands))
    options = set(re.findall(r"--[a-z-]+", text.split("Examples")[0]))
    assert {"status", "top", "run"} <= set(commands) and "--json" in options
    manual = (TOP / "docs/firecurtain.1").read_text().replace("\\-", "-")
    for name in ("firecurtain.1", "completion/firecurtain.bash", "completion/_firecurtain"):
        page = manual if name.endswith(".1") else (TOP / "docs" / name).read_text()
        for word in (*commands, *options):
            assert re.search(rf"(?<![a-z-]){word}(?![a-z-])", page), f"{name} does not know {word}"


@pytest.mark.rules
@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff, which the package groff-base has")
def test_the_manual_page_is_well_formed():
    done = subprocess.run(["groff", "-t", "-man", "-ww", "-Tutf8", TOP / "docs/firecurtain.1"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert done.returncode == 0 and done.stderr == "" and "EXIT STATUS" in re.sub(".\x08", "", done.stdout)


@pytest.mark.one_setting
def test_bash_completion(play):
    show = play(SCRIPT + "midimonster.output('$(echo hacked)', 0)\nmidimonster.output('a:b', 0)\n", MAPS)

    def complete(*words, line=False):
        listed = " ".join(f"'{word}'" for word in words)
        script = f"""
            firecurtain() {{ {show.stage.firecurtain} "$@" --runtime-dir {control.runtime(show)}; }}
            . {TOP}/docs/completion/firecurtain.bash
            COMP_WORDS=(firecurtain {listed}) COMP_CWORD={len(words)}
            COMP_LINE='{" ".join(("firecurtain", *words)) if line else ""}'; COMP_POINT=${{#COMP_LINE}}
            _firecurtain; printf '%s\n' "${{COMPREPLY[@]}}"
        """
        return subprocess.run(["bash", "-ec", script], text=True, check=True, stdout=subprocess.PIPE).stdout[:-1].split("\n")

    assert complete("st") == ["status", "start", "stop", "state"]
    assert complete("stop", "") == ["wire", "py1"]
    assert complete("watch", "p") == ["py1."]
    assert complete("routes", "--d") == ["--dot"] and complete("state", "--r") == ["--remove"]
    assert complete("get", "py1.") == ["py1.script.handler", "py1.out", "py1.\\$\\(echo\\ hacked\\)", "py1.a:b"]
    assert complete("emit", "wire./o") == ["wire./out"] and complete("watch", "wire.x") == [""]
    assert complete("watch", "py1.a:", line=True) == ["b"], "bash has split it at the colon"
    assert complete("channels", "w") == ["wire"]
    show.write("shows/tonight.cfg", "")
    assert complete("run", f"{show.folder}/sh") == [f"{show.folder}/show.cfg", f"{show.folder}/shows"]
    assert complete(f"{show.folder}/shows/t") == complete("check", f"{show.folder}/shows/") == [f"{show.folder}/shows/tonight.cfg"]
    assert complete("status", "--runtime-dir", f"{show.folder}/sh") == [f"{show.folder}/shows"]


@pytest.mark.one_setting
def test_bash_completion_asks_the_broker_that_the_line_names(play):
    show = play(SCRIPT, MAPS)
    words = f"firecurtain stop --runtime-dir {control.runtime(show)} p"
    script = f"""
        firecurtain() {{ {show.stage.firecurtain} "$@"; }}
        . {TOP}/docs/completion/firecurtain.bash
        COMP_WORDS=({words}) COMP_CWORD=4
        _firecurtain; printf '%s\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-ec", script], env=environment(show.folder) | {"XDG_RUNTIME_DIR": "/nonexistent"}, text=True,
                          check=True, stdout=subprocess.PIPE)
    assert done.stdout.split() == ["py1"]


@pytest.mark.one_setting
@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
def test_zsh_completion(play):
    """Types into a zsh on a terminal. ^D shows the list of completions, and ^U clears the line."""
    show = play(SCRIPT, MAPS)
    tools = show.folder / "bin"
    tools.mkdir()
    (tools / "firecurtain").symlink_to(show.stage.firecurtain)
    shutil.copy2(TOP / "docs/completion/_firecurtain", tools)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, 200))
    env = {**environment(show.folder), "PATH": f"{tools}:/usr/bin:/bin", "TERM": "dumb"}
    process = subprocess.Popen(show.identity.command(["zsh", "-f", "-i"]), env=env, cwd=tools, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)

    def typed(keys, done, patience=PATIENCE):
        seen, deadline = "", time.monotonic() + patience
        os.write(ours, keys.encode())
        while not re.search(done, seen):
            assert select.select([ours], [], [], max(0, deadline - time.monotonic()))[0], seen
            seen += os.read(ours, 65536).decode(errors="replace")
        os.write(ours, b"\x15")
        return seen

    try:
        typed(f"PS1='> '; fpath=({tools} $fpath); autoload -U compinit; compinit -u -D; echo REA''DY\n", r"(?s)READY.*\?2004h")  # and its line editor reads
        typed("firecurtain st\x04", r"start +-- [^\n]*\s+state +-- [^\n]*\s+status +-- [^\n]*\s+stop +-- ")
        typed("firecurtain stop \x04", r"py1 +wire")
        typed("firecurtain stop w\t", r"stop wire ")
        typed("firecurtain watch p\t", r"watch py1\.")
        typed("firecurtain watch py1.o\t", r"watch py1\.out")
        typed("firecurtain get wire./i\t", r"get wire\./in")
        typed("firecurtain routes --\x04", r"--dot +-- [^\n]*\s+--help +-- [^\n]*\s+--json")
        typed("firecurtain status --u\t", r"status --usage ")
        typed("firecurtain run --log-level w\t", r"--log-level warning")
        typed(f"XDG_RUNTIME_DIR=/nonexistent firecurtain restart --runtime-dir {control.runtime(show)} p\t", r" py1 ")
    finally:
        process.kill()
        process.wait()
        os.close(ours)
