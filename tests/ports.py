# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ports for servers of the tests."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from pathlib import Path

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST = 20000  # above the ports of labs
PER_PROCESS = 100  # so that tests beside each other seldom try the same ones

_candidates = itertools.count(FIRST + os.getpid() % 100 * PER_PROCESS)


def free_port() -> int:
    """A port that nothing listens on, never the same one twice.

    It is below those that the kernel gives to outgoing connections: whoever is to listen on it, now or after a
    restart, finds it free. AssertionError where there is none any more.
    """
    above = int(EPHEMERAL.read_text().split()[0])
    while True:
        port = next(_candidates)
        assert port < above, f"no port is left between {FIRST} and {above}"
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("0.0.0.0", port))
            return port
