# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends the load: at a fixed rate whatever the answers do, over keep-alive connections, each request exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import aiohttp

from lab.errors import LabError
from lab.load_held import slow_user, websocket_user
from lab.load_lane import Lane, unsent
from lab.load_report import Outcome, Tally
from lab.profiles import Traffic

# Shorter than a proxy's own (nginx: 75 s), so that an idle connection is closed by us and never under a request.
IDLE_SECONDS = 15.0
READ_BACK_EVERY = 5
# A lane is one kept connection; a slow answer on it makes it open up to this many instead of waiting.
MOST_PER_LANE = 4


@dataclass(frozen=True)
class Plan:
    """What is to be sent: `fronts` are base URLs, `rate` is requests per second over all of them.

    `light_share` is that of the requests that do not write and ask next to nothing. `slow` users ask for slow answers
    one after the other and `websockets` users keep a WebSocket, both beside the rate.
    `ca` is a file with the authority that https front doors are checked against, under the name `host_name`.
    """

    fronts: Sequence[str]
    host_name: str
    rate: float
    seconds: float
    post_share: float
    connections: int
    timeout_seconds: float
    traffic: Traffic
    ca: str | None = None
    light_share: float = 0.0
    slow: int = 0
    websockets: int = 0


class Client:
    """One run of the load."""

    def __init__(self, plan: Plan, tally: Tally, acknowledge: Callable[[str], None]) -> None:
        """`acknowledge` is called with the name of every thing whose creation was confirmed, before anything else."""
        self._plan = plan
        self._tally = tally
        self._acknowledge = acknowledge
        self._run = secrets.token_hex(5)
        self._begin = 0.0
        self._headers: dict[str, str] = {}
        self._last_created: int | None = None
        self._tls = ssl.create_default_context(cafile=plan.ca)
        self.stop = asyncio.Event()

    async def run(self) -> float:
        """Log in, send everything or until `stop` is set, wait for what is under way; return the seconds it took.

        Raises:
            LabError: nobody could log in, so there was nothing to send.
        """
        plan = self._plan
        async with contextlib.AsyncExitStack() as stack:
            lanes = [await stack.enter_async_context(self._session()) for _ in range(plan.connections)]
            if plan.traffic.login:
                self._headers["Authorization"] = f"Bearer {await self._login(lanes[0])}"
            self._begin, over = asyncio.get_running_loop().time(), asyncio.Event()
            async with asyncio.TaskGroup() as under_way:
                for number in range(plan.slow + plan.websockets):
                    session = await stack.enter_async_context(self._session())
                    under_way.create_task(self._hold(session, number, over))
                for number in range(int(plan.rate * plan.seconds)):
                    if await self._stopped_before(number / plan.rate):
                        break
                    self._tally.sent += 1
                    under_way.create_task(self._one(lanes[number % len(lanes)], number))
                over.set()
            return self._now()

    async def _hold(self, session: aiohttp.ClientSession, number: int, over: asyncio.Event) -> None:
        """Be one of the users that hold something: the slow ones first, then those with a WebSocket."""
        plan = self._plan
        front = plan.fronts[number % len(plan.fronts)]
        if number < plan.slow:
            path = plan.traffic.slow

            async def ask(url: str) -> Outcome:
                seen: dict[str, Any] = {}
                begun, failure = self._now(), await self._ask(session, "GET", url, "", seen)
                return Outcome("GET", path, front, begun, self._now(), failure, held=True, **seen)

            await slow_user(ask, front + path, self._tally, over)
            return
        path = plan.traffic.websocket
        name = plan.host_name if front.startswith("https:") else None

        async def connect() -> aiohttp.ClientWebSocketResponse:
            return await session.ws_connect(front + path, headers=self._headers, server_hostname=name)

        def outcome(failure: str) -> Outcome:
            return Outcome("GET", path, front, self._now(), self._now(), failure, held=True)

        await websocket_user(connect, outcome, self._tally, over, plan.timeout_seconds)

    def _session(self) -> aiohttp.ClientSession:
        async def count(*_: Any) -> None:
            self._tally.connections += 1

        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(count)
        loop = asyncio.get_running_loop()
        connector = Lane(loop, limit=MOST_PER_LANE, keepalive_timeout=IDLE_SECONDS, ssl=self._tls)
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._plan.timeout_seconds),
            headers={"Host": self._plan.host_name},
            trace_configs=[trace],
            trust_env=False,
        )
        # By default aiohttp sends a GET again when a kept connection breaks: that would hide the very thing counted.
        session._retry_connection = False
        return session

    def _request(
        self, session: aiohttp.ClientSession, method: str, url: str, body: dict[str, str] | None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """One request; over TLS the front door must prove to be the site, whatever address it is asked at."""
        return session.request(
            method,
            url,
            json=body,
            headers=self._headers,
            allow_redirects=False,
            server_hostname=self._plan.host_name if url.startswith("https:") else None,
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self._begin

    async def _stopped_before(self, due: float) -> bool:
        """Wait until `due`; True when the load was stopped first."""
        wait = due - self._now()
        if wait <= 0:
            return self.stop.is_set()
        try:
            await asyncio.wait_for(self.stop.wait(), wait)
        except TimeoutError:
            return False
        return True

    async def _login(self, session: aiohttp.ClientSession) -> str:
        traffic = self._plan.traffic
        url = f"{self._plan.fronts[0]}{traffic.login}"
        try:
            async with self._request(session, "POST", url, dict(traffic.credentials)) as answer:
                text = await answer.text()
                if answer.status == 200:
                    return str(json.loads(text)[traffic.token])
                found = f"status {answer.status}: {text[:200]}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
            found = reason_of(error)
        raise LabError(f"a token from POST {url}", found, "bin/lab status; is the application live there?")

    async def _one(self, session: aiohttp.ClientSession, number: int) -> None:
        """Send request `number` and count how it ended."""
        plan = self._plan
        front = plan.fronts[number % len(plan.fronts)]
        turn = number // len(plan.fronts)
        due = number / plan.rate
        if int((turn + 1) * plan.post_share) > int(turn * plan.post_share):
            method, path, name = "POST", plan.traffic.write, f"load-{self._run}-{number}"
        elif int((turn + 1) * plan.light_share) > int(turn * plan.light_share):
            method, path, name = "GET", plan.traffic.light, ""
        else:
            method, path, name = "GET", self._path_to_read(turn), ""
        seen: dict[str, Any] = {}
        failure = await self._ask(session, method, front + path, name, seen)
        self._tally.add(
            Outcome(method, path, front, due, self._now(), failure, acked=bool(name and not failure), **seen)
        )

    def _path_to_read(self, turn: int) -> str:
        """Mostly the list; now and then the thing that was confirmed last, which must be there."""
        if self._last_created is not None and turn % READ_BACK_EVERY == 0:
            return self._plan.traffic.item.format(id=self._last_created)
        return self._plan.traffic.items

    async def _ask(self, session: aiohttp.ClientSession, method: str, url: str, name: str, seen: dict[str, Any]) -> str:
        """Return why one request failed, or an empty string; fills `seen` with status, slot and version."""
        traffic = self._plan.traffic
        body = {traffic.key: name, **traffic.more} if name else None
        try:
            async with self._request(session, method, url, body) as answer:
                seen.update(
                    status=answer.status,
                    slot=answer.headers.get("X-Release-Slot", "none"),
                    version=answer.headers.get(traffic.version_header, "none"),
                )
                content = await answer.read()
            if not 200 <= answer.status < 300:
                return f"status {answer.status}"
            return self._judge(name, json.loads(content))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            if unsent() and not isinstance(error, TimeoutError):
                return await self._ask(session, method, url, name, seen)
            return reason_of(error)

    def _judge(self, name: str, answer: Any) -> str:
        """Keep a confirmed write; return what is wrong with the answer's content, or an empty string."""
        if not name:
            return ""
        if not isinstance(answer, dict) or answer.get(self._plan.traffic.key) != name:
            return "the answer is about another thing"
        self._acknowledge(name)
        self._last_created = int(answer["id"])
        return ""


def reason_of(error: BaseException) -> str:
    """Return an error as a short reason that is the same for the same cause, so that it can be counted."""
    if isinstance(error, TimeoutError):
        return "timeout"
    cause = getattr(error, "os_error", None) or error.__cause__ or error
    if isinstance(cause, ConnectionResetError) or isinstance(error, ConnectionResetError):
        return "connection reset"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "connection closed without an answer"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "answer cut short"
    return type(error).__name__
