# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ports of a compose file, in all the ways to write them; pure functions, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def _numbers(value: Any) -> list[int]:
    """The ports of a number or range; none for what is neither, such as a variable."""
    found = _RANGE.fullmatch(str(value).strip())
    if not found:
        return []
    first, last = int(found[1]), int(found[2] or found[1])
    return list(range(first, last + 1)) if last - first < 65536 else []


def _halves(entry: Any) -> tuple[Any, Any]:
    """What an entry of `ports` publishes on the host, empty for a port of Docker's choice, and in the container."""
    if isinstance(entry, Mapping):
        return entry.get("published") or "", entry.get("target") or ""
    parts = re.split(r":(?![^{]*\})", str(entry).split("/")[0])  # no colon inside ${NAME:-default}
    return (parts[-2] if len(parts) > 1 else ""), parts[-1]


def container_ports(definition: Mapping[str, Any]) -> Iterator[int]:
    """Container ports that `ports` and `expose` name in numbers; variables say nothing."""
    for entry in definition.get("ports") or []:
        yield from _numbers(_halves(entry)[1])
    for entry in definition.get("expose") or []:
        yield from _numbers(str(entry).split("/")[0])


class Published(NamedTuple):
    """One port of the host that a service asks for."""

    address: str
    port: int
    protocol: str


def published_ports(definition: Mapping[str, Any]) -> Iterator[Published]:
    """Ports of the host that a service asks for by one number each."""
    for entry in definition.get("ports") or []:
        host = str(_halves(entry)[0])
        if host.isdigit():
            if isinstance(entry, Mapping):
                address, protocol = str(entry.get("host_ip") or ""), str(entry.get("protocol") or "tcp")
            else:
                text, _, protocol = str(entry).partition("/")
                address = text.rpartition(":")[0].rpartition(":")[0]
            yield Published(address, int(host), protocol or "tcp")


def claimed_ports(definition: Mapping[str, Any]) -> set[int]:
    """Ports of the host that a service may take, ranges too."""
    return {port for entry in definition.get("ports") or [] for port in _numbers(_halves(entry)[0])}


def published_words(definition: Mapping[str, Any]) -> list[str]:
    """The entries of `ports` and `expose` as they are written, for messages."""
    return [
        f"{_halves(entry)[0]}:{_halves(entry)[1]}".lstrip(":")
        for entry in [*(definition.get("ports") or []), *(definition.get("expose") or [])]
    ]
