# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One bounded HTTP GET: so many bytes, by such a time, and every trouble in words."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

_CHUNK = 1 << 16  # bytes
_SHOWN = 200  # characters of a body that a message shows


class FetchError(Exception):
    """There is no usable answer; the text says why, without the URL's own secrets."""


class Fetched(NamedTuple):
    """One answer; header names are in lower case. seconds: from the connection's beginning to the body's end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Target(NamedTuple):
    """What is asked, and how its certificate is judged: ca, a file of authorities ("" for those of the system)."""

    url: str
    headers: Mapping[str, str] = {}
    method: str = "GET"
    ca: str = ""
    tls_name: str = ""
    validate_certs: bool = True


def fetch(target: Target, deadline: float, limit: int, now: Callable[[], float] = time.monotonic) -> Fetched:
    """The whole answer. Raises FetchError without one by *deadline* (of the clock *now*), or above *limit* bytes."""
    began = now()
    connection = _connection(target, max(deadline - began, 0.001))
    try:
        parts = urlsplit(target.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Accept-Encoding": "identity", "Connection": "close", **target.headers}
        connection.request(target.method, path, headers=headers)
        # The connection lets go of it with the answer's headers, but it is what the body comes over.
        sock: socket.socket | None = connection.sock
        response = connection.getresponse()
        body = _read(sock, response, deadline, limit, now)
        answered = {name.lower(): value for name, value in response.getheaders()}
        return Fetched(response.status, answered, body, now() - began)
    except TimeoutError:
        raise FetchError(f"expected an answer within {deadline - began:.1f} s, found none") from None
    except http.client.IncompleteRead as error:
        raise FetchError(f"expected a whole answer, found it cut off: {error}") from error
    except ValueError:
        # Its text holds the header, which may be a login.
        raise FetchError("expected headers that can be sent, found a character in one that none may have") from None
    except (OSError, http.client.HTTPException) as error:
        raise FetchError(f"expected an answer, found {type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _connection(target: Target, timeout: float) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(target.url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise FetchError(f"expected a URL, found one that cannot be read: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise FetchError("expected a URL like http://127.0.0.1:8001/metrics, found another kind")
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    # Only where it is needed: it takes as long to import as all else here.
    from ansible_collections.bluegreen.release.plugins.module_utils import tls

    try:
        context = tls.context(target.ca, target.validate_certs)
    except OSError as error:
        raise FetchError(f"expected a file of authorities at {target.ca}, found {error.strerror or error}") from error
    return tls.TlsConnection(host, port or 443, timeout, target.tls_name or host, context)


def _read(
    sock: socket.socket | None,
    response: http.client.HTTPResponse,
    deadline: float,
    limit: int,
    now: Callable[[], float],
) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        left = deadline - now()
        if left <= 0:
            raise TimeoutError
        if sock is not None:
            sock.settimeout(left)
        chunk = response.read1(_CHUNK)
        if not chunk:
            break
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            raise FetchError(f"expected at most {limit} bytes, found more without an end")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def shown(body: bytes) -> str:
    """The beginning of a body for a message."""
    text = body[: _SHOWN + 1].decode("utf-8", "replace")
    return repr(text[:_SHOWN] + "..." if len(text) > _SHOWN else text)
