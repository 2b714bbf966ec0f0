# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Revisions that took longer than a limit: what the record remembers of them, and whether one may be tried again.

Pure. A release waits for its migration, and users wait behind what it has locked. A revision that a limit has ended
would be ended by it again, so it is refused before anything is migrated, until somebody has decided otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.migration_eval import MigrationError, statement_ended

RUN = "migration_timeout_seconds"
STATEMENT = "migration_statement_timeout_seconds"


def ended(result: Mapping[str, Any], step: Mapping[str, Any], limits: Mapping[str, float]) -> list[dict[str, Any]]:
    """What the record remembers of a revision that a limit has ended; nothing where none has.

    result: of module migration_run. step: of the plan. limits: seconds by the input that says them; 0 for none.
    """
    if result.get("timed_out"):
        by, limit = RUN, limits[RUN]
    elif result.get("rc") != 0 and statement_ended(result):
        by, limit = STATEMENT, _statement_limit(step, limits)
    else:
        return []
    seconds = float(result.get("last_seconds") or 0)
    # Without a limit of ours it was one of the server, of the role, or of the revision itself.
    return [{"revision": step["revision"], "seconds": seconds, "by": by, "limit": float(limit) if limit else None}]


def _statement_limit(step: Mapping[str, Any], limits: Mapping[str, float]) -> float:
    return 0 if step.get("autocommit") else limits[STATEMENT]


def kept(migration: Mapping[str, Any], slow: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The field ``migration`` of a record with these revisions in it, each once."""
    names = [one["revision"] for one in slow]
    before = [one for one in migration.get("slow") or [] if one["revision"] not in names]
    return {**migration, "slow": [*before, *slow]}


def remembered(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of every revision that a limit has ended the last time that it did. documents: records, newest release first."""
    found: dict[str, dict[str, Any]] = {}
    for document in documents:
        for one in (document.get("migration") or {}).get("slow") or []:
            found.setdefault(one["revision"], {**one, "release_id": document["release_id"]})
    return list(found.values())


def require(
    steps: Iterable[Mapping[str, Any]], known: Sequence[Mapping[str, Any]], limits: Mapping[str, float],
    accepted: Sequence[str],
) -> None:  # fmt: skip
    """No revision that would be ended again is to be applied. Raises MigrationError.

    steps: to be applied. known: what is remembered. accepted: revisions that somebody wants to be tried all the same.
    """
    slow = {one["revision"]: one for one in known}
    found = [
        slow[step["revision"]]
        for step in steps
        if step["revision"] in slow
        and step["revision"] not in accepted
        and not _raised(slow[step["revision"]], step, limits)
    ]
    if not found:
        return
    names = ", ".join(str(one["revision"]) for one in found)
    inputs = sorted({str(one["by"]) for one in found if one["limit"]})
    raised = f", or raise {' and '.join(inputs)}" if inputs else ""
    raise MigrationError(
        f"expected revisions that end within their limits, found {'; '.join(map(_words, found))}. Nothing was migrated:"
        " a release waits for its migration, and users wait behind what it has locked. Let the revision only add, and"
        " backfill the rows in batches after the switch, by a job of its own. To try it again, mended or as it is, name"
        f" it in migration_slow_accepted ({names}){raised}"
    )


def _raised(one: Mapping[str, Any], step: Mapping[str, Any], limits: Mapping[str, float]) -> bool:
    """Whether the limit that ended it is a larger one by now, or none."""
    if not one["limit"]:
        return False
    now = limits[RUN] if one["by"] == RUN else _statement_limit(step, limits)
    return not now or float(now) > float(one["limit"])


def _words(one: Mapping[str, Any]) -> str:
    by = f"{one['by']} ({one['limit']:g})" if one["limit"] else "a limit of the server, its role or its own"
    return f"{one['revision']}, which {by} ended after {one['seconds']:g} s in release {one['release_id']}"
