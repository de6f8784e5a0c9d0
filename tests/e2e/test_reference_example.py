# SPDX-License-Identifier: BSD-2-Clause
"""The example of MIDIMonster's documentation, against a real TCP server."""

import socket
import time

from waiting import one_in_time

# As printed there, except for the port and a body where it has only a comment.
EXAMPLE = '''
import socket
import midimonster

# Simple channel handler
def in1(value):
	midimonster.output("out1", 1 - value)

# Socket data handler
def socket_handler(sock):
	# This should get some more error handling
	data = sock.recv(1024)
	print("Received %d bytes from socket: %s" % (len(data), data))
	if(len(data) == 0):
		# Unmanage the socket if it has been closed
		midimonster.manage(None, sock)

# Interval handler
def ping():
	print(midimonster.timestamp())

def save_positions():
	# Store some data to disk
	with open("positions", "w") as file:
		file.write(repr(midimonster.outputvalue("out1")))

# Register an interval
midimonster.interval(ping, 1000)
# Create and register a client socket (add error handling as you like)
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect(("localhost", PORT))
midimonster.manage(socket_handler, s)
midimonster.cleanup_handler(save_positions)
'''


def test_the_reference_example(play):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        show = play(config="""
            [osc wire]
            bind = 127.0.0.1 @IN@
            dest = 127.0.0.1 @OUT@

            [python py1]
            module = my_handlers
            connect = tcp:127.0.0.1:PORT

            [map]
            py1.my_handlers.in1 < wire./in
            py1.out1 > wire./out
            """.replace("PORT", str(server.getsockname()[1])), scripts={"my_handlers.py": EXAMPLE.replace("PORT", str(server.getsockname()[1]))})
        peer, _ = server.accept()
        with peer:
            # the channel
            show.set("/in", 0.25)
            show.expect("/out", 0.75)
            # data
            peer.sendall(b"hello")
            show.printed("^Received 5 bytes from socket: b'hello'$")
            # closed by the peer; the script unregisters the socket but leaves it open
            peer.shutdown(socket.SHUT_WR)
            show.printed("^Received 0 bytes from socket: b''$")
    # the interval, which goes on
    def ticked(n):
        return int(show.log.wait(r"^\d+$", "py1", count=n).message)

    one_in_time(lambda n: ticked(n + 1) - ticked(n), 990, 1100)
    assert len(show.log.matching("^Received 0 bytes")) == 1, "nothing spins"
    # the cleanup
    begin = time.monotonic()
    show.stop()
    assert time.monotonic() - begin < 30
    assert [path.read_text() for path in show.folder.rglob("positions")] == ["0.75"]
