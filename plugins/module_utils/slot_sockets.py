# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is connected to a container, read from the kernel's table of its network namespace."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

_ESTABLISHED = "01"


def peers(table: str, port: int) -> Iterator[str]:
    """Remote addresses of established connections to a local port, from the text of /proc/PID/net/tcp or tcp6.

    Connections over the loopback address (health checks inside the container) are left out.
    """
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or fields[3] != _ESTABLISHED:
            continue
        if int(fields[1].rpartition(":")[2], 16) != port:
            continue
        address = _address(fields[2].rpartition(":")[0])
        if not address.startswith("127.") and address != "::1":
            yield address


def _address(text: str) -> str:
    """An address as the kernel writes it: 32-bit words in the machine's byte order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed)
    if packed[:12] == b"\0" * 10 + b"\xff\xff":
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)


def connected(pid: int, port: int) -> list[str]:
    """Remote addresses connected to the port in the process's network namespace. Raises OSError."""
    found: list[str] = []
    for name in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid}/net/{name}", encoding="ascii") as stream:
                found += peers(stream.read(), port)
        except FileNotFoundError:
            if name == "tcp":
                raise
    return found
