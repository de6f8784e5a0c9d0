# SPDX-License-Identifier: BSD-2-Clause
"""The module midimonster as scripts see it; docs/python-api.md describes it."""

import itertools

import pytest

pytestmark = [pytest.mark.smoke, pytest.mark.one_setting]


def test_output_is_clamped(play):
    show = play("""
        import midimonster
        def stretch(value):
            midimonster.output("out", value * 3 - 1)
    """, ["wire./in > py1.script.stretch", "py1.out > wire./out"])
    for value, expected in [(0, 0), (1, 1), (0.5, 0.5), (0.25, 0), (0.875, 1)]:
        show.set("/in", value)
        show.expect("/out", expected)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_output_of_a_value_that_is_no_number_is_a_value_error(play, value):
    show = play(f"""
        import midimonster
        def handler(value):
            try:
                midimonster.output("out", float("{value}"))
            except ValueError:
                midimonster.output("refused", 1)
    """, ["wire./in > py1.script.handler", "py1.out > wire./out", "py1.refused > wire./refused"])
    show.set("/in", 1)
    show.expect("/refused", 1)
    assert not show.wire.waiting("/out")


def test_output_to_an_unknown_channel_warns_once_per_name(play):
    show = play("""
        import midimonster
        def handler(value):
            midimonster.output("nowhere", value)
            midimonster.output("elsewhere", value)
    """, ["wire./in > py1.script.handler"], sync=True)
    for _ in range(3):
        show.set("/in", 1)
    show.sync()
    for name in ("nowhere", "elsewhere"):
        show.log.wait(rf"\b{name}\b", "py1", "warning")
        assert len(show.log.matching(rf"\b{name}\b", "py1", "warning")) == 1


def test_output_during_import_is_routed_with_its_last_value_when_the_instance_starts(play):
    show = play("""
        import midimonster
        midimonster.output("out", 0.125)
        midimonster.output("out", 0.75)
        midimonster.output("unmapped", 0.5)
        def handler(value):
            print("channels", midimonster.channels(), midimonster.outputvalue("out"), midimonster.outputvalue("unmapped"))
    """, ["py1.out > wire./out", "wire./in > py1.script.handler"], sync=True)
    show.expect("/out", 0.75)
    show.set("/in", 1)
    listed = show.printed("^channels")
    assert "'unmapped'" in listed and listed.endswith("0.75 0.5")
    show.sync()
    assert not show.wire.waiting("/out")
    assert not show.log.matching("unmapped", level="warning")


def test_values_are_none_if_unknown_and_zero_if_never_set(play):
    show = play("""
        import midimonster
        def handler(value):
            print("values", midimonster.inputvalue("unknown"), midimonster.outputvalue("unknown"),
                  midimonster.inputvalue("out"), midimonster.outputvalue("out"), midimonster.inputvalue("top"))
    """, ["wire./in > py1.script.handler", "py1.out > wire./out", "wire./top > py1.top"])
    show.set("/in", 1)
    assert show.printed("^values") == "values None None 0.0 0.0 0.0"


def test_values_are_the_last_ones(play):
    show = play("""
        import midimonster
        def show_top(value):
            midimonster.output("out", 0.25)
            midimonster.output("out", 0.375)
            print("values", midimonster.inputvalue("top"), midimonster.outputvalue("out"))
    """, ["wire./top > py1.top", "wire./in > py1.script.show_top", "py1.out > wire./out"])
    show.set("/top", 0.5)
    show.set("/top", 0.625)
    show.set("/in", 1)
    assert show.printed("^values") == "values 0.625 0.375"


def test_values_outlive_a_restart_of_the_instance(play):
    show = play("""
        import os
        import midimonster
        print("at import", midimonster.inputvalue("top"), midimonster.outputvalue("out"))
        def set_out(value):
            midimonster.output("out", value)
        def end(value):
            os._exit(3)
        def tell(value):
            print("values", midimonster.inputvalue("top"), midimonster.outputvalue("out"))
    """, ["wire./top > py1.top", "wire./set > py1.script.set_out", "wire./end > py1.script.end",
          "wire./tell > py1.script.tell", "py1.out > wire./out"])
    show.set("/top", 0.625)
    show.set("/set", 0.25)
    show.expect("/out", 0.25)
    first = show.worker()
    position = show.log.position
    show.set("/end", 1)
    end = show.wait_restart(after=position)
    assert "3" in end.message
    again = show.log.wait(r"^running \(pid", "py1", after=show.log.lines.index(end))
    assert show.worker() != first
    assert again.arrived - end.arrived < 15, "the first restart is at once"
    show.set("/tell", 1)
    assert show.printed("^values") == "values 0.625 0.25"


def test_inside_a_handler_inputvalue_is_the_previous_value(play):
    show = play("""
        import midimonster
        def handler(value):
            print("now", value, "before", midimonster.inputvalue("script.handler"))
    """, ["wire./in > py1.script.handler"])
    for value in (0.25, 0.5, 0.75):
        show.set("/in", value)
    show.printed("^now 0.75")
    assert show.log.messages("py1", "^now") == [
        "now 0.25 before 0.0", "now 0.5 before 0.25", "now 0.75 before 0.5"]


def test_the_value_is_stored_also_when_the_handler_raises(play):
    show = play("""
        import midimonster
        def handler(value):
            print("now", value, "before", midimonster.inputvalue("script.handler"))
            raise RuntimeError("on purpose")
    """, ["wire./in > py1.script.handler"])
    for value in (0.25, 0.5):
        show.set("/in", value)
    assert show.printed("^now 0.5") == "now 0.5 before 0.25"


def test_current_is_the_name_of_the_channel_as_mapped(play):
    show = play("""
        import midimonster
        def handler(value):
            print("current", midimonster.current())
        def default(value):
            print("current", midimonster.current())
        def tick():
            print("in interval", midimonster.current())
            midimonster.interval(tick, 0)
        print("in import", midimonster.current())
        midimonster.interval(tick, 5)
        midimonster.cleanup_handler(lambda: print("in cleanup", midimonster.current()))
    """, ["wire./a > py1.script.handler", "wire./b > py1.top"], options="default-handler = script.default")
    show.set("/a", 1)
    show.set("/b", 1)
    show.printed("^current top$")
    assert show.log.messages("py1", "^current") == ["current script.handler", "current top"]
    show.printed("^in import None$")
    show.printed("^in interval None$")
    show.stop()
    show.printed("^in cleanup None$")


def test_timestamp_is_whole_monotonic_milliseconds_and_stands_still_during_a_handler(play):
    show = play("""
        import time
        import midimonster
        def handler(value):
            first, clock = midimonster.timestamp(), time.monotonic() * 1000
            time.sleep(0.03)
            print("times", type(first).__name__, first, midimonster.timestamp(), clock)
    """, ["wire./in > py1.script.handler"])
    stamps = []
    for n in (1, 2):
        show.set("/in", 1)
        show.log.wait("^times", "py1", count=n)
        _, kind, first, second, clock = show.log.messages("py1", "^times")[-1].split()
        assert kind == "int" and first == second
        assert abs(float(clock) - int(first)) < 5000, "on the monotonic clock"
        stamps.append(int(first))
    assert stamps[1] - stamps[0] >= 29


# channels, cleanup_handler


def test_channels_are_named_in_creation_order_outputs_too(play):
    show = play("""
        import midimonster
        def handler(value):
            print("channels", midimonster.channels())
    """, ["py1.zeta > wire./zeta", "wire./in > py1.script.handler", "wire./alpha > py1.alpha", "py1.m{1..3} > wire./m{1..3}",
          "wire./zeta > py1.zeta"])
    show.set("/in", 1)
    assert show.printed("^channels") == "channels ['zeta', 'script.handler', 'alpha', 'm1', 'm2', 'm3']"


def test_cleanup_handler_returns_the_old_one(play):
    show = play("""
        import midimonster
        def first(): print("first ran")
        def second(): print("second ran")
        print("returned", midimonster.cleanup_handler(first))
        print("returned", midimonster.cleanup_handler(second) is first)
    """)
    show.stop()
    assert show.log.messages("py1", "returned|ran") == ["returned None", "returned True", "second ran"]


def test_cleanup_handler_none_removes(play):
    show = play("""
        import midimonster
        def first(): print("first ran")
        midimonster.cleanup_handler(first)
        print("returned", midimonster.cleanup_handler(None) is first)
        print("returned", midimonster.cleanup_handler(None))
    """)
    show.stop()
    assert show.log.messages("py1", "returned|ran") == ["returned True", "returned None"]


def test_cleanup_handler_that_is_no_function_is_a_type_error(play):
    show = play("""
        import midimonster
        for wrong in (5, "text", []):
            try:
                midimonster.cleanup_handler(wrong)
            except TypeError:
                print("refused", repr(wrong))
    """, sync=True)
    show.sync()
    show.printed(r"^refused \[\]$")
    assert show.log.messages("py1", "refused") == ["refused 5", "refused 'text'", "refused []"]


def test_outputs_of_a_cleanup_handler_are_routed(play):
    show = play("""
        import midimonster
        def bye():
            midimonster.output("out", 0.25)
            midimonster.output("out", 0.75)
        midimonster.cleanup_handler(bye)
    """, ["py1.out > wire./out"])
    wire = show.wire
    show.process.terminate()
    wire.expect("/out", 0.25, 0.75)
    show.stop()


def test_a_cleanup_handler_has_a_time_limit(play):
    show = play("""
        import time
        import midimonster
        def bye():
            midimonster.output("out", 0.5)
            print("sleeping")
            time.sleep(3600)
        midimonster.cleanup_handler(bye)
    """, ["py1.out > wire./out"])
    show.stop()
    assert show.log.matching("", "py1", ("warning", "error")), "and the log says so"


# Threads, time


def test_calls_may_come_from_any_thread(play):
    show = play("""
        import threading
        import midimonster
        def work(value):
            midimonster.output("out%d" % (value * 4), value)
            print("thread", midimonster.inputvalue("top"), midimonster.current(), type(midimonster.timestamp()).__name__, value)
        def handler(value):
            threads = [threading.Thread(target=work, args=(n / 4,)) for n in range(4)]
            for thread in threads:
                thread.start()
        def ticker():
            midimonster.output("tick", 1 - midimonster.outputvalue("tick"))
        threading.Thread(target=lambda: midimonster.interval(ticker, 10)).start()
    """, ["wire./in > py1.script.handler", "wire./top > py1.top", "py1.out{0..3} > wire./out{0..3}", "py1.tick > wire./tick"])
    show.set("/top", 0.5)
    show.set("/in", 0.25)
    for n in range(4):
        show.expect(f"/out{n}", n / 4)
    show.log.wait("^thread 0.5 ", "py1", count=4)
    show.expect("/tick", *[1, 0] * 3)


def test_outputs_of_a_thread_that_outlives_the_handler_are_routed(play):
    # Nothing else happens in the instance; the outputs must not wait for the next event.
    show = play("""
        import threading, time
        import midimonster
        def work():
            for n in range(5):
                time.sleep(0.05)
                midimonster.output("out", n / 4)
        def handler(value):
            threading.Thread(target=work).start()
    """, ["wire./in > py1.script.handler", "py1.out > wire./out"])
    show.set("/in", 1)
    show.expect("/out", 0, 0.25, 0.5, 0.75, 1)


def test_a_long_handler_blocks_only_its_own_instance(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [python slow]
        module = slow
        [python quick]
        module = quick
        [map]
        wire./slow > slow.slow.handler
        slow.done > wire./done
        wire./in > quick.quick.handler
        quick.out > wire./out
    """, scripts={
        "slow.py": """
            import time, midimonster
            def handler(value):
                print("asleep")
                time.sleep(1.5)
                midimonster.output("done", value)
        """,
        "quick.py": """
            import midimonster
            def handler(value): midimonster.output("out", value)
        """}, ready=("slow", "quick"))
    show.set("/slow", 1)
    show.printed("asleep", "slow")
    for value in itertools.islice(itertools.cycle([0.25, 0.5]), 100):
        show.set("/in", value)
        show.expect("/out", value)
    assert not show.wire.waiting("/done"), "100 answers while the other instance slept"
    show.expect("/done", 1)


@pytest.mark.parametrize("name", ["a\\x00b", "a\\nb", "a\\x7fb", "a\\x85b", "\\ud800", ""])
def test_a_name_that_is_none_is_refused_where_it_is_made(play, name):
    show = play(f"""
        import midimonster
        try:
            midimonster.output("{name}", 0.5)
        except ValueError:
            print("refused")
    """)
    show.printed("^refused$")
    assert not show.log.matching("protocol|ended", "py1")


def test_a_module_with_an_odd_name_is_no_reason_to_end(play):
    show = play("import importlib\nimportlib.import_module('a\\x85b')\n", scripts={"a\x85b.py": "print('here')\n"})
    show.printed("^here$")
    assert not show.log.matching("protocol|ended", "py1")
