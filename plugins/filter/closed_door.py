# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The closed door, of module_utils, as filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import closed_door


def door_downtime(
    lb_hosts: Sequence[str], facts: Mapping[str, Mapping[str, Any]], fact: str, mode: str, limit_seconds: float
) -> dict[str, Any]:
    """What the record learns of a release whose users waited; nothing where nobody did."""
    seconds = {host: (facts[host].get(fact) or {}).get("held_seconds") for host in lb_hosts}
    held = {host: {"seconds": one, "mode": mode, "limit_seconds": limit_seconds} for host, one in seconds.items()}
    found = closed_door.downtime("release", held)
    return {"downtime": [found]} if found else {}


class FilterModule:
    """Filters around the closed door."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "door_back": closed_door.goes_back_behind,
            "door_downtime": door_downtime,
            "door_opened": closed_door.opened,
            "door_problem": closed_door.problem,
            "door_refusal": closed_door.refusal,
            "door_sentence": closed_door.sentence,
            "door_shut": closed_door.shut,
            "door_unready": closed_door.unready,
        }
