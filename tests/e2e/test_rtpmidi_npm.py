# SPDX-License-Identifier: BSD-2-Clause
"""RTP-MIDI with npm's package rtpmidi at the other end, which invites a show and is invited."""

import pytest
import rtpmidi
from waiting import until

pytestmark = [pytest.mark.one_setting]

CONFIG = """
    [osc wire]
    bind = 127.0.0.1 @IN@
    dest = 127.0.0.1 @OUT@
    [rtpmidi inviting]
    mode = apple
    bind = 127.0.0.1 {inviting}
    peer = 127.0.0.1 {invited}
    note-off = on
    [rtpmidi open]
    mode = apple
    bind = 127.0.0.1 {open}
    join = joining
    note-off = on
    [map]
"""
CHANNELS = {"ch0.cc7": (64 / 127, [0xB0, 7, 64]), "ch1.note60": (100 / 127, [0x91, 60, 100]), "ch15.pitch": (0.5, [0xEF, 0, 64]),
            "ch2.program": (5 / 127, [0xC2, 5])}


def even_port():
    """Returns the first of two free ports; the package takes an even one for that of control."""
    while (port := rtpmidi.free_ports()) % 2:
        pass
    return port


def test_values_both_ways_in_two_sessions(play, judge_by):
    ports = {name: even_port() for name in ("inviting", "invited", "open", "joining")}
    maps = [line for instance in ("inviting", "open") for channel in CHANNELS
            for line in (f"{instance}.{channel} > wire./{instance}/{channel}", f"wire./{instance}/{channel} > {instance}.{channel}")]
    data = {**ports, "inviting": ports["inviting"] + 1, "open": ports["open"] + 1}  # what a show is bound to
    show = play(config=CONFIG.format(**data) + "\n".join(maps) + "\n", ready=(), bound=[ports["inviting"], ports["open"]])
    judge = judge_by("rtpmidi", ports["open"], ports["invited"], ports["joining"])
    for instance, session in (("inviting", "invited"), ("open", "joining")):
        show.log.wait("is connected", instance)
        judge.wait("connected", lambda *_, session=session: [session] in judge.all("connected"))
        for channel, (value, message) in CHANNELS.items():
            until(lambda: judge.tell("play", session, message) or show.wire.waiting(f"/{instance}/{channel}"),  # noqa: B023
                  lambda: f"{channel} does not come from {session}:\n{judge.heard[-5:]}\n{judge.log}\n{show.log}", pause=0.2)
            show.expect(f"/{instance}/{channel}", value)
            show.set(f"/{instance}/{channel}", value / 2)
            show.set(f"/{instance}/{channel}", value)
            until(lambda: [session, message] in judge.all("message"), lambda: f"{channel} does not come to {session}: {judge.heard}")  # noqa: B023
        show.set(f"/{instance}/ch1.note60", 0)
        until(lambda: [session, [0x81, 60, 64]] in judge.all("message"), lambda: f"no end of the note: {judge.heard}")  # noqa: B023
    judge.tell("end", "joining")
    show.log.wait('"joining" at .* has left', "open", "warning")
    show.stop()
    until(lambda: ["invited"] in judge.all("disconnected"), "the show does not leave")
