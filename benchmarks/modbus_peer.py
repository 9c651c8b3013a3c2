"""One field of the fault matrix, read by somebody else's library; run with a Python that has it.

``modbus_peer.py LIBRARY URL RETRIES READS TIMEOUT`` prints how many values were right and wrong, and how
many reads ended in an error. Registers hold what ``tests/kits/matrix.py`` says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

ADDRESSES = range(0, 160, 20)
Read = Callable[[int], int]


def word(address: int) -> int:
    return (address * 257 + 4099) % 65536


def pymodbus(url: str, retries: int, timeout: float) -> Read:
    import logging

    from pymodbus import FramerType
    from pymodbus.client import ModbusSerialClient, ModbusTcpClient

    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    parts = urlsplit(url)
    if parts.scheme == "modbus+rtu":
        client = ModbusSerialClient(parts.path, baudrate=115200, parity="N", timeout=timeout, retries=retries)
    else:
        framer = FramerType.RTU if parts.scheme == "modbus+rtuovertcp" else FramerType.SOCKET
        client = ModbusTcpClient(parts.hostname, port=parts.port, framer=framer, timeout=timeout, retries=retries)
    client.connect()

    def read(address: int) -> int:
        if not client.connected:
            client.connect()
        answer = client.read_holding_registers(address, count=1, device_id=1)
        if answer.isError():
            raise OSError(str(answer))
        return answer.registers[0]

    return read


def minimalmodbus(url: str, retries: int, timeout: float) -> Read:
    import minimalmodbus as library

    instrument = library.Instrument(urlsplit(url).path, 1)
    instrument.serial.baudrate, instrument.serial.timeout = 115200, timeout

    def read(address: int) -> int:
        for attempt in range(retries + 1):
            try:
                return instrument.read_register(address)
            except OSError:
                # the library has no retries of its own
                if attempt == retries:
                    raise
        raise OSError

    return read


def umodbus(url: str, retries: int, timeout: float) -> Read:
    import socket

    from umodbus.client import tcp

    parts = urlsplit(url)
    line = socket.create_connection((parts.hostname, parts.port), timeout)

    def read(address: int) -> int:
        for attempt in range(retries + 1):
            try:
                return tcp.send_message(tcp.read_holding_registers(1, address, 1), line)[0]
            except Exception:
                # neither retries nor reconnection of its own; it raises whatever its parts do
                if attempt == retries:
                    raise
        raise OSError

    return read


LIBRARIES = {"pymodbus": pymodbus, "minimalmodbus": minimalmodbus, "umodbus": umodbus}
TRANSPORTS = {
    "pymodbus": ("modbus+tcp", "modbus+rtuovertcp", "modbus+rtu"),
    "minimalmodbus": ("modbus+rtu",),
    "umodbus": ("modbus+tcp",),
}


def main(library: str, url: str, retries: int, reads: int, timeout: float) -> None:
    read = LIBRARIES[library](url, retries, timeout)
    counted = {"right": 0, "wrong": 0, "errors": 0}
    for number in range(reads):
        address = ADDRESSES[number % len(ADDRESSES)]
        try:
            counted["right" if read(address) == word(address) else "wrong"] += 1
        except Exception:  # whatever a library says when it has no value
            counted["errors"] += 1
    print(json.dumps(counted))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
