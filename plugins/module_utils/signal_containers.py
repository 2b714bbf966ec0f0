# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the containers of a slot use of their own limits, and how many error lines they log, of the engine's socket."""

from __future__ import annotations

import calendar
import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

_PROJECT, _SERVICE, _ONE_OFF = (f"com.docker.compose.{word}" for word in ("project", "service", "oneoff"))
_LONGEST_ANSWER = 16 << 20  # bytes
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
_HEADER = 8  # bytes before each piece of a log that has no terminal: stream, three zeros, length


class ContainerError(Exception):
    """The engine cannot be asked, or has no such container; the text says what it answered."""


class _Socket(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """The engine behind a socket, until *deadline* on the monotonic clock."""

    def __init__(self, path: str, deadline: float) -> None:
        self._path, self._deadline = path, deadline

    def get(self, target: str, most: int = _LONGEST_ANSWER) -> bytes:
        """The body of an answer, at most so many bytes of it. Raises ContainerError."""
        left = self._deadline - time.monotonic()
        connection = _Socket(self._path, max(left, 0.001))
        try:
            connection.request("GET", target, headers={"Connection": "close"})
            response = connection.getresponse()
            body = response.read(most)
        except TimeoutError:
            raise ContainerError(f"expected an answer of {self._path}, found none within {left:.1f} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise ContainerError(
                f"expected an answer of {self._path}, found: {error}."
                " Does the engine run, and is the SSH user in group docker?"
            ) from error
        finally:
            connection.close()
        if response.status >= 400:
            raise ContainerError(
                f"expected {target.partition('?')[0]} of the engine, found {response.status}: {body[:200]!r}"
            )
        return body

    def document(self, target: str) -> Any:
        """The JSON of an answer. Raises ContainerError."""
        try:
            return json.loads(self.get(target))
        except ValueError as error:
            raise ContainerError(f"expected JSON of the engine, found another answer to {target}") from error


def of_slot(engine: Engine, project: str, services: list[str]) -> list[dict[str, Any]]:
    """Containers of a compose project, without those of ``compose run``. Raises ContainerError where there is none."""
    filters = json.dumps({"label": [f"{_PROJECT}={project}"]})
    found = engine.document("/containers/json?" + urlencode({"all": "1", "filters": filters}))
    own = [
        one
        for one in found
        if one["Labels"].get(_ONE_OFF) != "True" and (not services or one["Labels"].get(_SERVICE) in services)
    ]
    if not own:
        words = f" of {', '.join(services)}" if services else ""
        raise ContainerError(f"expected containers{words} in project {project}, found none")
    return sorted(own, key=lambda one: str(one["Names"]))


def name_of(container: Mapping[str, Any]) -> str:
    """The name under which people know a container."""
    return str((container["Names"] or [container["Id"][:12]])[0]).lstrip("/")


def usage(
    engine: Engine,
    container: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """``cpu_percent`` and ``memory_percent`` of its own limits, or ``cpu_problem`` and ``memory_problem``.

    before: the ``cursor`` of the last look; the processor's share is of the time since then, by the host's monotonic
    *clock*, so it has a problem at the first look. Raises ContainerError.
    """
    if container["State"] != "running":
        raise ContainerError(f"expected it to run, found it {container['State']}")
    identity = quote(container["Id"])
    limits = engine.document(f"/containers/{identity}/json")["HostConfig"]
    stats = engine.document(f"/containers/{identity}/stats?stream=false&one-shot=true")
    cursor = {
        "id": container["Id"],
        "at": clock(),
        "cpu": _number(stats, "cpu_stats", "cpu_usage", "total_usage"),
    }
    return {"cursor": cursor, **_cpu(limits, cursor, before), **_memory(limits, stats)}


def _number(document: Mapping[str, Any], *keys: str) -> int:
    value: Any = document
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, int):
        raise ContainerError(f"expected {'.'.join(keys)} in what the engine says, found {value!r}")
    return value


def _cpu(limits: Mapping[str, Any], now: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    cores = (limits.get("NanoCpus") or 0) / 1e9
    if not cores and (limits.get("CpuQuota") or 0) > 0:
        cores = limits["CpuQuota"] / (limits.get("CpuPeriod") or 100_000)
    if not cores:
        return {
            "cpu_problem": "expected a limit of processors, found none: give the service `cpus` in its compose file"
        }
    if not before or before.get("id") != now["id"] or now["cpu"] < before["cpu"] or now["at"] <= before["at"]:
        return {"cpu_problem": "this is the first look at the container: how busy it is shows at the second"}
    return {"cpu_percent": (now["cpu"] - before["cpu"]) / 1e9 / (now["at"] - before["at"]) / cores * 100}


def _memory(limits: Mapping[str, Any], stats: Mapping[str, Any]) -> dict[str, Any]:
    if not limits.get("Memory"):
        return {
            "memory_problem": "expected a limit of memory, found none: give the service `mem_limit` in its compose file"
        }
    used, details = _number(stats, "memory_stats", "usage"), stats["memory_stats"].get("stats") or {}
    # What the kernel keeps of files and can drop at once is no use of memory: docker stats leaves it out, too.
    cached = int(details.get("total_inactive_file", details.get("inactive_file", 0)))
    return {"memory_percent": max(used - cached, 0) / limits["Memory"] * 100}


def error_lines(
    engine: Engine, container: Mapping[str, Any], pattern: str, since: str, most: int
) -> tuple[dict[str, Any], str]:
    """How many ``lines``, and ``errors`` among them, a container logged since a time; with the time for the next call.

    pattern: a regular expression found anywhere in a line. since: "seconds.nanoseconds" by the engine's clock.
    most: bytes to read; ``cut`` says that there were more. Raises ContainerError.
    """
    try:
        wanted = re.compile(pattern.encode())
    except re.error as error:
        raise ContainerError(f"expected a regular expression, found {pattern!r}: {error}") from error
    query = urlencode({"stdout": 1, "stderr": 1, "timestamps": 1, "since": since})
    body = engine.get(f"/containers/{quote(container['Id'])}/logs?{query}", most + 1)
    lines = errors = 0
    last = b""
    for line in _lines(body[:most]):
        stamp, _, text = line.partition(b" ")
        lines += 1
        errors += wanted.search(text[:10_000]) is not None
        # The engine writes all nine digits, so they are in order as they are; those of two streams may not be.
        last = max(last, stamp if _STAMP.fullmatch(stamp) else b"")
    return {"lines": lines, "errors": errors, "cut": len(body) > most}, _after(_seconds(last)) if last else since


def _lines(body: bytes) -> Iterator[bytes]:
    """The lines of a log; those of a container without a terminal come in pieces with a header each."""
    if body[1:4] == b"\0\0\0" and body[:1] in (b"\0", b"\1", b"\2"):
        pieces, at = [], 0
        while at + _HEADER <= len(body):
            size = int.from_bytes(body[at + 4 : at + _HEADER], "big")
            pieces.append(body[at + _HEADER : at + _HEADER + size])
            at += _HEADER + size
        body = b"".join(pieces)
    return (line for line in body.splitlines() if line)


def _seconds(stamp: bytes) -> str:
    """The time in UTC with which the engine stamps a line as "seconds.nanoseconds"."""
    moment, _, fraction = stamp.rstrip(b"Z").decode().partition(".")
    return f"{calendar.timegm(time.strptime(moment, '%Y-%m-%dT%H:%M:%S'))}.{fraction}"


def _after(moment: str) -> str:
    """One nanosecond later: the engine gives lines from that time on, that one included."""
    seconds, _, fraction = moment.partition(".")
    total = int(seconds) * 10**9 + int(fraction.ljust(9, "0")) + 1
    return f"{total // 10**9}.{total % 10**9:09d}"
