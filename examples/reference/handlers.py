"""One of each: channel handler, socket handler, interval and cleanup handler."""

import json
import socket

import midimonster

pings = 0


def in1(value):
    """Called for each event on py1.handlers.in1."""
    midimonster.output("out1", 1 - value)


def socket_handler(sock):
    """Called when the server has sent something or hung up."""
    data = sock.recv(1024)
    print("received %d bytes: %r" % (len(data), data))
    if not data:
        midimonster.manage(None, sock)
        sock.close()
        return
    midimonster.output("received", len(data) / 1024)


def ping():
    """Called once a second."""
    global pings
    pings += 1
    midimonster.output("ping", pings % 2)


def save_positions():
    """Called when the show ends. The working directory belongs to this instance and is kept."""
    with open("positions.json", "w") as file:
        json.dump({name: midimonster.inputvalue(name) for name in midimonster.channels()}, file)
    midimonster.output("out1", 0)
    print("positions saved")


midimonster.interval(ping, 1000)
midimonster.cleanup_handler(save_positions)

try:
    server = socket.create_connection(("127.0.0.1", 8990), timeout=5)
    server.setblocking(False)
    midimonster.manage(socket_handler, server)
except OSError as error:
    print("no server on port 8990:", error)
