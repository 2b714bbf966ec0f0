# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rehearsal of the unattended rollback, judged by the records of the estate: pure functions."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from ansible_collections.bluegreen.release.plugins.module_utils import record, release_take, transitions

SHOWN = 10
Looks = Mapping[str, Mapping[str, Any]]


class Drill(TypedDict):
    """What a rehearsal has shown; one line of the trend."""

    at: str
    release_id: str
    version: str
    passed: bool
    problem: str
    """Why it did not pass; empty when it did."""
    exposure_seconds: float | None
    """From the first switch of a proxy to the decision to go back: the detection. None when none was switched."""
    recovery_seconds: float | None
    """From that decision to the end of the rollback. None when it never came or never ended."""


def judge(before: Looks, after: Looks, version: str, code: int) -> Drill:
    """Judge a rehearsal.

    before, after: by proxy C(record) and C(proxy), its look before and after the release. code: how the release ended.
    """
    known = {one["release_id"] for one in _records(before)}
    drilled = next((one for one in _records(after) if one["release_id"] not in known), None)
    if drilled is None:
        problem = f"expected the release of {version} to begin, found no new record: it was refused, see its output"
        return Drill(
            at="", release_id="", version=version, passed=False, problem=problem, exposure_seconds=None,
            recovery_seconds=None,
        )  # fmt: skip
    times = {step["phase"]: record.seconds_of(step["at"]) for step in drilled["transitions"]}
    switched, decided = times.get("switching"), times.get(transitions.ROLLING_BACK)
    ended = times.get(transitions.CLOSED) if drilled["outcome"] else None
    problem = _problem(before, after, drilled, code)
    return Drill(
        at=drilled["started_at"],
        release_id=drilled["release_id"],
        version=drilled["version"],
        passed=not problem,
        problem=problem,
        exposure_seconds=_between(switched, decided),
        recovery_seconds=_between(decided, ended),
    )


def _problem(
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    drilled: Mapping[str, Any],
    code: int,
) -> str:
    if drilled["outcome"] == transitions.LIVE or code == 0:
        return "expected the bad build to be taken back, found that it went live: nothing noticed it"
    if drilled["outcome"] is None:
        return f"expected the rollback to end, found the release in phase {drilled['phase']}"
    silent = [host for host in before if host not in after]
    if silent:
        return f"expected every proxy to say where users are, found no answer of {', '.join(silent)}"
    moved = [
        f"{host} {before[host]['proxy']['probe']} to {after[host]['proxy']['probe']}"
        for host in before
        if before[host]["proxy"]["probe"] != after[host]["proxy"]["probe"]
    ]
    return f"expected users where they were, found them moved: {', '.join(moved)}" if moved else ""


def lines(drill: Mapping[str, Any], trend: Sequence[str]) -> list[str]:
    """Say what the rehearsal has shown, beside those before it. trend: the lines kept, oldest first, with this one."""
    said = [
        f"Drill of {drill['version']}: {'passed' if drill['passed'] else 'FAILED: ' + drill['problem']}.",
        f"Users met the bad build for {_seconds(drill['exposure_seconds'])}, detection included; going back took "
        f"{_seconds(drill['recovery_seconds'])} to its end.",
    ]
    kept = [one for one in map(_parsed, trend) if one][-SHOWN:]
    whole = [one for one in kept if one.get("passed") and one.get("exposure_seconds") is not None]
    if whole:
        exposures = [float(one["exposure_seconds"]) for one in whole]
        recoveries = [float(one["recovery_seconds"]) for one in whole if one.get("recovery_seconds") is not None]
        said.append(
            f"Of the last {len(kept)}: {sum(bool(one.get('passed')) for one in kept)} passed, median exposure "
            f"{_seconds(statistics.median(exposures))}, median recovery "
            f"{_seconds(statistics.median(recoveries) if recoveries else None)}."
        )
    return said


def _parsed(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _records(looks: Looks) -> list[dict[str, Any]]:
    return release_take.records_of({host: look["record"] for host, look in looks.items()})


def _between(earlier: float | None, later: float | None) -> float | None:
    return None if earlier is None or later is None else round(later - earlier, 2)


def _seconds(value: float | None) -> str:
    return "no time" if value is None else f"{value:.1f} s"
