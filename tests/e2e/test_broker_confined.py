# SPDX-License-Identifier: BSD-2-Clause
"""A broker that has confined itself still does its work: workers, zygotes, configurations and folders come and go."""

import os
import signal
import socket

import pytest
from processes import descendants, named, settled_spares, status, surviving
from serving import accepting
from waiting import until

CONNECTING = """
    import socket
    import midimonster
    def handler(value):
        with socket.create_connection(("127.0.0.1", PORT), 5) as server:
            midimonster.output("out", server.recv(1)[0] / 256 + value / 256)
"""
MAPS = ["wire./in > py1.script.handler", "py1.out > wire./out"]


@pytest.fixture
def server():
    """Answers each connection with one byte."""
    with accepting(lambda peer: peer.send(b"\x80")) as port:
        yield port


def tasks(pid):
    return [int(task) for task in os.listdir(f"/proc/{pid}/task")]


def test_workers_and_zygotes_are_replaced_and_the_gate_works_for_each(play, server):
    show = play(CONNECTING.replace("PORT", str(server)), MAPS, options=f"connect = tcp:127.0.0.1:{server}")
    show.set("/in", 0.25)
    show.expect("/out", 0.5 + 0.25 / 256)
    for round in (1, 2):
        position = show.log.position
        os.kill(show.worker(), signal.SIGKILL)
        assert "SIGKILL" in show.wait_restart(after=position).message
        show.set("/in", round / 8)
        show.expect("/out", 0.5 + round / 8 / 256)
        position = show.log.position
        settled_spares(show)  # a new one still has the zygote's name
        zygote, = named(show.pid, "fc-zygote")
        os.kill(zygote, signal.SIGKILL)
        show.log.wait("the zygote has ended; starting another", after=position)
        until(lambda: named(show.pid, "fc-zygote") not in ([], [zygote]), "no new zygote")
        show.set("/in", round / 16)  # the worker has survived
        show.expect("/out", 0.5 + round / 16 / 256)


def test_the_end_of_the_keeper_is_the_end_of_the_show(play, identity):
    show = play("", [])
    family = descendants(show.pid)
    os.kill(named(show.pid, "fc-keeper")[0], signal.SIGKILL)
    show.process.wait(10)
    show.stop(status=71)
    show.log.wait("the keeper has died", level="error")
    until(lambda: not surviving(family), "processes are left")


def test_a_broker_that_is_killed_leaves_nothing_in_its_folder(play):
    show = play("", [])
    socket = next((show.folder / "run").rglob("control"))
    family = descendants(show.pid)
    show.process.kill()
    show.process.wait()
    until(lambda: not socket.exists() and not surviving(family), "something is left")
    show.stop(status=-signal.SIGKILL)


def test_a_new_configuration_shows_scripts_no_more_than_the_first(play, stage):
    show = play("print('first')", [])
    text = show.config.read_text()
    show.write("show.cfg", text.replace("module = script", "module = script\nread = /usr/share/zoneinfo"))
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("scripts can see /usr/share/zoneinfo only after firecurtain has been restarted", level="error")
    show.log.wait("the configuration was not changed")
    position = show.log.position
    show.write("other.py", "print('second')\n")
    show.write("show.cfg", text.replace("module = script", "module = other"))  # the same folder
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("^second$", "py1", after=position)


def test_names_are_looked_up_by_a_running_broker(play):
    # "localhost" as a name: not numeric, which makes the keeper resolve it
    show = play(config="""
        [osc wire]
        bind = 127.0.0.1 @IN@
        dest = localhost @OUT@
        [osc late]
        bind = localhost @IN2@
        [map]
        wire./in > wire./out
        """, ready=())
    show.coax("/in", "/out")
    show.process.send_signal(signal.SIGHUP)
    show.log.wait("the new configuration is running")
    show.coax("/in", "/out", 0.25)


def test_state_is_counted_still(play):
    show = play("""
        import os
        for n in range(40):
            open(f"file{n}", "w").close()
    """, [], options="state-files = 20", ready=())
    show.log.wait("its private folder", "py1", level="error")


def test_every_thread_of_the_broker_is_confined(play, identity):
    show = play("import midimonster\ndef handler(value):\n\tmidimonster.output('out', value)\n",
                ["wire./in > py1.script.handler", "py1.out > wire./out"])
    assert tasks(show.pid) == [show.pid], "the loop's, and no other"
    for task in tasks(show.pid):
        facts = status(show.pid, task)
        assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2", task
        assert 0 not in map(int, (facts["Uid"] + "\t" + facts["Gid"]).split()), task
        kept = 1 << 10 if identity.is_root else 0  # ports below 1024
        for name in ("CapPrm", "CapEff"):
            assert int(facts[name], 16) == kept, (task, name)
        for name in ("CapInh", "CapAmb"):
            assert int(facts[name], 16) == 0, (task, name)
        if identity.is_root:
            assert int(facts["CapBnd"], 16) == kept, task
            assert facts["Groups"].strip() == "", task


@pytest.mark.skipif(os.getuid() != 0, reason="only root sees what the keeper holds")
def test_the_keeper_holds_nothing_but_what_it_is_for(play, identity):
    show = play("", [])
    keeper, = named(show.pid, "fc-keeper")
    held = {int(fd): os.readlink(f"/proc/{keeper}/fd/{fd}") for fd in os.listdir(f"/proc/{keeper}/fd")}
    assert set(held) >= {0, 1, 2, 3}, held
    assert all(held[fd] == "anon_inode:[pidfd]" for fd in set(held) - {0, 1, 2, 3}), held  # of its children
    assert held[0] == held[1] == "/dev/null" and held[3].startswith("socket:"), held
    facts = status(keeper)
    assert len(tasks(keeper)) == 1
    if identity.is_root:  # chown, dac_override, fowner, kill, setgid, setuid, setpcap, sys_chroot, sys_ptrace, sys_admin
        needed = sum(1 << bit for bit in (0, 1, 3, 5, 6, 7, 8, 18, 19, 21))
        needed |= 1 << 10  # net_bind_service, for gates
        assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == needed
    else:
        assert int(facts["CapEff"], 16) == 0


def test_a_low_port_is_still_to_be_had(play, identity):
    if not identity.is_root:
        pytest.skip("an ordinary user may not bind it in the first place")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
    show = play("""
        import socket
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 913))
            print("bound to", server.getsockname()[1])
    """, [], options="listen = udp:127.0.0.1:913")
    show.printed("^bound to 913$")
