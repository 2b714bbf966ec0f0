# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking a proxy over fresh connections, and proving that every answer is the wanted one."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_PAUSE_SECONDS = 0.005
_BODY_LIMIT_BYTES = 65536


class AskError(Exception):
    """No answer; the text says what was found."""


@dataclass(frozen=True)
class Answer:
    """One answer of a proxy. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Tls:
    """How https is verified. name: what the certificate must be for and what the handshake asks for; empty means that
    of the Host header. ca: file of authorities; empty means those of the system."""

    name: str = ""
    ca: str = ""


_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |$)")


def ask(url: str, headers: Mapping[str, str], timeout_seconds: float, tls: Tls | None = None) -> Answer:
    """GET *url* over a connection of its own. Raises AskError when there is no answer in time."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AskError(f"expected a URL like http://127.0.0.1:80/path, found {url!r}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "https":
        return _ask_with_tls(parts.hostname, parts.port or 443, path, headers, timeout_seconds, tls or Tls())
    try:
        return _ask_plainly(parts.hostname, parts.port or 80, path, headers, timeout_seconds)
    except OSError as error:
        raise AskError(f"no answer from {parts.netloc}: {error or type(error).__name__}") from error


def _ask_plainly(host: str, port: int, path: str, headers: Mapping[str, str], seconds: float) -> Answer:
    """GET without Python's http.client, whose import takes longer than all else that a proxy does while users wait.

    HTTP/1.0, which nginx answers whole and closes. Raises OSError.
    """
    lines = [f"GET {path} HTTP/1.0", *(f"{name}: {value}" for name, value in {"Host": host, **headers}.items()), "", ""]
    if any(character in line for line in lines for character in "\r\n"):
        raise OSError("expected headers of one line each")
    deadline, said = time.monotonic() + seconds, b""
    with socket.create_connection((host, port), timeout=seconds) as connection:
        connection.sendall("\r\n".join(lines).encode())
        while chunk := connection.recv(_BODY_LIMIT_BYTES):
            said += chunk
            if len(said) > 2 * _BODY_LIMIT_BYTES:
                break
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
    head, found, body = said.partition(b"\r\n\r\n")
    first, *rest = head.split(b"\r\n")
    status = _STATUS.match(first)
    if not status or not found:
        raise OSError(f"expected HTTP, found {said[:60]!r}")
    fields = (line.decode("latin-1").partition(":") for line in rest)
    answered = {name.lower(): value.strip() for name, _, value in fields}
    length = answered.get("content-length", "")
    if length.isdigit() and len(body) < min(int(length), _BODY_LIMIT_BYTES):
        raise OSError(f"expected a body of {length} bytes, found {len(body)}")
    return Answer(int(status.group(1)), answered, body[:_BODY_LIMIT_BYTES].decode("utf-8", "replace"))


def _ask_with_tls(
    host: str, port: int, path: str, headers: Mapping[str, str], seconds: float, tls: Tls
) -> Answer:  # fmt: skip
    """GET by Python's own client. Raises AskError."""
    import http.client

    from ansible_collections.bluegreen.release.plugins.module_utils.tls import TlsConnection, context

    name = tls.name or str(headers.get("Host", "")).partition(":")[0] or host
    connection = None
    try:
        connection = TlsConnection(host, port, seconds, name, context(tls.ca))
        connection.request("GET", path, headers={**headers, "Connection": "close"})
        response = connection.getresponse()
        body = response.read(_BODY_LIMIT_BYTES).decode("utf-8", "replace")
        return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, body)
    except (OSError, http.client.HTTPException) as error:
        raise AskError(f"no answer from {host}:{port}: {_why(error, tls)}") from error
    finally:
        if connection is not None:
            connection.close()


def _why(error: Exception, tls: Tls) -> str:
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate does not verify ({error.verify_message}); name the file of its authority in "
            "nginx_switchover_local_ca"
        )
    if isinstance(error, FileNotFoundError):
        return f"the file of authorities {tls.ca} (nginx_switchover_local_ca) is not there"
    return str(error) or type(error).__name__


@dataclass
class Proof:
    """What was seen while proving. Times are seconds since the proof began."""

    proved: bool = False
    requests: int = 0
    wanted: int = 0
    first: str = ""
    last: str = ""
    last_other_seconds: float | None = None
    last_other: str = ""
    seconds: float = 0.0
    found: dict[str, int] = field(default_factory=dict)

    def as_result(self) -> dict[str, Any]:
        """The proof as a module returns it."""
        return {
            "proved": self.proved,
            "requests": self.requests,
            "wanted": self.wanted,
            "first": self.first,
            "last": self.last,
            "last_other": self.last_other,
            "last_other_seconds": None if self.last_other_seconds is None else round(self.last_other_seconds, 4),
            "seconds": round(self.seconds, 4),
            "found": self.found,
        }

    def note(self, seen: str, wanted: str, now_seconds: float) -> None:
        """Count one answer."""
        self.requests += 1
        self.first = self.first or seen
        self.last = seen
        self.found[seen] = self.found.get(seen, 0) + 1
        if seen == wanted:
            self.wanted += 1
        else:
            self.last_other, self.last_other_seconds = seen, now_seconds


def prove(
    look: Callable[[float], str],
    wanted: str,
    window_seconds: float,
    timeout_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Proof:
    """Look again and again until every look over *window_seconds* on end saw *wanted*; give up after the timeout.

    look: given a timeout in seconds, says what it saw, in one word or one sentence; it does not raise.
    One look that saw anything else begins the window anew.
    """
    proof, began = Proof(), clock()
    window_began: float | None = None
    while True:
        asked = clock()
        left = timeout_seconds - (asked - began)
        if left <= 0:
            proof.seconds = asked - began
            return proof
        seen = look(min(2.0, max(left, 0.05)))
        now = clock()
        proof.note(seen, wanted, now - began)
        if seen != wanted:
            window_began = None
        elif window_began is None:
            window_began = asked
        if window_began is not None and now - window_began >= window_seconds:
            proof.proved, proof.seconds = True, now - began
            return proof
        sleep(_PAUSE_SECONDS)
