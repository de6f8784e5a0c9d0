# SPDX-License-Identifier: BSD-2-Clause
"""The values of channels on demand: `firecurtain get` and `channels`."""

import json

import pytest
from control import DONE, Client, fields, outcome, run
from waiting import until

ECHO = """
    import midimonster
    def handler(value):
        midimonster.output('out', value)
    midimonster.output('unmapped', 0.125)
"""
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out", "wire./other > py1.silent", "wire./both > wire./both"]


@pytest.mark.one_setting
def test_get_and_channels(play):
    show = play(ECHO, MAPS)
    assert run(show, "get", "py1.out", check=0).stdout == "py1.out -\n"
    show.set("/in", 0.25)
    show.expect("/out", 0.25)
    assert run(show, "get", "py1.out", check=0).stdout == "py1.out 0.25\n"
    assert run(show, "get", "*.s*", "wire./o?*", check=0).stdout == "py1.script.handler 0.25\npy1.silent -\nwire./out 0.25\nwire./other -\n"
    run(show, "emit", "py1.out", "1", check=0)
    assert json.loads(run(show, "get", "--json", "py1.out", "py1.unmapped", "wire./other", check=0).stdout) == [
        {"channel": "py1.out", "source": True, "target": False, "value": 1},
        {"channel": "py1.unmapped", "source": False, "target": False, "value": 0.125},
        {"channel": "wire./other", "source": True, "target": False, "value": None}]
    rows = [line.split() for line in run(show, "channels", "wire", check=0).stdout.splitlines()]
    assert rows[0] == ["CHANNEL", "MAPPED", "AS", "VALUE"] and ["wire./in", "source", "0.25"] in rows
    assert ["wire./both", "source,", "target", "-"] in rows
    listed = json.loads(run(show, "channels", "--json", "py1", check=0).stdout)
    assert [each["channel"] for each in listed] == ["py1.script.handler", "py1.out", "py1.silent", "py1.unmapped"]
    show.stop()


@pytest.mark.one_setting
@pytest.mark.parametrize("arguments, code, says", [
    (["get", "py1.aut"], 66, 'py1 has no channel "aut"; did you mean "out"?'),
    (["get", "pi1.out"], 66, 'there is no instance "pi1"; did you mean "py1"?'),
    (["get", "pi1.*"], 66, 'there is no instance "pi1"; did you mean "py1"?'),
    (["get", "py1.z*"], 66, 'there is no channel "py1.z*"'),
    (["get", "z*"], 66, 'there is no channel "z*"'),
    (["get"], 64, "usage: firecurtain get PATTERN"),
    (["channels", "pi1"], 66, 'did you mean "py1"?'),
    (["channels"], 64, "usage: firecurtain channels INSTANCE"),
    (["channels", "py1", "--time"], 64, '"firecurtain channels" has no option --time; "firecurtain watch" has it'),
])
def test_what_is_not_there(play, arguments, code, says):
    done = run(play(ECHO, MAPS), *arguments, check=code)
    assert says in done.stderr and done.stdout == ""


@pytest.mark.one_setting
def test_many_channels_come_in_pages(play):
    config = "[loopback l]\n[loopback k]\n[map]\nl.x{1..3000} > k.x{1..3000}\n"
    show = play(config=config, ready=())
    until(lambda: run(show, "status").returncode == 0, "it does not start")
    names = [f"k.x{n}" for n in range(1, 3001)]
    assert [line.split()[0] for line in run(show, "get", "k.*", check=0).stdout.splitlines()] == names
    assert len(json.loads(run(show, "get", "--json", "*", check=0).stdout)) == 6000
    with Client(show) as client:
        def asked(start):
            """It is busy with the requests before."""
            reply = client.ask("channels", "k", from_=start)
            return outcome(reply) == DONE and reply

        reply = until(lambda: asked(2999), "it stays busy")
        assert [fields(each)[1] for each in reply[14]] == [[b"k.x3000"]] and 5 not in reply
        assert 14 not in until(lambda: asked(3000), "it stays busy")
