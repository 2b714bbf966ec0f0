# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the slot that users came from still works, now that the new version has written; pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NAME = "standby"
CLOSED = "freeze"


def problems(app_hosts: Sequence[str], answers: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """Why the standby does not work, a line for each host on which it does not.

    answers: by host the result of its test; of a host without one, or that is gone, nothing is known.
    """
    seen = ((host, answers.get(host) or {}) for host in app_hosts)
    return [f"on {host}: {answer['reason']}" for host, answer in seen if answer.get("passed") is False]


def facts(found: Sequence[str]) -> dict[str, Any]:
    """What the record learns: going back by a switch is closed as soon as the standby is red."""
    if not found:
        return {}
    verdict = {"name": NAME, "verdict": "p1", "reason": "; ".join(found)}
    return {"rollback_class": CLOSED, "verdicts": [verdict]}


def closed_because(document: Mapping[str, Any]) -> str:
    """Why users cannot go back from a release by a switch, by its record; empty when they can."""
    if document.get("rollback_class") != CLOSED:
        return ""
    told = [one["reason"] for one in document.get("verdicts") or [] if one.get("name") == NAME]
    return str(told[-1]) if told else "its migration cannot be taken back"


def words(document: Mapping[str, Any]) -> str:
    """The same for people, in the report of a release; empty when the way back is open."""
    why = closed_because(document)
    if not why:
        return ""
    return (
        f"GOING BACK IS CLOSED: {document['from_version']} in {document['from_slot']} does not work on what"
        f" {document['version']} writes; {why}. Users stay where they are; mend it with a new version."
    )
