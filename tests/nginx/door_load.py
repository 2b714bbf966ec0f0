# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users who meet a closed door. Arguments: PORT SECONDS CONNECTIONS.

Each keeps its connection for GET and POST by turns, and has every body compared with what reached the application.
Prints JSON: answers by slot, by status where it is not 200, ``failed`` for every other end, and the longest wait.
"""

from __future__ import annotations

import asyncio
import collections
import hashlib
import json
import os
import sys
import time

PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 30.0
BODY_BYTES = 70_000  # more than nginx keeps in memory


async def one_turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> str:
    """Send a request; the slot that answered, or what was wrong."""
    head = f"{'POST' if body else 'GET'} /turn%2F1?q=a%20b HTTP/1.1\r\nHost: shop.test\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    answer = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS)).decode("latin-1")
    status, *lines = answer.split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    text = await asyncio.wait_for(reader.readexactly(int(headers["content-length"])), PATIENCE_SECONDS)
    if not status.startswith("HTTP/1.1 200"):
        return status.split(" ")[1]
    seen = json.loads(text)
    sent = (len(body), hashlib.sha256(body).hexdigest(), "POST" if body else "GET", "/turn%2F1?q=a%20b")
    whole = sent == (seen["length"], seen["sha256"], seen["method"], seen["target"])
    return str(seen["name"]) if whole and seen["name"] == headers["x-release-slot"] else "failed"


async def user(port: int, deadline: float, seen: collections.Counter[str], waits: list[float]) -> None:
    """One connection, kept to the end: one that nginx closes is a failed request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    turn = 0
    while time.monotonic() < deadline:
        turn += 1
        began = time.monotonic()
        try:
            seen[await one_turn(reader, writer, os.urandom(BODY_BYTES) if turn % 2 else b"")] += 1
        except (OSError, asyncio.IncompleteReadError, TimeoutError, KeyError, ValueError):
            seen["failed"] += 1
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        waits.append(time.monotonic() - began)
        await asyncio.sleep(PAUSE_SECONDS)
    writer.close()


async def main(port: int, seconds: float, connections: int) -> None:
    """Run all users and print what they saw."""
    seen: collections.Counter[str] = collections.Counter(blue=0, green=0, failed=0)
    waits: list[float] = []
    deadline = time.monotonic() + seconds
    await asyncio.gather(*(user(port, deadline, seen, waits) for _ in range(connections)))
    print(json.dumps({**seen, "longest": max(waits)}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
