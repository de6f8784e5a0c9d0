# SPDX-License-Identifier: BSD-2-Clause
"""A house of two users, with their folders and accounts; and the same with a control socket that they can reach."""

import os
import re
import signal
import subprocess
import contextlib

import control
from control import DONE, REFUSED, Client
from harness import dedent
from waiting import until

UIDS = {"alice": 20001, "bob": 20002}
DONE = "^the new configuration is running$"
REFUSED = "^the configuration was not changed"
GRANTS = "grant-input = wire./in{1..4}\ngrant-output = wire./out{1..4}\n"
SCRIPT = """
    import midimonster
    def f(value):
        midimonster.output("out", value)
    """
SHOW = "[python py1]\nmodule = script\n[map]\nwire./in{n} > py1.script.f\npy1.out > wire./out{n}\n"


class House:
    """Makes the administrator's configuration, and the folders (0700) of alice, whose channels are in1 and out1, and of
    bob."""

    def __init__(self, play, identity, stage):
        self.play, self.identity, self.stage = play, identity, stage
        self.folders, self.options, self.show = {}, {}, None
        for number, user in enumerate(UIDS, 1):
            self.folders[user] = stage.folder(identity)
            self.options[user] = GRANTS
            self.write(user, "show.cfg", SHOW.replace("{n}", str(number)))
            self.write(user, "script.py", SCRIPT)
            self.own(user, self.folders[user], 0o700)

    def uid(self, user):
        return UIDS[user] if self.identity.is_root else self.identity.uid

    def own(self, user, path, mode):
        os.chown(path, self.uid(user), self.uid(user))
        path.chmod(mode)

    def write(self, user, name, text):
        path = self.folders[user] / name
        path.write_text(dedent(text))
        self.own(user, path, 0o600)
        return path

    def config(self):
        return "[osc wire]\nbind = 127.0.0.1 @IN@\ndest = 127.0.0.1 @OUT@\n" + self.users()

    def users(self):
        text = ""
        for user, options in self.options.items():
            uid = f"uid = {UIDS[user]}\n" if self.identity.is_root and "uid =" not in options else ""
            text += f"[user {user}]\nshow = {self.folders[user]}/show.cfg\n{uid}{options}"
        return text

    def start(self, *ready, **how):
        self.show = self.play(config=self.config(), ready=[f"{user}/py1" for user in ready or UIDS], **how)
        return self.show

    def read_again(self, done=DONE):
        position = self.show.log.position
        self.show.write("show.cfg", self.config())
        os.kill(self.show.pid, signal.SIGHUP)
        self.show.log.wait(done, after=position)
        return position

    def worker(self, user):
        return self.show.worker(f"{user}/py1")

    def answers(self, number, value):
        self.show.set(f"/in{number}", value)
        self.show.expect(f"/out{number}", value)


# Of the house, alice has in1 and out1, bob in2 and out2; both may write /shared.
HERS = {user: f"grant-input = wire./in{n}\ngrant-output = wire./out{n}\ngrant-output = wire./shared\n"
        for n, user in enumerate(UIDS, 1)}
SPEAKING = """
    import midimonster
    print("this is USER")
    def f(value):
        midimonster.output("out", value)
        print("heard", value)
    """


class Controlled(House):
    """A house whose socket can be reached, and whose users send their own requests."""

    def __init__(self, play, identity, stage):
        super().__init__(play, identity, stage)
        self.head = ""
        self.runtime = stage.folder(identity)
        self.options = dict(HERS)
        for user in UIDS:
            self.write(user, "script.py", SPEAKING.replace("USER", user))

    def config(self):
        return self.head + super().config()

    def start(self, *ready, **how):
        show = super().start(*ready, env={"RUNTIME_DIRECTORY": str(self.runtime)}, **how)
        return show

    def run(self, user, *arguments, check=None, **how):
        """Runs the command as a user, or as the account that started the broker (None)."""
        uid = self.uid(user) if user else None
        return control.run(self.show, *arguments, uid=uid, folder=self.runtime, check=check, **how)

    def status(self, user, *names):
        return control.status(self.show, *names, uid=self.uid(user) if user else None, folder=self.runtime)

    def answers_unheard(self, user, number, value):
        """Waits until the broker has counted the answer of a frozen user: what she prints may be there before."""
        name = f"{user}/py1"
        before = self.status(None)[name]["out"]
        self.show.set(f"/in{number}", value)
        self.show.log.wait(f"^heard {value}", name)
        until(lambda: self.status(None)[name]["out"] > before, f"{name} put nothing out")
        assert self.show.wire.waiting(f"/out{number}") == []

    @contextlib.contextmanager
    def client(self, user):
        """Makes a raw connection as a user or uid: the kernel notes who connects."""
        uid = UIDS.get(user, user)
        os.setegid(uid)
        os.seteuid(uid)
        try:
            client = Client(self.show, folder=self.runtime)
        finally:
            os.seteuid(0)
            os.setegid(0)
        with client:
            yield client

    @contextlib.contextmanager
    def following(self, user, *arguments):
        command = control.command(self.show, *arguments, uid=self.uid(user), folder=self.runtime)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def audited(self, pattern):
        until(lambda: control.audits(self.show, pattern), lambda: f"no {pattern} in the audit log:\n{self.show.log}")

    def is_hidden(self, user, verb, name, *rest, check=66):
        """Asserts that the user gets the same answer as for a name that does not exist, and that the audit log has it.
        Returns its text."""
        done = self.run(user, verb, name, *rest, check=check)
        absent = re.sub("bob", "bib", name)
        nothing = self.run(user, verb, absent, *rest, check=check)
        assert done.stdout == nothing.stdout == "" and done.stderr == nothing.stderr.replace("bib", "bob")
        self.audited(rf"uid={UIDS[user]} pid=\d+ role=user verb={verb} subject={re.escape(name)} outcome=(\"unknown name\"|refused)")
        return done.stderr
