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
from contextvars import ContextVar
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection


class ClosedBefore(ConnectionError):
    """The connection was closed before anything of the request was sent."""


def unsent() -> bool:
    """Tell of a request of this task that failed whether it never left, so that sending it is no repetition."""
    door = _chosen.get()
    return door is not None and door.used_again


class Door:
    """A transport that refuses to begin a request on a connection that the other side has left.

    Attributes:
        used_again: a request was given this kept connection, and nothing of it is sent yet.
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
        if self.used_again and self._left():
            raise ClosedBefore
        self.used_again = False

    def _left(self) -> bool:
        with socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno())) as kept:
            try:
                kept.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except OSError:
                return True
        # An end, or words that nobody asked for.
        return True


_chosen: ContextVar[Door | None] = ContextVar("chosen", default=None)


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
        kept = connection.protocol if connection else None
        door = kept.door if isinstance(kept, _Kept) else None
        if door:
            door.used_again = True
        _chosen.set(door)
        return connection
