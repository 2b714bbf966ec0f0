# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One HTTP request over a fresh connection: a kept one may be closed by the server just as it is used."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.bluegreen.release.plugins.module_utils.http_eval import Answer, StepError
from ansible_collections.bluegreen.release.plugins.module_utils.tls import TlsConnection, context

_LARGEST_BODY = 4 * 1024 * 1024  # bytes
_CHUNK = 65536  # bytes


@dataclass(frozen=True)
class Request:
    """What one step sends. ``timeout`` is in seconds, for the whole answer."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout: float


@dataclass(frozen=True)
class Endpoint:
    """Where steps are sent to. Raises ValueError for a URL that is not http or https.

    ca: file of authorities; empty means those of the system. tls_name: whose the certificate must be; empty means the
    host of the URL.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    validate_certs: bool = True
    ca: str = ""
    tls_name: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"expected base_url like http://127.0.0.1:8001, found {self.base_url!r}")

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=timeout)
        return TlsConnection(
            host, parts.port or 443, timeout, self.tls_name or host, context(self.ca, self.validate_certs)
        )

    def send(self, request: Request) -> Answer:
        """The answer. Raises StepError when there is none within the request's timeout."""
        deadline = time.monotonic() + request.timeout
        path = urlsplit(self.base_url).path.rstrip("/") + request.path
        headers = {**self.headers, **request.headers, "Connection": "close"}
        connection = None
        try:
            connection = self._connection(request.timeout)
            connection.request(request.method, path, body=request.body, headers=headers)
            response = connection.getresponse()
            body = _read(response, deadline)
            answered = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, answered, body)
        except (OSError, http.client.HTTPException) as error:
            raise StepError(f"expected an answer, found {_problem(error, request.timeout)}") from error
        finally:
            if connection is not None:
                connection.close()


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := response.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > _LARGEST_BODY:
            raise StepError(f"expected a body of at most {_LARGEST_BODY} bytes, found a longer one")
        if time.monotonic() > deadline:
            raise TimeoutError("timed out")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _problem(error: Exception, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"none within {timeout:g} s"
    return f"{type(error).__name__}: {error}"


def encode(json_value: Any, text: str | None) -> tuple[bytes | None, dict[str, str]]:
    """Body and content header of a step: JSON, text or nothing."""
    if json_value is not None:
        return json.dumps(json_value).encode(), {"Content-Type": "application/json"}
    if text is not None:
        return text.encode(), {}
    return None, {}
