# SPDX-License-Identifier: GPL-3.0-or-later
"""The outermost layer: every answer passes here, gets its version header, is counted, and suffers the faults."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samokoder.context import Context

ERROR_BODY = b'{"detail":"fault errors is on"}'


@dataclass
class Answer:
    """What went out for one request; status 500 until something did."""

    status: int = 500
    raised: bool = False


class Gate:
    """An ASGI application around another one."""

    def __init__(self, application: ASGIApp, context: Context) -> None:
        """Wrap `application`."""
        self._application = application
        self._context = context
        self._header = (b"x-release-version", context.settings.version.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        answer = Answer()
        begin = time.perf_counter()

        async def send_marked(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                message["headers"] = [*message.get("headers", ()), self._header]
                answer.status = message.get("status", 101)
            await send(message)

        if scope["type"] == "websocket":
            await self._application(scope, receive, send_marked)
            return
        try:
            if not await self._suffer(scope["path"], send_marked):
                await self._application(scope, receive, send_marked)
        except Exception:
            answer.raised = True
            raise
        finally:
            endpoint = getattr(scope.get("route"), "path", None) or guess(scope["path"])
            seconds = time.perf_counter() - begin
            self._context.metrics.request(scope["method"], endpoint, answer.status, seconds, answer.raised)

    async def _suffer(self, path: str, send: Send) -> bool:
        """Apply the faults latency and errors; True when the request has been answered by one."""
        active = self._context.faults.active()
        if not active or path == "/metrics" or path.startswith("/health"):
            return False
        if "latency" in active:
            await asyncio.sleep(active["latency"])
        if not self._context.faults.hits("errors"):
            return False
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ERROR_BODY)).encode())]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": ERROR_BODY})
        return True


def guess(path: str) -> str:
    """Return the label for a request that reached no route: few values, whatever clients send."""
    return "/api/other" if path.startswith("/api/") else "other"
