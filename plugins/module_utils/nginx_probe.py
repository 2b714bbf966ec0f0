# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a proxy says of itself: its live slot and its generation through the probe, a slot through the front door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import NONE, SLOTS, UNKNOWN
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import AskError, Tls, ask

UNREACHABLE = "unreachable"
OURS = "ours"
GENERATION_HEADER = "x-release-generation"
DOOR_HEADER = "x-release-door"
# nginx itself says these when it got no answer from the slot.
_NOT_FROM_THE_SLOT = (502, 504)


class Probe(NamedTuple):
    """An answer of the probe.

    live: blue, green, unknown or unreachable; reason: why it is unreachable; door: open, closed, or empty for none.
    """

    live: str
    generation: str
    reason: str
    door: str = ""


def probe(url: str, headers: Mapping[str, str], timeout_seconds: float, tls: Tls | None = None) -> Probe:
    """Ask nginx which slot its workers see. Never raises."""
    try:
        answer = ask(url, headers, timeout_seconds, tls)
    except AskError as error:
        return Probe(UNREACHABLE, "", str(error))
    live, generation = answer.body.strip(), answer.headers.get(GENERATION_HEADER, "")
    if answer.status != 200 or not generation or live not in (*SLOTS, UNKNOWN):
        return Probe(
            UNREACHABLE,
            "",
            f"expected the probe to answer 200 with blue, green or unknown, found {answer.status}: the site is not "
            "configured here, or this address or secret is refused",
        )
    return Probe(live, generation, "", answer.headers.get(DOOR_HEADER, ""))


def look_at_front(
    url: str, headers: Mapping[str, str], slot_header: str, tls: Tls | None = None
) -> Callable[[float], str]:
    """A look for prove(): the slot that answered at the front door, or what was found instead."""

    def look(timeout_seconds: float) -> str:
        try:
            answer = ask(url, headers, timeout_seconds, tls)
        except AskError as error:
            return str(error)
        slot = answer.headers.get(slot_header.lower(), "")
        if answer.status in _NOT_FROM_THE_SLOT:
            return f"{answer.status} (slot {slot or 'not named'} did not answer)"
        return slot or f"{answer.status} without {slot_header}"

    return look


def look_at_entrance(
    url: str, headers: Mapping[str, str], slot_header: str, tls: Tls | None = None
) -> Callable[[float], str]:
    """A look for prove(): C(ours) when the front door names a slot, even one that does not answer; else what it was."""

    def look(timeout_seconds: float) -> str:
        try:
            answer = ask(url, headers, timeout_seconds, tls)
        except AskError as error:
            return str(error)
        named = answer.headers.get(slot_header.lower(), "") in SLOTS
        return OURS if named else f"{answer.status} without {slot_header}"

    return look


def look_at_generation(url: str, headers: Mapping[str, str], tls: Tls | None = None) -> Callable[[float], str]:
    """A look for prove(): the generation that answered, or what was found instead."""

    def look(timeout_seconds: float) -> str:
        seen = probe(url, headers, timeout_seconds, tls)
        return seen.generation or seen.reason

    return look


def look_at_door(url: str, headers: Mapping[str, str], tls: Tls | None = None) -> Callable[[float], str]:
    """A look for prove(): open or closed as nginx's workers see the door, or what was found instead."""

    def look(timeout_seconds: float) -> str:
        seen = probe(url, headers, timeout_seconds, tls)
        return seen.door or seen.reason or "no door"

    return look


def look_for_none(url: str, headers: Mapping[str, str], tls: Tls | None = None) -> Callable[[float], str]:
    """A look for prove(): C(none) when no generation of ours answers, also when nothing listens there any more."""

    def look(timeout_seconds: float) -> str:
        try:
            answer = ask(url, headers, timeout_seconds, tls)
        except AskError as error:
            return NONE if isinstance(error.__cause__, ConnectionRefusedError) else str(error)
        generation = answer.headers.get(GENERATION_HEADER, "")
        return f"generation {generation}" if generation else NONE

    return look
