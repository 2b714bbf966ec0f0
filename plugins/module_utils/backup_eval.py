# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of a backup, in words; pure functions, no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import record

_MEBIBYTE = 1024**2
_TIMES = {"finished_at": "the last backup", "restored_at": "the last backup that was restored to prove it"}
_LAST = 300


def external_problem(result: Mapping[str, Any], command: Sequence[str], oldest: float, now: float) -> str:
    """Why a backup that somebody else makes does not count; empty when it does.

    result: of a run of the command. oldest: how many seconds ago its times may be. now: seconds since 1970.
    """
    name = command[0] if command else "backup_command"
    if result.get("rc") != 0:
        said = str(result.get("stderr") or result.get("stdout") or result.get("msg") or "nothing").strip()[-_LAST:]
        return f"Expected {name} to tell of the last backup, found exit code {result.get('rc', 'none')}: {said}."
    try:
        told = json.loads(str(result.get("stdout")))
        ages = {what: now - record.seconds_of(str(told[key])) for key, what in _TIMES.items()}
    except (ValueError, KeyError, TypeError) as error:
        return (
            f"Expected {name} to print one JSON object with finished_at and restored_at, times such as"
            f" 2026-01-31T23:59:59Z, found {str(result.get('stdout')).strip()[-_LAST:]!r} ({error})."
        )
    late = [
        f"{what} {age / 3600:.1f} hours ago" if age >= 0 else f"{what} in the future"
        for what, age in ages.items()
        if not 0 <= age <= oldest
    ]
    if not late:
        return ""
    return (
        f"Expected a backup and its proof no older than {oldest / 3600:g} hours (backup_max_age_seconds), found"
        f" {' and '.join(late)}, as {name} says. Make one, restore it, and release again."
    )


def lines(result: Mapping[str, Any], host: str, directory: str) -> list[str]:
    """What a dump is, for people. result: of module database_backup."""
    made = result.get("backup")
    if not made:
        return [f"Nothing was dumped: in check mode it is only looked at {directory} on {host}."]
    proof = (
        f"restored and compared in {made['verify_seconds']:g} s: "
        + ", ".join(f"{table['name']} {table['rows']:,} rows" for table in made["tables"])
        if made["verified"]
        else "NOT restored: backup_verify is false"
    )
    told = [
        f"{host}:{directory}/{made['file']}, {made['bytes'] / _MEBIBYTE:,.1f} MiB in {made['seconds']:g} s",
        proof,
    ]
    told += [f"does not count: {one}" for one in result.get("bad") or []]
    return told + [f"removed, too old: {one}" for one in result.get("removed") or []]
