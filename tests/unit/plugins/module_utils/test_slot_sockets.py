"""The kernel's table of connections, and a real connection in it."""

from __future__ import annotations

import os
import socket
import sys

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.slot_sockets import connected, peers

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
little_endian = pytest.mark.skipif(sys.byteorder != "little", reason="the tables below are little-endian")


def line(local: str, remote: str, state: str = "01") -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 0 0 1 1\n"


@little_endian
@pytest.mark.parametrize(
    ("row", "found"),
    [
        (line("020012AC:1F40", "0A0012AC:D431"), ["172.18.0.10"]),
        (line("020012AC:1F41", "0A0012AC:D431"), []),  # another port
        (line("020012AC:D431", "0A0012AC:1F40"), []),  # the port is the other side's
        (line("00000000:1F40", "00000000:0000", "0A"), []),  # listening
        (line("020012AC:1F40", "0A0012AC:D431", "06"), []),  # TIME_WAIT
        (line("0100007F:1F40", "0100007F:D431"), []),  # the health check inside the container
        (line("0000000000000000FFFF0000020012AC:1F40", "0000000000000000FFFF00000A0012AC:D431"), ["172.18.0.10"]),
        (line("000080FE:1F40", "00000000000000000000000001000000:D431"), []),  # ::1
        (line("000080FE:1F40", "000080FE000000000000000001000000:D431"), ["fe80::1"]),
    ],
)
def test_rows(row: str, found: list[str]) -> None:
    assert list(peers(HEAD + row, 8000)) == found


def test_broken_rows_are_passed_over() -> None:
    assert list(peers(HEAD + "   0: x\n\n", 8000)) == []


def test_real_connection_is_seen_while_it_lasts() -> None:
    own = _own_address()
    with socket.create_server((own, 0)) as server:
        port = server.getsockname()[1]
        assert connected(os.getpid(), port) == []
        with socket.create_connection((own, port)):
            assert connected(os.getpid(), port) == [own]


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but the loopback one")
        address: str = probe.getsockname()[0]
    return address


def test_process_that_is_gone_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        connected(2**22 + 1, 8000)
