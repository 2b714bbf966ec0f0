# SPDX-License-Identifier: GPL-3.0-or-later
"""A server for tests of readers: it gives one answer, late, cut off or without end if it is to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Answering:
    """Answers every request on ``url`` with the body and keeps the paths and headers that were ``asked``.

    length: what the answer says of its length; None for the truth. endless: the body again and again. drip: seconds
    between single bytes.
    """

    def __init__(
        self, body: bytes, status: int = 200, delay: float = 0, length: int | None = None, endless: bool = False,
        drip: float = 0,
    ) -> None:  # fmt: skip
        self.body, self.status, self.delay = body, status, delay
        self.length, self.endless, self.drip = length, endless, drip
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: Any) -> None:
                """Be silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Give the answer."""
        self.asked.append((handler.path, dict(handler.headers)))
        self.over.wait(self.delay)
        handler.send_response(self.status)
        if not self.endless:
            handler.send_header("Content-Length", str(len(self.body) if self.length is None else self.length))
        handler.end_headers()
        with contextlib.suppress(OSError):
            for piece in self._pieces():
                handler.wfile.write(piece)
                handler.wfile.flush()

    def _pieces(self) -> Iterator[bytes]:
        if self.drip:
            for byte in self.body:
                time.sleep(self.drip)
                yield bytes([byte])
            return
        yield self.body
        while self.endless and not self.over.is_set():
            yield self.body

    def __enter__(self) -> Answering:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
