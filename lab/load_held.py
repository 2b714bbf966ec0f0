# SPDX-License-Identifier: GPL-3.0-or-later
"""What users hold for long: answers that take their time, and WebSockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp

from lab.load_report import Outcome, Tally

WORD_EVERY_SECONDS = 1.0
# Before a client whose handshake was refused tries again.
AGAIN_SECONDS = 0.5
Ask = Callable[[str], Awaitable[Outcome]]


async def slow_user(ask: Ask, url: str, tally: Tally, over: asyncio.Event) -> None:
    """Ask for one slow answer after the other until it is over."""
    while not over.is_set():
        tally.sent += 1
        tally.add(await ask(url))


async def _pause(over: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), seconds)


async def _talk(socket: aiohttp.ClientWebSocketResponse, tally: Tally, over: asyncio.Event, seconds: float) -> None:
    """Say a word a second and hear it back, until it is over or the connection is cut."""
    while not over.is_set():
        try:
            await socket.send_str("word")
            heard = await socket.receive_str(timeout=seconds)
        except (aiohttp.ClientError, aiohttp.WSMessageTypeError, TimeoutError, OSError):
            heard = ""  # cut
        if heard != "word":
            tally.websockets["cut"] += 1
            return
        tally.websockets["words"] += 1
        await _pause(over, WORD_EVERY_SECONDS)


async def websocket_user(
    connect: Callable[[], Awaitable[aiohttp.ClientWebSocketResponse]], outcome: Callable[[str], Outcome],
    tally: Tally, over: asyncio.Event, seconds: float,
) -> None:  # fmt: skip
    """Keep a WebSocket until it is over, and open it again when it is cut, as clients do.

    A handshake counts as a request; a cut is counted apart from failures. seconds: how long a word may take.
    outcome: makes a handshake's outcome of why it failed, empty when it did not.
    """
    while not over.is_set():
        tally.sent += 1
        try:
            async with await connect() as socket:
                tally.add(outcome(""))
                tally.websockets["opened"] += 1
                await _talk(socket, tally, over, seconds)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            tally.add(outcome(f"WebSocket: {type(error).__name__}"))
            await _pause(over, AGAIN_SECONDS)
