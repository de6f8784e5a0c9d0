# SPDX-License-Identifier: BSD-2-Clause
"""Files beside the script: a line in the log where a script looks for them elsewhere, and the option `directory`."""

import pytest
from harness import dedent, without_user_namespaces

pytestmark = pytest.mark.one_setting

CONFIG = "[python py1]\nmodule = script\n{}\n[map]\n"


def printed(play, code, *, options="directory = show", files=None, **how):
    """Runs a script with files beside it. Returns the show and what the script printed."""
    show = play(config=CONFIG.format(options), scripts={"script.py": dedent(code) + "\nprint('done')\n", **(files or {})}, **how)
    show.printed("^done$")
    return show, [line.message for line in show.log.matching("^(?!running|done)", "py1", "info")]


@pytest.mark.parametrize("code", [
    "open('presets.json')", "os.stat('presets.json')", "os.path.exists('presets.json')", "pathlib.Path('presets.json').read_text()",
    "os.open('presets.json', os.O_RDONLY)", "configparser.ConfigParser().read('presets.json')", "os.listdir('presets.json')",
    "sqlite3.connect('file:presets.json?mode=ro', uri=True)",
])
def test_a_file_that_is_only_beside_the_script_is_mentioned_once(play, code):
    show, _ = printed(play, f"""
        import configparser, os, pathlib, sqlite3
        for n in range(3):
            try:
                {code}
            except (OSError, sqlite3.OperationalError):
                pass
    """, options="", files={"presets.json": "{}"})
    found = show.log.matching("presets.json", "py1", "warning")
    assert len(found) == 1, show.log
    assert "use /show/presets.json, or set the option directory = show" in found[0].message


def test_what_is_nowhere_or_here_is_not_mentioned(play):
    show, _ = printed(play, """
        import os
        for name in ("nowhere.json", "../show/nowhere", "/presets.json", "", "."):
            os.path.exists(name)
        open("presets.json", "w").close()
        open("presets.json").close()
    """, options="", files={"presets.json": "{}"})
    assert not show.log.matching("script's folder", "py1"), show.log


SHOWN = {"presets.json": "shown", "cues/one": "first", "log": "begun "}


@pytest.mark.parametrize("code, expected", [
    ("print(os.getcwd(), read('presets.json'), sorted(os.listdir('.')))", "/show shown ['cues', 'log', 'presets.json', 'script.py', 'show.cfg']"),
    ("write('presets.json', 'mine'); print(read('presets.json'), read('/show/presets.json'), read('/state/presets.json'))", "mine mine mine"),
    ("write('new', 'x'); print(read('new'), os.listdir('/state'), os.path.getsize('new'), os.access('new', os.R_OK))", "x ['new'] 1 True"),
    ("open('log', 'a').write('more'); print(read('log'))", "begun more"),
    ("f = open('log', 'r+'); f.write('B'); f.close(); print(read('log'))", "Begun "),
    ("write('cues/two', '2'); print(read('cues/two'), read('cues/one'), os.listdir('cues'))", "2 first ['one']"),
    ("try: write('none/two', '2')\nexcept FileNotFoundError: print('no such folder')", "no such folder"),
    ("os.makedirs('a/b'); write('a/b/c', 'deep'); print(read('a/b/c'), os.listdir('a/b'))", "deep ['c']"),
    ("for call in (lambda: os.mkdir('cues'), lambda: open('log', 'x')):\n    try: call()\n"
     "    except FileExistsError: print('exists')", "exists\nexists"),
    ("write('tmp', 'v2'); os.replace('tmp', 'presets.json'); print(read('presets.json'))\n"
     "os.remove('presets.json'); print(read('presets.json'))", "v2\nshown"),
    ("try: os.remove('log')\nexcept OSError as error: print(error.strerror)", "Read-only file system"),
    ("os.chdir('cues'); write('../up', 'u'); write('./three', '3'); print(sorted(os.listdir('/state')), read('../up'))", "['cues', 'up'] u"),
    ("data = sqlite3.connect('show.db'); data.execute('create table t (x)'); data.execute('insert into t values (5)'); data.commit()\n"
     "print(sqlite3.connect('show.db').execute('select x from t').fetchone(), os.listdir('/state'))", "(5,) ['show.db']"),
    ("with tempfile.NamedTemporaryFile(dir='.') as file: print(os.listdir('/state') == [os.path.basename(file.name)])\n"
     "print(os.listdir('/state'))", "True\n[]"),
    ("write('script.py', 'broken'); print(open('/show/script.py').read()[:6])", "import"),
])
def test_with_the_option_the_scripts_folder_is_the_working_directory(play, code, expected):
    head = """
        import os, sqlite3, tempfile
        def read(name):
            with open(name) as file:
                return file.read()
        def write(name, text):
            with open(name, "w") as file:
                file.write(text)
    """
    show, lines = printed(play, dedent(head) + code, files={**SHOWN})
    lines = [line.replace(", 'home'", "").replace(", 'run'", "").replace(", 'state'", "") for line in lines]
    assert lines == expected.split("\n"), show.log
    assert (show.folder / "presets.json").read_text() == "shown" and not (show.folder / "new").exists()


def test_what_was_written_is_found_after_a_restart_and_not_in_place_of_the_script(play):
    code = "import os\nprint(open('count').read())\nopen('count', 'a').write('x')\n"
    first, _ = printed(play, code, files={"count": "0"})
    first.stop()
    again, lines = printed(play, code, folder=first.folder, files={"count": "0"})
    assert lines == ["0x"]


@pytest.mark.parametrize("how", ["fallback", "no sandbox"])
def test_the_option_where_folders_have_their_usual_paths(play, identity, how):
    if how == "no sandbox" and identity.uid == 0:
        pytest.skip("root may not run without a sandbox")
    setting = {"launcher": without_user_namespaces(identity.uid or 1)} if how == "fallback" else {"arguments": ["--insecure-no-sandbox"]}
    show, lines = printed(play, """
        import os
        open("presets.json", "w").write("mine")
        print(os.getcwd() == os.path.dirname(__file__), open("presets.json").read())
    """, files=SHOWN, **setting)
    assert lines == ["True mine"] and (show.folder / "presets.json").read_text() == "shown"


def test_an_instance_overrides_the_backend(play):
    show = play(config="[backend python]\ndirectory = show\n" + CONFIG.format("directory = state"),
                scripts={"script.py": "import os\nprint('at', os.getcwd(), os.environ)\n"})
    assert show.printed("^at").startswith("at /state environ({'FIRECURTAIN_DIRECTORY': 'state'})")


def test_another_value_is_an_error(firecurtain):
    result = firecurtain("check", "show.cfg", files={"show.cfg": CONFIG.format("directory = home"), "script.py": ""})
    assert result.returncode == 78 and 'directory is state or show, not "home"' in result.stderr
