"""A serial port of a POSIX system, with what the standard library has."""

from __future__ import annotations

import asyncio
import fcntl
import os
import termios
from collections.abc import Callable

from trivet_modbus.route import BAUD, RTU, Route

READ_AT_ONCE = 4096
CONTROL, SPEED_IN, SPEED_OUT, CHARACTERS = 2, 4, 5, 6
PSEUDO_TERMINALS = range(136, 144)
"""Device numbers of Linux."""
PARITY = {"none": 0, "even": termios.PARENB, "odd": termios.PARENB | termios.PARODD}


class SerialPort:
    """An open port, or one end of a pseudo-terminal; owns the file.

    Args:
        file: Descriptor that does not block.
        received: Called with bytes as they come.
        gone: Called once with one word when the port is gone.
    """

    def __init__(self, file: int, received: Callable[[bytes], None], gone: Callable[[str], None]) -> None:
        self._received = received
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._file = file
        self._unsent = b""
        self._loop.add_reader(file, self._readable)

    def write(self, data: bytes) -> None:
        """Sends; what the port does not take at once goes as soon as it can."""
        if not self._unsent:
            self._loop.add_writer(self._file, self._writable)
        self._unsent += data
        self._writable()

    def close(self) -> None:
        """Closes at once."""
        file, self._file = self._file, -1
        if file >= 0:
            self._loop.remove_reader(file)
            self._loop.remove_writer(file)
            os.close(file)

    def _readable(self) -> None:
        try:
            data = os.read(self._file, READ_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._received(data)
        else:
            self._lost()

    def _writable(self) -> None:
        try:
            self._unsent = self._unsent[os.write(self._file, self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            # the caller of ``write`` is told through its callback, but not from inside its own call
            self._loop.call_soon(self._lost)
            self._unsent = b""
        if not self._unsent:
            self._loop.remove_writer(self._file)

    def _lost(self) -> None:
        if self._file >= 0:
            self.close()
            self._gone("unplugged")


def open_port(route: Route) -> int:
    """Opens and configures a port: eight data bits, no flow control, nothing translated.

    Raises:
        OSError: It cannot be opened; ``BlockingIOError`` when another program uses it.
    """
    file = os.open(route.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        # two masters on one line garble each other
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        configure(file, route)
    except termios.error as error:
        os.close(file)
        raise OSError(*error.args) from error
    except OSError:
        os.close(file)
        raise
    return file


def pseudo_terminal() -> tuple[int, int, str]:
    """A new line without a cable: descriptor of one end, descriptor and path of the other, which is a port.

    The second descriptor only keeps the port alive while nobody has it open.

    Raises:
        OSError: The system has no more.
    """
    ours, theirs = os.openpty()
    path = os.ttyname(theirs)
    configure(theirs, Route(RTU, device=path, baud=BAUD))
    os.set_blocking(ours, False)
    return ours, theirs, path


def configure(file: int, route: Route) -> None:
    """Sets speed, parity and stop bits of an open port and throws away what waits in it.

    Raises:
        termios.error: The port cannot do that.
    """
    speed: int = getattr(termios, f"B{route.baud}")
    settings = termios.tcgetattr(file)
    settings[:CONTROL] = [0, 0]
    framing = PARITY[route.parity] | (termios.CSTOPB if route.stop == 2 else 0)
    if os.major(os.fstat(file).st_rdev) in PSEUDO_TERMINALS:
        # it has no wire that parity could be on, and refuses to be asked twice
        framing = 0
    settings[CONTROL] = termios.CS8 | termios.CREAD | termios.CLOCAL | framing
    settings[CONTROL + 1] = 0
    settings[SPEED_IN] = settings[SPEED_OUT] = speed
    # one byte at least, so that a read of nothing is not taken for the end
    settings[CHARACTERS][termios.VMIN], settings[CHARACTERS][termios.VTIME] = 1, 0
    termios.tcsetattr(file, termios.TCSANOW, settings)
    termios.tcflush(file, termios.TCIOFLUSH)
