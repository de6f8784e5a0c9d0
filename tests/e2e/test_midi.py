# SPDX-License-Identifier: BSD-2-Clause
"""MIDI as far as it goes without a sequencer: what `check` finds, and a show that waits for one. tests/vm has the rest."""

import os
import shutil

import control
import pytest
from waiting import until

no_sequencer = pytest.mark.skipif(os.path.exists("/dev/snd/seq"), reason="this machine has a sequencer: see tests/vm/test_midi.py")
SHIPPED = """
[backend midi]
name = MIDIMonster
detect = on
[midi bcf]
read = BCF2000
write = BCF2000
[midi launchpad]
source = Launch Control XL
target = 20:0
epn-tx = short
[loopback all]
[map]
bcf.channel{0..7}.pitch > all.fader{0..7}
all.fader{0..7} > bcf.channel{0..7}.pitch
bcf.channel0.note{16..23} <> all.button{1..8}
launchpad.ch0.cc{0..8} > all.knob{0..8}
all.knob{0..8} > launchpad.ch0.nrpn{900..908}
launchpad.ch1.aftertouch > all.after
launchpad.ch1.program > all.program
launchpad.ch2.pressure5 > all.pressure
launchpad.ch3.rpn0 > all.range
"""


@pytest.mark.one_setting
def test_the_configurations_of_midimonster_pass_the_check(firecurtain):
    done = firecurtain("check", "show.cfg", files={"show.cfg": SHIPPED})
    assert (done.returncode, done.stderr) == (0, ""), done


@pytest.mark.one_setting
def test_check_finds_what_is_wrong(firecurtain):
    text = """
[backend midi]
name =
[midi a]
read =
reed = x
epn-tx = brief
note-off = on
note-off = on
[loopback b]
[map]
b.x > a.ch16.cc1
b.x > a.ch0.cc200
b.x > a.ch0.note
b.x > a.ch0.presure7
b.x > a.clok
b.x > a.bpm
b.x > a.msc.go.1
b.x > a.sysex.f
a.sysex.7d01xx > b.y
b.x > a.channel3.cc7+39
a.ch3.cc7+40 > b.y
"""
    done = firecurtain("check", "show.cfg", files={"show.cfg": text})
    assert done.returncode == 78
    for words in ("expected a name for the sequencer's clients", "expected the name of a device", 'did you mean "read"?',
                  'epn-tx is full or short; "brief" counts as full', "the MIDI channels are ch0 to ch15", "behind cc stands a number from 0 to 127",
                  '"ch0.note" has no number and counts as note0', 'did you mean "ch0.pressure7"?', 'did you mean "clock"?',
                  '"bpm" is what others send, and cannot be set', '"msc.go.1" is what others send', "pairs of hexadecimal digits",
                  "one of them is in the pair cc7+39 already"):
        assert words in done.stderr, (words, done.stderr)


@no_sequencer
def test_a_show_without_a_sequencer_waits_for_it(play):
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = 127.0.0.1 @OUT@
        [midi keys]
        read = nanoKONTROL2
        [loopback near]
        [map]
        wire./a > near.a
        near.a > wire./b
        wire./a > keys.ch0.cc7
        keys.alive > wire./alive
        """, ready=())
    show.log.wait(r"^cannot start: this machine has no ALSA sequencer \(/dev/snd/seq\); as root: modprobe snd-seq; trying again until it can$",
                  "keys", "error")
    until(lambda: 0 in show.wire.waiting("/alive"), "its absence is no event")
    for n in range(1, 20):
        show.set("/a", n / 32)
        show.expect("/b", n / 32)
    told = control.wait_for(show, "keys", "down")
    assert told["detail"].startswith("this machine has no ALSA sequencer")
    assert len(show.log.matching("^cannot start", "keys")) == 1, "it is said once"


def test_the_example(play, stage, identity):
    """Whoever has no controller moves its faders by hand."""
    folder = stage.folder(identity) / "midi"
    shutil.copytree(stage.examples / "midi", folder)
    for path in (folder, *folder.iterdir()):
        identity.own(path)
    os.rename(folder / "midi.cfg", folder / "show.cfg")
    show = play(folder=folder, ready=("mixer",), arguments=("-i", "lights.bind=127.0.0.1 @IN@", "-i", "lights.dest=127.0.0.1 @OUT@"))
    control.run(show, "emit", "faders.ch0.cc0", "0.5", check=0)
    show.expect("/light1/level", 0.5)
    control.run(show, "emit", "faders.ch0.cc7", "0.5", check=0)
    show.expect("/light1/level", 0.25)
    until(lambda: control.run(show, "channels", "faders").stdout.find("ch0.cc32") >= 0, "the lamp is no channel")
    show.printed("^the faders are not there$", "mixer")
