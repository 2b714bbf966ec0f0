# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of a release went: its record and the proxies' logs go in, seconds come out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from lab.bench.figures import PARTS
from lab.errors import LabError

# Each part ends when the record enters this phase, the last one with the run: no second is in two parts or in none.
_ENDS = ("provisioning", "migrating", "checking", "switching", "watching", "watched")


def moments(record: Mapping[str, Any]) -> dict[str, float]:
    """Phase -> seconds since 1970 at which the record first entered it."""
    found: dict[str, float] = {}
    for transition in record["transitions"]:
        found.setdefault(transition["phase"], datetime.fromisoformat(transition["at"]).timestamp())
    return found


def parts(record: Mapping[str, Any], began: float, ended: float) -> dict[str, float]:
    """Part -> seconds, of a run that began and ended at these seconds since 1970.

    Raises:
        LabError: the record did not go through all phases.
    """
    at = moments(record)
    missing = [phase for phase in _ENDS if phase not in at]
    if missing:
        raise LabError("a record of a whole release", f"no phase {', '.join(missing)}", "read the log of that release")
    edges = [began, *(at[phase] for phase in _ENDS), ended]
    return {part: after - before for part, (before, after) in zip(PARTS, pairwise(edges), strict=True)}


def switch_seconds(record: Mapping[str, Any], host_name: str, logs: Iterable[str]) -> float:
    """Seconds from the record's `switching` to the last answer of the old slot at any front door, as `left_seconds`."""
    return left_seconds(moments(record)["switching"], record["from_slot"], record["to_slot"], host_name, logs)


def left_seconds(begun: float, left: str, reached: str, host_name: str, logs: Iterable[str]) -> float:
    """Seconds from a moment to the last answer of the slot that users left, at any front door.

    `logs` holds one proxy's JSON access log each; the preview's lines, of another host name, do not count.

    Raises:
        LabError: a proxy answered nobody from the slot that users reached, so nobody knows when they arrived there.
    """
    last = begun
    for number, text in enumerate(logs, 1):
        seen = [line for line in map(json.loads, text.splitlines()) if line["host"] == host_name]
        after = [line for line in seen if line["epoch"] >= begun]
        if not any(line["slot"] == reached for line in after):
            raise LabError(
                f"answers of slot {reached} in the log of proxy {number}", "none", "was there load on it meanwhile?"
            )
        last = max([last, *(line["epoch"] for line in after if line["slot"] == left)])
    return last - begun
