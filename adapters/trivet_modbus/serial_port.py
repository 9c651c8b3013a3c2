"""A serial port of a POSIX system, with what the standard library has."""

from __future__ import annotations

import asyncio
import fcntl
import os
import termios
from collections.abc import Callable

from trivet_modbus.route import Route

READ_AT_ONCE = 4096
CONTROL, SPEED_IN, SPEED_OUT, CHARACTERS = 2, 4, 5, 6
PARITY = {"none": 0, "even": termios.PARENB, "odd": termios.PARENB | termios.PARODD}


class SerialPort:
    """An open port: eight data bits, no flow control, nothing translated.

    Raises:
        OSError: It cannot be opened; ``BlockingIOError`` when another program uses it.
    """

    def __init__(self, route: Route, received: Callable[[bytes], None], gone: Callable[[str], None]) -> None:
        self._received = received
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._file = os.open(route.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            # two masters on one line garble each other
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            configure(self._file, route)
        except termios.error as error:
            os.close(self._file)
            raise OSError(*error.args) from error
        except OSError:
            os.close(self._file)
            raise
        self._unsent = b""
        self._loop.add_reader(self._file, self._readable)

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


def configure(file: int, route: Route) -> None:
    """Sets speed, parity and stop bits of an open port and throws away what waits in it.

    Raises:
        termios.error: The port cannot do that.
    """
    speed: int = getattr(termios, f"B{route.baud}")
    settings = termios.tcgetattr(file)
    settings[:CONTROL] = [0, 0]
    stop = termios.CSTOPB if route.stop == 2 else 0
    settings[CONTROL] = termios.CS8 | termios.CREAD | termios.CLOCAL | PARITY[route.parity] | stop
    settings[CONTROL + 1] = 0
    settings[SPEED_IN] = settings[SPEED_OUT] = speed
    # one byte at least, so that a read of nothing is not taken for the end
    settings[CHARACTERS][termios.VMIN], settings[CHARACTERS][termios.VTIME] = 1, 0
    termios.tcsetattr(file, termios.TCSANOW, settings)
    termios.tcflush(file, termios.TCIOFLUSH)
