# SPDX-License-Identifier: BSD-2-Clause
"""MQTT's judges: a mosquitto of the test's own, clients of paho, and certificates."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from waiting import PATIENCE, until
from wire import free_port

paho = pytest.importorskip("paho.mqtt.client", reason="python3-paho-mqtt is missing")
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin") or pytest.skip("mosquitto is missing", allow_module_level=True)


class Server:
    """A mosquitto on a port of its own, with a folder that its user can read."""

    def __init__(self, *lines):
        self.port = free_port(kind=socket.SOCK_STREAM)
        self.folder = Path(tempfile.mkdtemp(prefix="fc-mqtt-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.lines = lines
        self.process = None
        self.start()

    def start(self):
        text = "\n".join([f"listener {self.port} 127.0.0.1", "user root", *(self.lines or ["allow_anonymous true"])]).replace("@DIR@", str(self.folder))
        (self.folder / "mosquitto.conf").write_text(text + "\n")
        self.process = subprocess.Popen([MOSQUITTO, "-c", self.folder / "mosquitto.conf"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("w"))
        until(self.answers, lambda: f"mosquitto does not start: {(self.folder / 'log').read_text()}")

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def secure(self, certificate="server"):
        """From now on it speaks TLS, and demands certificates of its folder."""
        if not (self.folder / "ca.crt").exists():
            make_certificates(self.folder)
        self.lines = ("allow_anonymous true", "cafile @DIR@/ca.crt", f"certfile @DIR@/{certificate}.crt", f"keyfile @DIR@/{certificate}.key",
                      "require_certificate true")
        self.stop()
        self.start()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)


class Peer:
    """A client of paho: what it has received on each topic, oldest first, with whether it was retained."""

    def __init__(self, server, protocol=4, **tls):
        self.received, self.lock = [], threading.Lock()
        self.client = paho.Client(protocol=protocol)
        if tls:
            self.client.tls_set(**tls)
            self.client.tls_insecure_set(True)
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", server.port)
        self.client.loop_start()
        until(self.client.is_connected, "paho does not connect")
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *more: subscribed.set()
        self.client.subscribe("#", qos=2)
        assert subscribed.wait(PATIENCE)

    def _take(self, client, userdata, message):
        with self.lock:
            self.received.append((message.topic, message.payload.decode(), bool(message.retain), message.qos))

    def on(self, topic):
        with self.lock:
            return [entry[1:] for entry in self.received if entry[0] == topic]

    def expect(self, topic, *payloads):
        until(lambda: [entry[0] for entry in self.on(topic)] == list(payloads), lambda: f"on {topic}: {self.on(topic)}, not {payloads}")

    def expect_last(self, topic, payload):
        until(lambda: self.on(topic) and self.on(topic)[-1][0] == payload, lambda: f"on {topic}: {self.on(topic)}, at last not {payload}")

    def send(self, topic, payload, **how):
        self.client.publish(topic, payload, **how).wait_for_publish()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def make_certificates(folder):
    """A CA, a server "show.test", and a client, by openssl."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
            "-subj", "/CN=firecurtain test", "-days", "2")
    for name, alt in (("server", "IP:127.0.0.1"), ("client", "DNS:client"), ("wrong", "DNS:wrong.name")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")
        (folder / "ext").write_text(f"subjectAltName={alt}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.crt", "-days", "2",
                "-extfile", "ext")
    for path in folder.iterdir():
        path.chmod(0o644)
