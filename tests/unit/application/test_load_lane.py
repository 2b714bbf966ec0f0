# SPDX-License-Identifier: GPL-3.0-or-later
"""A kept connection is looked at right before a request goes out on it: what is closed carries none."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from lab.load_lane import Lane, unsent

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def leave(peer: socket.socket) -> None:
    peer.close()


def chatter(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")


def stay(peer: socket.socket) -> None:
    peer.settimeout(5)


def swallow(peer: socket.socket) -> None:
    peer.settimeout(5)


def asked_twice(method: str, between: Callable[[socket.socket], None], chosen: bool = False) -> tuple[str, list[bytes]]:
    """Ask twice; the server does *between* while the event loop is busy, or, *chosen*, when the connection is chosen.

    Give how the second went, and what came.
    """
    heard: list[bytes] = []
    begun = threading.Event()

    def serve(server: socket.socket) -> None:
        peer, _ = server.accept()
        heard.append(peer.recv(4096))
        peer.sendall(ANSWER)
        begun.wait(5)
        between(peer)
        if between in (stay, swallow):
            heard.append(peer.recv(4096))
            peer.sendall(ANSWER if between is stay else b"")
            peer.close()

    async def wait(*_: Any) -> None:
        begun.set()
        await asyncio.sleep(0.1)

    async def ask() -> str:
        loop = asyncio.get_running_loop()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        body: dict[str, Any] = {"json": {"name": "x"}} if method == "POST" else {}
        trace = aiohttp.TraceConfig()
        if chosen:
            trace.on_connection_reuseconn.append(wait)
        async with aiohttp.ClientSession(connector=Lane(loop, limit=1), trace_configs=[trace]) as session:
            async with session.request(method, url, **body) as answer:
                await answer.read()
            session._retry_connection = False
            if not chosen:
                begun.set()
                time.sleep(0.1)  # the event loop hears nothing of it
            try:
                async with session.request(method, url, **body) as answer:
                    return f"status {answer.status}"
            except aiohttp.ClientError as error:
                return "unsent" if unsent() else repr(error)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        said = asyncio.run(ask())
        thread.join(5)
    return said, heard


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_open_connection_is_used_again(method: str) -> None:
    said, heard = asked_twice(method, stay)
    assert said == "status 200"
    assert len(heard) == 2 and heard[1].startswith(method.encode())


@pytest.mark.parametrize("between", [leave, chatter])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_sent_into_one_that_the_server_has_left(
    method: str, between: Callable[[socket.socket], None]
) -> None:
    said, heard = asked_twice(method, between)
    assert said == "unsent"
    assert len(heard) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nor_into_one_that_it_leaves_once_chosen(method: str) -> None:
    said, heard = asked_twice(method, leave, chosen=True)
    assert said == "unsent"
    assert len(heard) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_has_left_is_never_sent_again(method: str) -> None:
    said, heard = asked_twice(method, swallow)
    assert said.startswith("ServerDisconnectedError")
    assert len(heard) == 2
