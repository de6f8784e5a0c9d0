# SPDX-License-Identifier: BSD-2-Clause
"""What a user does to exhaust one of her quotas, with all her instances: scripts for the benchmark and for the tests.

Each script begins with a value above 0 on its channel and ends with 0, or without its file `go`. A line of the log
says of each instance that it really met its limit.
"""

import textwrap
from dataclasses import dataclass

INSTANCES = [f"py{n}" for n in range(1, 5)]  # as many as she may have
UIDS = {"alice": 20001, "bob": 20002}
ECHO = "import midimonster\ndef f(value):\n\tmidimonster.output('out', value)\n"

# `work` runs in as many threads as the pressure says.
FRAME = """\
import midimonster, threading, time
go = threading.Event()
def f(value):
    if value > 0:
        go.set()
    else:
        go.clear()
said = 0
count = 0
def say(*what):
    global said, count
    if time.monotonic() - said > 0.2:
        said = time.monotonic()
        count += 1
        print(*what, f"({count})")  # the log would count equal lines
def again():
    while True:
        go.wait()
        try:
            work()
        except Exception as error:
            say("exhausted:", type(error).__name__, error)
"""
THREADS = """
for _ in range({threads}):
    threading.Thread(target=again, daemon=True).start()
"""
MEMORY = """
    def work():
        kept = []
        try:
            while go.is_set():
                kept.append(bytearray(b"x") * (1 << 20))
        finally:
            del kept[:]
    """
PROCESSOR = """
    import hashlib
    block = bytes(1 << 20)
    def work():
        begin = time.process_time()
        while go.is_set():
            hashlib.sha256(block).digest()  # without the interpreter's lock
            if time.process_time() - begin > 0.2:
                begin = time.process_time()
                say("exhausted: another 0.2 s of a processor")
    """
RATE = """
    def work():
        n = 0
        while go.is_set():
            n = (n + 1) % 1000
            midimonster.output("out", n / 1000)
    """
CONNECTIONS = """
    import errno, socket
    target = ("127.0.0.1", int(open("/show/port").read()))
    def work():
        kept = []
        while go.is_set():
            try:
                for _ in range(20):
                    one = socket.socket()
                    one.settimeout(1)
                    one.connect(target)
                    kept.append(one)
            except OSError as error:
                say("exhausted:", errno.errorcode.get(error.errno))
            try:
                for _ in range(20):
                    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    one.bind(("127.0.0.1", 0))
                    kept.append(one)
            except OSError as error:
                say("exhausted:", errno.errorcode.get(error.errno))
            if len(kept) > 100:
                del kept[:50]
    """
# At import, when channels can be made, while there is the file `go`; each worker that is ended for it has a successor
# that begins again.
CHANNELS = """
    import midimonster, os
    def f(value):
        if value > 0:
            os._exit(1)
    n = 0
    while os.path.exists("/show/go"):
        n += 1
        midimonster.output("c%d" % n, 0.5)
    """
# Beyond the quota, but on no disk so far that the instance would not be started again (three times as much).
STATE = """
    def work():
        n = 0
        while go.is_set():
            n = (n + 1) % 30
            with open("large-%d" % n, "wb") as file:
                for _ in range(64):
                    file.write(bytes(1 << 16))
    """
# Just within the quota, and never at rest: a count of so many files is what this costs the house.
FILES = """
    import os
    def work():
        os.makedirs("many", exist_ok=True)
        n = len(os.listdir("many"))
        while go.is_set():
            n += 1
            with open("many/%d" % (n % 9000), "wb") as file:
                file.write(b"x")
            if n > 9000:
                say("exhausted: 9000 files")
                time.sleep(0.001)
    """


@dataclass(frozen=True)
class Pressure:
    work: str
    evidence: str  # what the log says of an instance that met its limit
    quotas: str = ""
    options: str = ""
    threads: int = 1  # 0: a script that needs no frame
    is_brokers: bool = True  # to keep from others; processors, memory and the disk are the kernel's to share out

    def script(self):
        body = textwrap.dedent(self.work)
        return FRAME + body + THREADS.format(threads=self.threads) if self.threads else body

    def house(self):
        """The options of alice, who has the quota, and of bob, who answers."""
        return {"alice": "grant-input = desk./in\ngrant-output = desk./out\n" + self.quotas,
                "bob": "grant-input = probe./in\ngrant-output = probe./out\n"}


PRESSURES = {
    "memory": Pressure(MEMORY, "^exhausted: MemoryError", "memory = 320M\n", is_brokers=False),
    "processor": Pressure(PROCESSOR, "^exhausted: another", threads=8, is_brokers=False),
    "rate": Pressure(RATE, "option rate"),
    "connections": Pressure(CONNECTIONS, "^exhausted: E(MFILE|AGAIN)",
                            "connections = 64\nallow-connect = *:*\nallow-listen = udp:*:*\n", "connect = *:*\nlisten = udp:*:*\n", threads=8),
    "channels": Pressure(CHANNELS, "has made more channels than allowed", options="restart-delay = 100ms\n", threads=0),
    "state": Pressure(STATE, "its private folder .* has more than", "state = 256M\n", "restart-delay = 100ms\n",
                      is_brokers=False),
    "small files": Pressure(FILES, "^exhausted: 9000 files", is_brokers=False),
}
BOB = "[python py1]\nmodule = script\n[map]\nprobe./in > py1.script.f\npy1.out > probe./out\n"


def configuration(options="", instances=INSTANCES):
    """Of alice's own show."""
    sections = "".join(f"[python {name}]\nmodule = script\n{options}" for name in instances)
    return sections + "[map]\n" + "".join(f"desk./in > {name}.script.f\n{name}.out > desk./out\n" for name in instances)
