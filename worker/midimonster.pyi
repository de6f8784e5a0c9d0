"""The module through which a script takes part in a show.

A module that a `[python NAME]` instance loads is imported once, when the instance starts. Mappings turn its functions
into handlers: `desk./fader1 > py1.lights.fader` calls `fader(value)` of the module `lights`. Handlers, intervals and
socket handlers run one after the other, so none of them needs a lock.

All functions here may be called from any thread of the script.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

class _HasFileno(Protocol):
    def fileno(self) -> int: ...

_Socket = TypeVar("_Socket", bound=_HasFileno)
_Cleanup = Callable[[], object]

def output(channel: str, value: float, /) -> None:
    """Emits an event on a channel of this instance.

    The value is clamped to 0.0 … 1.0; NaN and infinity raise ValueError. While a module is being imported, an
    unknown name creates a channel, and the last value of each channel is routed as soon as the instance has
    started. Later, an unknown name causes no event, and one warning per name in the log.
    """

def inputvalue(channel: str, /) -> float | None:
    """Returns the last value that arrived on a channel of this instance.

    0.0 if none has arrived yet, None if there is no such channel. Inside the handler of that very channel it is
    the previous value: the new one is stored when the handler has returned or raised. Values outlive a restart
    of the instance.
    """

def outputvalue(channel: str, /) -> float | None:
    """Returns the last value that this instance has put out on a channel.

    0.0 if there was none yet, None if there is no such channel. Values outlive a restart of the instance.
    """

def current() -> str | None:
    """Returns the full name, as mapped, of the channel whose handler is running; None anywhere else."""

def timestamp() -> int:
    """Returns milliseconds of a clock that only goes forward, and stands still while a handler runs."""

def interval(function: Callable[[], object], milliseconds: int, /) -> None:
    """Calls a function without arguments periodically, to the millisecond and without drift.

    Calling it again with the same (or an equal) function sets a new interval that counts from now; 0 cancels it.
    A negative interval raises ValueError, one that is not an integer TypeError. Calls that become due while the
    script is busy are merged into one.
    """

def manage(function: Callable[[_Socket], object] | None, socket: _Socket, /) -> None:
    """Calls `function(socket)` whenever a connected or listening socket has something to read.

    A socket has one handler; another call replaces it, and None unregisters the socket. Anything with `fileno()`
    that returns a socket's descriptor will do. A TCP socket that is neither connected nor listening raises
    ValueError. A socket that was closed may still be unregistered; one that the script forgot about is
    unregistered with a warning. Sockets reach other machines only as far as the instance's options `connect` and
    `listen` allow.
    """

def channels() -> list[str]:
    """Returns the names of all channels of this instance in the order in which they were made, outputs included."""

def cleanup_handler(function: _Cleanup | None, /) -> _Cleanup | None:
    """Sets the function that is called, without arguments, when the instance ends; returns the one set before.

    None removes it; anything else that cannot be called raises TypeError. The handler's time is limited by the
    option `stop-timeout`, and what it puts out is still routed.
    """
