# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Full load over keep-alive connections, from a process of its own. Arguments: PORT SECONDS CONNECTIONS MAXIMUM.

Every connection is kept to the end: one that nginx closes under a request is a failed request. Prints JSON.
"""

from __future__ import annotations

import asyncio
import collections
import json
import sys
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n\r\na=b"


async def user(port: int, deadline: float, budget: list[int], seen: collections.Counter[str]) -> None:
    """One connection, one request after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    turn = 0
    while time.monotonic() < deadline and budget[0] > 0:
        budget[0] -= 1
        turn += 1
        try:
            writer.write(POST if turn % 4 == 0 else REQUEST)
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode("latin-1")
            length = next(int(x.split(":")[1]) for x in head.split("\r\n") if x.lower().startswith("content-length"))
            body = json.loads(await asyncio.wait_for(reader.readexactly(length), 5))
            slot = next(x.split(": ")[1] for x in head.split("\r\n") if x.startswith("X-Release-Slot"))
            ok = head.startswith("HTTP/1.1 200") and body["name"] == slot
            seen[slot if ok else "failed"] += 1
        except (OSError, asyncio.IncompleteReadError, TimeoutError, StopIteration, ValueError):
            seen["failed"] += 1
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


async def main(port: int, seconds: float, connections: int, maximum: int) -> None:
    """Run all users and print what they saw."""
    seen: collections.Counter[str] = collections.Counter({"blue": 0, "green": 0, "failed": 0})
    budget = [maximum]
    deadline = time.monotonic() + seconds
    await asyncio.gather(*(user(port, deadline, budget, seen) for _ in range(connections)))
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
