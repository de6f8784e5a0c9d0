# SPDX-License-Identifier: BSD-2-Clause
"""Sockets that a thread of the test serves."""

import contextlib
import socket
import threading


@contextlib.contextmanager
def serving(sock, handle):
    """Has a thread call handle(sock) again and again, and closes the socket once that has ended.

    A thread that waits in a socket which another thread closes waits on and keeps the address; after a signal, the kernel
    starts the call again, with whatever socket has got the number since.
    """
    over = threading.Event()

    def run():
        while not over.is_set():
            with contextlib.suppress(OSError):  # it is in vain, or a client's fault
                handle(sock)

    with sock:
        sock.settimeout(0.1)  # of waiting only: what accept() returns has none
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield sock
        finally:
            over.set()
            thread.join()


@contextlib.contextmanager
def accepting(handle, address=("127.0.0.1", 0), **how):
    """A TCP server that has a thread call handle(client) for each connection, which is closed then; its port."""

    def accept(server):
        client, _ = server.accept()
        with client:
            handle(client)

    with serving(socket.create_server(address, **how), accept) as server:
        yield server.getsockname()[1]
