# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking a proxy over fresh connections, and proving that every answer is the wanted one."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ansible_collections.bluegreen.release.plugins.module_utils.tls import TlsConnection, context

# The flag is one file for all workers, and each answer looks at it: what counts is for how long all are right, not how
# many are asked. Asking without a pause takes a small proxy's processor from its users.
_PAUSE_SECONDS = 0.02
_BODY_LIMIT_BYTES = 65536


class AskError(Exception):
    """No answer; the text says what was found."""


class Answer(NamedTuple):
    """One answer of a proxy. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


class Tls(NamedTuple):
    """How https is verified. name: what the certificate must be for and what the handshake asks for; empty means that
    of the Host header. ca: file of authorities; empty means those of the system."""

    name: str = ""
    ca: str = ""


def _connection(url: str, headers: Mapping[str, str], timeout_seconds: float, tls: Tls) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AskError(f"expected a URL like http://127.0.0.1:80/path, found {url!r}")
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout_seconds)
    name = tls.name or str(headers.get("Host", "")).partition(":")[0] or parts.hostname
    return TlsConnection(parts.hostname, parts.port or 443, timeout_seconds, name, context(tls.ca))


def _no_answer(error: Exception, url: str, tls: Tls) -> str:
    reason = str(error) or type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = (
            f"its certificate does not verify ({error.verify_message}); name the file of its authority in "
            "nginx_switchover_local_ca"
        )
    elif isinstance(error, FileNotFoundError):
        reason = f"the file of authorities {tls.ca} (nginx_switchover_local_ca) is not there"
    return f"no answer from {urlsplit(url).netloc}: {reason}"


def ask(url: str, headers: Mapping[str, str], timeout_seconds: float, tls: Tls | None = None) -> Answer:
    """GET *url* over a connection of its own. Raises AskError when there is no answer in time."""
    tls, parts, connection = tls or Tls(), urlsplit(url), None
    try:
        connection = _connection(url, headers, timeout_seconds, tls)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={**headers, "Connection": "close"})
        response = connection.getresponse()
        body = response.read(_BODY_LIMIT_BYTES).decode("utf-8", "replace")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
    except (OSError, http.client.HTTPException) as error:
        raise AskError(_no_answer(error, url, tls)) from error
    finally:
        if connection is not None:
            connection.close()


class Proof:
    """What was seen while proving. Times are seconds since the proof began."""

    def __init__(self) -> None:
        self.proved = False
        self.requests = self.wanted = 0
        self.first = self.last = self.last_other = ""
        self.last_other_seconds: float | None = None
        self.seconds = 0.0
        self.found: dict[str, int] = {}

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
