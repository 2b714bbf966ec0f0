# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that users keep, each looked at before a request goes out on it again, as browsers do.

A server may close an idle connection at any time. A client that shares its processor with others hears of it late, and
would send into what is closed: seen with requests that left 32 ms after the end of the connection had arrived.
"""

from __future__ import annotations

import functools
import os
import socket
from asyncio import AbstractEventLoop, BaseTransport
from collections.abc import Iterable
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection


class ClosedBefore(ConnectionError):
    """The connection was closed before anything of the request was sent."""


def unsent(error: BaseException | None) -> bool:
    """Tell whether a failed request never left, so that sending it is no repetition."""
    return isinstance(error, ClosedBefore) or (error is not None and unsent(error.__cause__))


class Door:
    """A transport that refuses to begin a request on a connection that the other side has left.

    Attributes:
        used_again: the next bytes begin a request on a connection that was kept.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.used_again = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send bytes; ClosedBefore instead when they would begin a request in vain."""
        self._look()
        self._transport.write(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        """Send bytes as `write` does."""
        self._look()
        self._transport.writelines(parts)

    def _look(self) -> None:
        if not self.used_again:
            return
        self.used_again = False
        with socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno())) as kept:
            try:
                kept.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                raise ClosedBefore from error
        # An end, or words that nobody asked for.
        raise ClosedBefore


class _Kept(ResponseHandler):
    door: Door

    def connection_made(self, transport: BaseTransport) -> None:
        self.door = Door(transport)
        # It is a transport in all that aiohttp asks of one.
        super().connection_made(self.door)  # type: ignore[arg-type]


class Lane(aiohttp.TCPConnector):
    """One user's connections."""

    def __init__(self, loop: AbstractEventLoop, **options: Any) -> None:
        super().__init__(**options)
        kept: Any = functools.partial(_Kept, loop=loop)
        self._factory = kept

    async def _get(self, key: Any, traces: Any) -> Connection | None:
        """Give a kept connection, or None."""
        connection = await super()._get(key, traces)
        if connection is not None and isinstance(connection.protocol, _Kept):
            connection.protocol.door.used_again = True
        return connection
