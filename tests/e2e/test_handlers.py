# SPDX-License-Identifier: BSD-2-Clause
"""Handlers: how they are found and called, and what becomes of their errors."""

import json
import re
import time

import pytest
from waiting import until

pytestmark = pytest.mark.one_setting


def test_a_raising_handler_is_reported_and_the_next_event_is_handled(play):
    show = play("""
        import midimonster
        def handler(value):
            if value < 0.5:
                raise KeyError("a fault on purpose")
            midimonster.output("out", value)
    """, ["wire./in > py1.script.handler", "py1.out > wire./out"])
    show.set("/in", 0.25)
    show.set("/in", 0.75)
    show.expect("/out", 0.75)
    line = show.log.wait("a fault on purpose", "py1")
    assert line.level in ("error", "warning")
    text = "\n".join(show.log.messages("py1"))
    assert "Traceback" in text and "script.py" in text and "line 4" in text
    assert show.log.matching(r"script\.handler", "py1", ("error", "warning")), "the channel is named"
    assert not show.log.matching("worker ended")


def test_a_raising_interval_goes_on(play):
    show = play("""
        import midimonster
        count = 0
        def tick():
            global count
            count += 1
            midimonster.output("tick", count % 2)
            raise RuntimeError("tick failed")
        midimonster.interval(tick, 10)
    """, ["py1.tick > wire./tick"])
    show.expect("/tick", *[1, 0] * 3)
    show.log.wait("RuntimeError: tick failed", "py1")


def test_a_thousand_tracebacks_a_second_are_limited_and_counted(play):
    show = play("""
        import midimonster
        def handler(value):
            raise RuntimeError("again")
    """, ["wire./in > py1.script.handler"], options="log-rate = 20", sync=True)
    begin = time.monotonic()
    for n in range(2000):
        show.set("/in", (n % 100) / 100)
        if n % 50 == 49:
            show.sync()
    shown = len(show.log.matching("", "py1", "warning"))
    assert show.log.matching("RuntimeError: again", "py1") and shown <= 220 + 20 * (time.monotonic() - begin)

    def counted():
        """The last count is logged with the next traceback that is shown."""
        show.set("/in", 1)
        show.sync()
        lines = show.log.matching(r"\b\d+\b.*(left out|not shown)", "py1")
        return sum(int(re.search(r"\d+", line.message)[0]) for line in lines)

    until(lambda: counted() > 1000, "they are not counted")


ALIKE = """
    import midimonster, traceback
    def deep(n):
        if n > 0: deep(n - 1)
        raise ValueError("no such light")
    def handler(value): deep(3)
    def printer(value):
        try: deep(3)
        except ValueError: traceback.print_exc()
    def say(value): print("pressed")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_tracebacks_of_two_instances_stay_together_and_repeats_are_counted(play, form):
    files = {"script.py": ALIKE}
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = script
        [python py2]
        module = script
        [map]
        wire./raise > py1.script.handler
        wire./raise > py2.script.handler
        wire./print > py2.script.printer
        wire./print > py1.script.printer
        wire./say > py1.script.say
    """, scripts=files, ready=(), arguments=["--log-format", form])

    def lines():
        if form == "text":
            return [(line.instance, line.message) for line in show.log.lines]
        return [(line["instance"], line["message"]) for line in map(json.loads, map(str, show.log.lines))]

    def repeated(instance, what):
        """How often the log says that something came, whether it shows that or counts it."""
        counts = [re.fullmatch(rf"… repeated (once|(\d+) times): {what}", text) for name, text in lines() if name == instance]
        shown = [text for name, text in lines() if name == instance and re.fullmatch(what, text)]
        return len(shown) + sum(int(count[2] or 1) for count in counts if count)

    until(lambda: [text.startswith("running") for _, text in lines()].count(True) == 2, "they do not run")
    for n in range(1, 4):
        show.wire.set("/raise", n / 10)
        show.wire.set("/print", n / 10)
        until(lambda n=n: repeated("py1", "ValueError: .*") == repeated("py2", "ValueError: .*") == 2 * n, lambda: str(show.log))
    n_lines = len(lines())
    for _ in range(10):  # one after the other, without anything else
        show.wire.set("/raise", 1)
    until(lambda: repeated("py1", "ValueError: .*") == repeated("py2", "ValueError: .*") == 16, lambda: str(show.log))
    assert len(lines()) < 2 * n_lines
    begun = {"py1": 0, "py2": 0}
    for (name, text), following in zip(lines(), lines()[1:]):
        if text == "Traceback (most recent call last):":
            begun[name] += 1
        if text.startswith(("exception in", "Traceback", "  ")):
            assert following[0] == name, show.log
    assert min(begun.values()) >= 2
    for _ in range(50):
        show.wire.set("/say", 1)
    until(lambda: repeated("py1", "pressed") == 50, lambda: str(show.log))
    assert lines().count(("py1", "pressed")) < 50


def test_the_log_is_usable_again_after_a_flood(play):
    show = play("""
        import midimonster
        def flood(value):
            for n in range(20000):
                print("flood", n)
        def calm(value):
            print("calm again")
    """, ["wire./flood > py1.script.flood", "wire./calm > py1.script.calm"], sync=True)
    show.set("/flood", 1)
    show.sync()
    assert len(show.log.messages("py1", "^flood")) < 20000
    for _ in range(50):  # the limit is a rate
        show.set("/calm", 1)
        show.sync()
        if show.log.messages("py1", "^calm again"):
            break
        show.log.wait("", after=show.log.position, timeout=5)
    show.printed("^calm again")


def test_print_goes_to_the_log_line_by_line(play):
    show = play("""
        import sys
        def handler(value):
            print("one\\ntwo")
            print("half", end="")
            print(" and half")
            print()
            print("umlaut ü, euro €")
            sys.stderr.write("to stderr\\n")
    """, ["wire./in > py1.script.handler"])
    show.set("/in", 1)
    show.printed("^to stderr$")
    lines = show.log.matching("", "py1", "info")
    texts = [line.message for line in lines if not line.message.startswith("running")]
    for expected in ("one", "two", "half and half", "umlaut ü, euro €"):
        assert expected in texts, texts
    assert texts.index("one") + 1 == texts.index("two")


def test_print_cannot_forge_a_line_or_reach_the_terminal(play):
    show = play("""
        def handler(value):
            print("red \\x1b[31m bell \\x07 return \\r c1 \\x9b31m end")
            print("2026-01-01T00:00:00.000 error other forged")
    """, ["wire./in > py1.script.handler"])
    show.set("/in", 1)
    line = show.printed("^red")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line), repr(line)
    assert "bell" in line and "end" in line
    show.printed("^2026-01-01T00:00:00.000 error other forged$")
    assert not show.log.matching("forged", "other")


def test_an_unfinished_line_is_not_lost(play):
    show = play("""
        import sys
        def handler(value):
            sys.stdout.write("no newline at the end")
    """, ["wire./in > py1.script.handler"], sync=True)
    show.set("/in", 1)
    show.sync()
    show.stop()
    show.printed("no newline at the end")


def test_a_channel_naming_a_missing_function_is_one_error_and_the_rest_works(play):
    show = play("""
        import midimonster
        constant = 5
        def handler(value): midimonster.output("out", value)
    """, ["wire./a > py1.script.missing", "wire./b > py1.script.constant", "wire./in > py1.script.handler", "py1.out > wire./out"])
    for path in ("/a", "/a", "/b"):
        show.set(path, 1)
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    for name in ("missing", "constant"):
        assert len(show.log.matching(rf"script\.{name}\b", "py1", "error")) == 1


def test_check_names_a_missing_function(firecurtain):
    result = firecurtain("check", "show.cfg", files={
        "show.cfg": "[loopback l]\n[python py1]\nmodule = script\n[map]\nl.a > py1.script.missing\nl.b > py1.script.there\n",
        "script.py": "def there(value):\n\tpass\n"})
    assert re.search(r"show\.cfg:5:\d+: (error|warning): .*missing", result.stderr + result.stdout), result
    assert "script.there" not in result.stderr + result.stdout


def test_a_channel_is_split_at_its_last_dot(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python py1]
        module = pkg.sub
        [map]
        wire./in > py1.pkg.sub.fn
        py1.out > wire./out
    """, scripts={
        "pkg/__init__.py": "",
        "pkg/sub.py": """
            import midimonster
            def fn(value):
                print("current", midimonster.current())
                midimonster.output("out", value)
        """})
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    show.printed(r"^current pkg\.sub\.fn$")


def test_the_default_handler_covers_names_without_a_dot(play):
    show = play("""
        import midimonster
        def default(value):
            print("default", midimonster.current(), value)
        def own(value):
            print("own", midimonster.current(), value)
        def top2(value):
            print("never")
    """, ["wire./a > py1.top1", "wire./b > py1.top2", "wire./c > py1.script.own"], options="default-handler = script.default")
    for path in ("/a", "/b", "/c"):
        show.set(path, 0.5)
    show.printed("^own")
    assert show.log.messages("py1", "default|own|never") == ["default top1 0.5", "default top2 0.5", "own script.own 0.5"]


def test_a_default_handler_that_does_not_resolve_is_an_error(play):
    show = play("""
        import midimonster
        def handler(value): midimonster.output("out", value)
    """, ["wire./top > py1.top", "wire./in > py1.script.handler", "py1.out > wire./out"], options="default-handler = script.nothing")
    show.log.wait(r"script\.nothing", "py1", "error")
    show.set("/top", 1)
    show.set("/in", 0.5)
    show.expect("/out", 0.5)


def test_a_module_that_does_not_import_fails_its_instance_only(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python broken]
        module = broken
        [python py1]
        module = script
        [map]
        wire./broken > broken.broken.handler
        wire./in > py1.script.handler
        py1.out > wire./out
    """, scripts={
        "broken.py": "import midimonster\nraise RuntimeError('import fault')\ndef handler(value): pass\n",
        "script.py": "import midimonster\ndef handler(value): midimonster.output('out', value)\n"})
    show.log.wait("RuntimeError: import fault", "broken", ("error", "warning"))
    assert show.log.matching("Traceback", "broken") and show.log.matching("broken.py", "broken")
    show.set("/broken", 1)
    show.set("/in", 0.5)
    show.expect("/out", 0.5)
    show.log.wait("the module broken cannot be imported, as before: 2 times in a row", "broken", "error")
    assert len(show.log.matching("RuntimeError: import fault", "broken")) == 1
    assert not show.log.matching(r"^running \(pid", "broken")


def test_a_module_with_a_syntax_error_or_without_what_it_imports_fails_its_instance_only(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python typo]
        module = typo
        [python absent]
        module = absent
        [python py1]
        module = script
        [map]
        wire./in > py1.script.handler
        py1.out > wire./out
    """, scripts={
        "typo.py": "def handler(value)\n\tpass\n", "absent.py": "import not_there\n",
        "script.py": "import midimonster\ndef handler(value): midimonster.output('out', value)\n"})
    show.log.wait("SyntaxError", "typo", ("error", "warning"))
    show.log.wait("ModuleNotFoundError", "absent", ("error", "warning"))
    show.set("/in", 0.5)
    show.expect("/out", 0.5)


ENDINGS = {
    "exit": ("sys.exit(7)", "7"),
    "hard": ("os._exit(9)", "9"),
    "abort": ("os.abort()", "(?i)abrt|segv"),  # the first process of a namespace is immune to its own SIGABRT
    "segfault": ("ctypes.string_at(0)", "(?i)segv|segmentation|signal 11"),
}


def test_exit_and_crash_end_that_worker_only(play):
    config = ["[osc wire]", "bind = 127.0.0.1 @IN@", "dest = 127.0.0.1 @OUT@"]
    script = ["import ctypes, os, sys, midimonster", "def handler(value): midimonster.output('out', value)"]
    maps = ["wire./in > py1.script.handler", "py1.out > wire./out"]
    for name in ("py1", *ENDINGS):
        config += [f"[python {name}]", "module = script"]
    for name, (code, _) in ENDINGS.items():
        script.append(f"def {name}(value): {code}")
        maps.append(f"wire./{name} > {name}.script.{name}")
    show = play(config="\n".join([*config, "[map]", *maps]), scripts={"script.py": "\n".join(script)},
                ready=("py1", *ENDINGS))
    survivor = show.worker()
    for value, (name, (_, how)) in enumerate(ENDINGS.items(), 1):
        position = show.log.position
        show.set(f"/{name}", 1)
        end = show.wait_restart(name, after=position)
        assert re.search(how, end.message), end
        show.set("/in", value / 8)
        show.expect("/out", value / 8)
    assert show.worker() == survivor and show.process.poll() is None


def test_a_module_named_midimonster_is_a_configuration_error(firecurtain):
    for command in ("check", "run"):
        result = firecurtain(command, "show.cfg", files={
            "show.cfg": "[python py1]\nmodule = midimonster\n", "midimonster.py": ""})
        assert result.returncode == 78
        assert re.search(r"show\.cfg:2:\d+: error: .*midimonster", result.stderr), result.stderr
