# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program: a small HTTP/1.1 server that says exactly what reached it. Arguments: NAME ADDRESS PORT."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys

NAME = sys.argv[1] if len(sys.argv) > 1 else ""
KEEP_ALIVE_SECONDS = 30.0
# What must pass without change although nginx would otherwise act on it.
LOCATION = "http://127.0.0.1:1/elsewhere%2Fthere"


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> tuple[int, str]:
    """Length and digest of the body."""
    digest, left = hashlib.sha256(), int(headers.get("content-length", "0"))
    total = left
    while left > 0:
        chunk = await reader.read(min(left, 1 << 20))
        if not chunk:
            raise ConnectionError("body cut short")
        digest.update(chunk)
        left -= len(chunk)
    return total, digest.hexdigest()


def answer(status: str, body: bytes, *extra: str, head: bool = False) -> bytes:
    """One response. A HEAD answer has the length and not the body."""
    lines = [f"HTTP/1.1 {status}", f"X-Backend: {NAME}", "X-Release-Slot: forged", *extra]
    if not status.startswith("304"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (b"" if head else body)


async def websocket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept the upgrade and echo bytes."""
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    while chunk := await reader.read(4096):
        writer.write(chunk)
        await writer.drain()


async def events(writer: asyncio.StreamWriter, *extra: str) -> None:
    """Server-sent events, one every 0.3 s, three in all."""
    head = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Connection: close", *extra, "", ""]
    writer.write("\r\n".join(head).encode())
    for number in range(3):
        writer.write(f"data: {number}\n\n".encode())
        await writer.drain()
        await asyncio.sleep(0.3)


async def one_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer one request; False ends the connection."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), KEEP_ALIVE_SECONDS)).decode("latin-1")
    first, *rest = head.split("\r\n")
    method, target, version = first.split(" ", 2)
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in rest if line)}
    if headers.get("upgrade") == "websocket" and headers.get("connection", "").lower() == "upgrade":
        await websocket(reader, writer)
        return False
    if target.startswith("/events"):
        await events(writer, *(["X-Accel-Buffering: no"] if target.endswith("unbuffered") else []))
        return False
    length, digest = await read_body(reader, headers)
    if target == "/die":
        return False
    if target == "/redirect":
        writer.write(answer("302 Found", b"", f"Location: {LOCATION}"))
    elif headers.get("if-none-match") == '"tag"':
        writer.write(answer("304 Not Modified", b"", 'ETag: "tag"'))
    else:
        seen = {
            "name": NAME,
            "method": method,
            "target": target,
            "version": version,
            "headers": headers,
            "length": length,
            "sha256": digest,
        }
        body = json.dumps(seen).encode()
        writer.write(answer("200 OK", body, "Content-Type: application/json", head=method == "HEAD"))
    await writer.drain()
    return headers.get("connection", "").lower() != "close"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection."""
    try:
        while await one_request(reader, writer):
            pass
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        pass
    finally:
        writer.close()


async def main(address: str, port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(serve, address, port, limit=1 << 20)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[2], int(sys.argv[3])))
