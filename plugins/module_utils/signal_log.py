# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a proxy's access log in JSON says of each slot: bytes to numbers, no I/O.

One regular expression in C counts equal lines; only what is left of them, a few thousand, is looked at in Python. Lines
that it does not know are read as JSON, one by one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

REQUEST, UPSTREAM = "request", "upstream"
# Of one request: client and host if they are left out, prefix of its path, status, seconds, slot, upstream_status,
# upstream_seconds.
_Seen = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
_REST = rb'[^"\\\n]*'  # of a value
_LAST_STATUS = re.compile(r"(\d{3})\s*\Z")
_CLIENT_LEFT = 499
# nginx writes "a, b" for the servers that it tried in turn, "a : b" for an internal redirect.
_TRIES = re.compile(r"[,:]")
_EPOCH = re.compile(rb'"epoch":(\d+(?:\.\d+)?),')


class Wanted(NamedTuple):
    """Which requests are told apart, and whose time counts.

    prefixes: of paths; "" is every request. seconds_of: REQUEST, what the user waited, or UPSTREAM, what the
    application took; a slow client makes only the first of them longer. without_clients, without_hosts: addresses and
    host names whose requests are not users': a release's own probes would make errors seem rare where users are few.
    """

    prefixes: Sequence[str] = ("",)
    seconds_of: str = REQUEST
    without_clients: Sequence[str] = ()
    without_hosts: Sequence[str] = ()


class Lines:
    """Counts of the lines that were given. Each is a whole line, its end included.

    A request has failed when its status, or that of the last server that nginx tried for it, is 5xx: one that a second
    server answered has not, and counts as retried. 499 is a client that left: no failure of the slot for sure, so it
    counts as abandoned, and how long it had waited counts among the durations.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._pattern = _pattern(wanted)
        self._seen: Counter[_Seen] = Counter()
        self.malformed = self.left_out = 0

    def add(self, lines: bytes) -> None:
        """Count them. Never raises: what is no line of such a log is counted as malformed."""
        found = self._pattern.findall(lines)
        if len(found) == lines.count(b"\n"):
            self._seen.update(found)
            return
        for line in lines.splitlines(keepends=True):
            one = self._pattern.findall(line)
            if len(one) == 1:
                self._seen.update(one)
            elif line.strip():
                self._add_json(line)

    def _add_json(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            path, status = str(entry["path"]), int(entry["status"])
            seconds = float(entry["seconds"])
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            self.malformed += 1
            return
        rest = (str(entry.get(name) or "") for name in ("slot", "upstream_status", "upstream_seconds"))
        prefix = next((one for one in _longest_first(self._wanted.prefixes) if path.startswith(one)), None)
        client, host = str(entry.get("client") or ""), str(entry.get("host") or "")
        left_out = (
            client if client in self._wanted.without_clients else "",
            host if host in self._wanted.without_hosts else "",
        )
        words = (*left_out, "" if prefix is None else prefix, str(status), str(seconds), *rest)
        matched = tuple(word.encode("utf-8", "replace") for word in words)
        self._seen[matched] += 1  # type: ignore[index]  # its length is right, and mypy cannot count it

    def result(self) -> dict[str, dict[str, Any]]:
        """Prefix to slot to ``requests``, ``failed``, ``retried``, ``abandoned`` and ``milliseconds``."""
        found: dict[str, dict[str, Any]] = {prefix: {} for prefix in self._wanted.prefixes}
        for (client, host, prefix, *words), count in self._seen.items():
            if client or host:
                self.left_out += count
                continue
            path = prefix.decode("utf-8", "replace")
            try:
                told = _told(words, self._wanted.seconds_of)
            except ValueError:
                self.malformed += count
                continue
            for one, slots in found.items():
                if path.startswith(one):
                    _count(slots.setdefault(words[2].decode("utf-8", "replace"), _nothing()), told, count)
        return found


def _longest_first(prefixes: Sequence[str]) -> list[str]:
    return sorted(prefixes, key=len, reverse=True)


def _pattern(wanted: Wanted) -> re.Pattern[bytes]:
    """Of a line from the first field that is asked for on to its end.

    A quotation mark inside a value is written with a backslash, so no value can hold what looks like a name here.
    """
    told = [re.escape(one.encode()) for one in _longest_first(wanted.prefixes) if one]
    without = (wanted.without_clients, wanted.without_hosts)
    whole = [
        rb"((?:" + b"|".join(re.escape(one.encode()) for one in some) + rb')(?=")|)' if some else b"()"
        for some in without
    ]
    lead = b"()()"
    if any(without):
        lead = b'"client":"' + whole[0] + _REST + b'","host":"' + whole[1] + _REST + b'","method":"' + _REST + b'",'
    path = b'"path":"(' + b"|".join([*told, b""]) + b")" + _REST + b'",' if told or any(without) else b"()"
    upstream = rb',"upstream_seconds":"([^"\n]*)"' if wanted.seconds_of == UPSTREAM else b"()"
    return re.compile(
        lead + path + rb'"status":(\d+),"bytes":\d+,"seconds":(\d+\.\d+),"slot":"([^"\\\n]*)","upstream":"[^"\n]*",'
        rb'"upstream_status":"([^"\n]*)"' + upstream + rb"[^\n]*\n"
    )


class _Told(NamedTuple):
    failed: bool
    retried: bool
    abandoned: bool
    milliseconds: int


def _told(words: Sequence[bytes], seconds_of: str) -> _Told:
    """Raises ValueError for a duration that is none, or is negative."""
    status, seconds, _slot, tried, upstream_seconds = (word.decode("utf-8", "replace") for word in words)
    last = _LAST_STATUS.search(tried)
    failed = int(status) >= 500 or (last is not None and int(last.group(1)) >= 500)
    took = float(seconds) if seconds_of == REQUEST else _total(upstream_seconds, float(seconds))
    if not 0 <= took < 1e7:
        raise ValueError(f"{took} s")
    return _Told(failed, len(_TRIES.split(tried)) > 1, int(status) == _CLIENT_LEFT, round(took * 1000))


def _total(seconds: str, otherwise: float) -> float:
    """The seconds of every server that was tried; those of the request where no server was."""
    parts = [part.strip() for part in _TRIES.split(seconds)]
    took = [float(part) for part in parts if part not in ("", "-")]
    return sum(took) if took else otherwise


def _nothing() -> dict[str, Any]:
    return {"requests": 0, "failed": 0, "retried": 0, "abandoned": 0, "milliseconds": {}}


def _count(slot: dict[str, Any], told: _Told, count: int) -> None:
    slot["requests"] += count
    slot["failed"] += count * told.failed
    slot["retried"] += count * told.retried
    slot["abandoned"] += count * told.abandoned
    slot["milliseconds"][told.milliseconds] = slot["milliseconds"].get(told.milliseconds, 0) + count


def epoch_of(line: bytes) -> float | None:
    """When a request ended, seconds since 1970 by the proxy's clock; None where the line does not say so."""
    found = _EPOCH.search(line)
    return float(found.group(1)) if found else None
