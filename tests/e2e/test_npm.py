# SPDX-License-Identifier: BSD-2-Clause
"""The packages of npm that judge the product are had once, or a reason is given."""

import shutil
import socket
import ssl
from pathlib import Path

import npm
import pytest
from serving import accepting
from wire import free_port

pytestmark = [pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs node and npm")]


def test_a_registry_that_cannot_be_reached_is_a_reason_and_is_not_asked_again_at_once(tmp_path):
    options = (f"--registry=http://127.0.0.1:{free_port(kind=socket.SOCK_STREAM)}", f"--cache={tmp_path / 'own'}", "--fetch-retries=0")
    for more in (options, ("--no-such-registry",)):
        with pytest.raises(npm.Unreachable, match="ECONNREFUSED"):
            npm.installed(tmp_path / "cache", *more)


def test_a_registry_that_is_not_trusted_is_a_reason(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("localhost.pem"))
    with accepting(lambda client: context.wrap_socket(client, server_side=True).close()) as port:
        with pytest.raises(npm.Unreachable, match="DEPTH_ZERO_SELF_SIGNED_CERT"):
            npm.installed(tmp_path / "cache", f"--registry=https://localhost:{port}", f"--cache={tmp_path / 'own'}", "--fetch-retries=0")


def test_packages_are_those_that_are_listed_and_run_no_scripts():
    folder = npm.packages()
    assert npm.packages() == folder
    assert (folder / "node_modules/axe-core/axe.min.js").exists() and not (folder / "node_modules/mdns").exists()
