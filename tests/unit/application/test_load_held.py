# SPDX-License-Identifier: GPL-3.0-or-later
"""Users who hold something for long, on a real server that answers slowly, cuts WebSockets and refuses them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from lab import load_held
from lab.errors import LabError
from lab.load import drive, parse, plan_of
from lab.load_report import Tally

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def slow(_: web.Request) -> web.Response:
    await asyncio.sleep(0.3)
    return web.json_response({})


async def login(_: web.Request) -> web.Response:
    return web.json_response({"access_token": "token"})


async def light(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def repeating(words: int) -> Handler:
    """A WebSocket that repeats so many words and then closes."""

    async def repeat(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for _ in range(words):
            heard = await socket.receive()
            if heard.type is not WSMsgType.TEXT:
                break
            await socket.send_str(heard.data)
        await socket.close()
        return socket

    return repeat


async def refusing(_: web.Request) -> web.Response:
    return web.json_response({}, status=502)


def load(tmp_path: Path, websocket: Handler, *words: str, slow: Handler = slow) -> dict[str, Any]:
    """What a load of one second counts."""

    async def run() -> dict[str, Any]:
        app = web.Application()
        app.router.add_post("/api/auth/login", login)
        for path, handler in (("/api/slow", slow), ("/ws", websocket), ("/health", light), ("/api/projects", light)):
            app.router.add_get(path, handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            port = runner.addresses[0][1]
            options = ["--rate", "20", "--seconds", "1", "--connections", "2", "--post-share", "0"]
            plan = plan_of(
                parse(["--front", f"http://127.0.0.1:{port}", "--acked", str(tmp_path / "a"), *options, *words])
            )
            tally = Tally()
            return tally.document(await drive(replace(plan, timeout_seconds=2.0), tally, tmp_path / "a"))
        finally:
            await runner.cleanup()

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_held, "WORD_EVERY_SECONDS", 0.1)


def test_slow_answers_are_asked_for_one_after_the_other_and_say_nothing_of_latency(tmp_path: Path) -> None:
    found = load(tmp_path, repeating(99), "--slow", "3")
    assert found["failed"] == 0 and found["ok"] == found["sent"]
    assert 20 + 9 <= found["sent"] <= 20 + 15
    assert found["p99"] < 0.3


def test_a_websocket_that_is_kept_is_opened_once(tmp_path: Path) -> None:
    found = load(tmp_path, repeating(99), "--websockets", "2")
    assert (found["websockets"]["opened"], found["websockets"].get("cut", 0), found["failed"]) == (2, 0, 0)
    assert found["websockets"]["words"] >= 8


def test_one_that_is_cut_is_counted_and_opened_again(tmp_path: Path) -> None:
    found = load(tmp_path, repeating(3), "--websockets", "1")
    assert found["websockets"]["cut"] >= 1 and found["websockets"]["opened"] >= found["websockets"]["cut"]
    assert found["failed"] == 0


def test_one_that_is_refused_is_a_failure(tmp_path: Path) -> None:
    found = load(tmp_path, refusing, "--websockets", "1")
    assert found["failed"] >= 1 and found["failures"] == {"WebSocket: WSServerHandshakeError": found["failed"]}


def test_a_slow_answer_that_fails_is_a_failure(tmp_path: Path) -> None:
    found = load(tmp_path, repeating(99), "--slow", "1", slow=refusing)
    assert found["failures"] == {"status 502": found["failed"]} and found["failed"] > 1


def test_the_light_share_is_asked_where_it_costs_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, repeating(99), "--light-share", "1")["ok"] == 20


@pytest.mark.parametrize("words", [("--slow", "1"), ("--websockets", "1"), ("--light-share", "0.5")])
def test_an_application_without_the_path_is_refused(words: tuple[str, str]) -> None:
    with pytest.raises(LabError, match=f"what {words[0]} asks"):
        plan_of(parse(["--application", "guestbook", "--front", "http://127.0.0.1:1", *words]))
