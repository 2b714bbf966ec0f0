# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What revisions whose SQL nobody can write down were seen to do on a copy of the database; pure functions, no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import migration_rehearsal
from ansible_collections.bluegreen.release.plugins.module_utils.migration_eval import MigrationError, tool_output
from ansible_collections.bluegreen.release.plugins.module_utils.migration_revisions import Revision, View

VERB = "rehearse"
_AS_IT_WAS = "Nothing was applied to the database itself"
_MARK_IT = "read what it does, and mark it with a Release-Phase"


@dataclass(frozen=True)
class Rehearsal:
    """What was seen.

    Attributes:
        statements: that each revision sent, in order, without their values.
        seconds: how long each took.
        calm: functions that change nothing, by the word of the server.
        failed: the revision at which it ended; empty for none.
        refused: why it could not be seen on the copy alone.
        problem: what went wrong there.
    """

    statements: Mapping[str, tuple[str, ...]]
    seconds: Mapping[str, float]
    calm: frozenset[str]
    failed: str
    refused: str
    problem: str


def unknown(view: View) -> list[str]:
    """The revisions that have to run on a copy: those of which nobody says what they do, with all that come before."""
    silent = [one.sql is None and not (one.told or one.mark) for one in view.pending]
    last = max((number for number, one in enumerate(silent, 1) if one), default=0)
    return [one.name for one in view.pending[:last]]


def rehearsal(result: Mapping[str, Any], command: Sequence[str]) -> Rehearsal:
    """What the run on the copy has told. Raises MigrationError when it told nothing."""
    try:
        said = tool_output(VERB, result, command, "").replace("\r", "")
    except MigrationError as error:
        raise MigrationError(
            f"Seen on a copy of the database: {error}\n{_AS_IT_WAS}. Where only the copy is in its way, {_MARK_IT}"
        ) from error
    lines = [line for line in said.split("\n") if line.startswith(migration_rehearsal.MARK)]
    if len(lines) != 1:
        raise MigrationError(f"expected one answer of the run on the copy, found {len(lines)}: check migration_python")
    found = json.loads(lines[0].removeprefix(migration_rehearsal.MARK))
    return Rehearsal(
        statements={str(one["revision"]): tuple(map(str, one["statements"])) for one in found["seen"]},
        seconds={str(one["revision"]): float(one["seconds"]) for one in found["seen"]},
        calm=frozenset(map(str, found["calm"])),
        failed=str(found["failed"]),
        refused=str(found["refused"]),
        problem=str(found["problem"]),
    )


def with_what_was_seen(view: View, seen: Rehearsal) -> View:
    """The revisions that have no SQL, with that which they were seen to run. Raises MigrationError where one failed."""
    if seen.refused:
        raise MigrationError(
            f"Revision {seen.failed or 'unknown'}: expected that what it does can be seen on a copy of the database,"
            f" found that {seen.refused}. {_AS_IT_WAS}. Where that is as it should be, {_MARK_IT}"
        )
    if seen.problem:
        raise MigrationError(
            f"Revision {seen.failed or 'unknown'}: expected it to run on a copy of the database, found"
            f" {seen.problem}. {_AS_IT_WAS}. Correct the revision; where only the copy is in its way, {_MARK_IT}"
        )
    return replace(view, pending=tuple(_seen(one, seen) for one in view.pending))


def _seen(one: Revision, seen: Rehearsal) -> Revision:
    if one.sql is not None or one.name not in seen.statements:
        return one
    sql = "".join(f"{statement};\n" for statement in seen.statements[one.name])
    return replace(one, sql=sql, problem="", seconds=seen.seconds[one.name])


def unseen(view: View, why: str) -> View:
    """The revisions that have no SQL, with the reason why they were not seen on a copy either."""
    told = f"; it was not seen running on a copy of the database, because {why}"
    return replace(
        view,
        pending=tuple(one if one.sql is not None else replace(one, problem=one.problem + told) for one in view.pending),
    )
