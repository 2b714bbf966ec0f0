# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of the pending migrations a release applies, and what going back from it may be; pure functions.

The code of two slots is on one database, so a release applies what the live code survives and nothing else. A
revision belongs to one of four phases. ``expand`` adds: code that does not know of it works on. ``data`` changes rows
in columns that both know. ``contract`` takes away or tightens what the live code may use. ``irreversible`` cannot be
taken back by any downgrade.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import closed_door as door
from ansible_collections.bluegreen.release.plugins.module_utils.migration_eval import MigrationError
from ansible_collections.bluegreen.release.plugins.module_utils.migration_revisions import Revision, View

UNKNOWN = "unknown"
# What SQL does to rows that are there; the worst last.
ROWS = ("kept", "changed", "removed", UNKNOWN)
_WORSE = ("expand", "data", "contract")
_SHOWN = 3


class Unknown(MigrationError):
    """Nobody says what a revision does: it has neither a mark nor SQL."""


@dataclass(frozen=True)
class Finding:
    """A statement that is worse than ``expand``. phase: what it is, or UNKNOWN. why: the statement."""

    phase: str
    why: str


@dataclass(frozen=True)
class Linted:
    """What the SQL of a revision means.

    Attributes:
        findings: statements that are worse than ``expand``.
        autocommit: whether it commits more than once.
        tables: that it touches; None where that is not known.
        rows: what it does to rows that are there, one of ROWS.
        writes: table, without its schema, and column of what it writes over rows that are there; None where that is not
            known.
    """

    findings: tuple[Finding, ...] = ()
    autocommit: bool = False
    tables: tuple[str, ...] | None = ()
    rows: str = ROWS[0]
    writes: tuple[tuple[str, str], ...] | None = ()


@dataclass(frozen=True)
class Step:
    """A revision and its phase.

    Attributes:
        by: who says so: ``mark``, ``inventory``, ``lint`` of its SQL, or ``copy``, lint of what it was seen to send.
        tables: that it touches; None where they are not known.
        rows: one of ROWS, by its SQL, whatever phase it is said to be of.
        seconds: how long it ran on a copy of the database; None where it did not.
        writes: as of Linted.
    """

    revision: str
    phase: str
    by: str
    autocommit: bool = False
    tables: tuple[str, ...] | None = ()
    rows: str = ROWS[0]
    seconds: float | None = None
    writes: tuple[tuple[str, str], ...] | None = ()


@dataclass(frozen=True)
class Plan:
    """What is applied, in order, and what waits.

    Attributes:
        before: revision of the database now; empty for none.
        target: the revision that it goes to.
        head: revision of the image.
        steps: revisions to apply.
        postponed: contract revisions at the end, which wait until no slot runs older code.
        rollback_class: what going back may be.
        breaking: revisions of the steps that the live code does not survive; applied behind the closed door.
    """

    before: str
    target: str
    head: str
    steps: tuple[Step, ...]
    postponed: tuple[Step, ...]
    rollback_class: str = "switch"
    breaking: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the record, and for the tasks of the role."""
        return {
            "before": self.before,
            "target": self.target,
            "head": self.head,
            "steps": [_row(step) for step in self.steps],
            "postponed": [_row(step) for step in self.postponed],
            "rollback_class": self.rollback_class,
            "breaking": list(self.breaking),
            "tables": sorted({name for step in self.steps for name in step.tables or ()}),
            "tables_known": all(step.tables is not None for step in self.steps),
            "writes": _writes(self.steps),
        }


def _writes(steps: Sequence[Step]) -> list[dict[str, str]] | None:
    """What their SQL writes over rows that are there; None where nobody knows.

    Who marks a revision `expand` says that it writes nothing that old code reads.
    """
    doubtful = [step for step in steps if step.phase != "expand" or step.writes is not None]
    if any(step.writes is None for step in doubtful):
        return None
    pairs = sorted({pair for step in doubtful for pair in step.writes or ()})
    return [{"table": table, "column": column} for table, column in pairs]


def _row(step: Step) -> dict[str, Any]:
    return {
        "revision": step.revision,
        "phase": step.phase,
        "by": step.by,
        "autocommit": step.autocommit,
        "tables": None if step.tables is None else list(step.tables),
        "rows": step.rows,
        "seconds_on_copy": step.seconds,
    }


def step_of(one: Revision, linted: Linted | None) -> Step:
    """The phase of a revision. linted: what its SQL means; None where there is no SQL.

    Raises MigrationError; Unknown where a copy of the database could tell.
    """
    known = linted or Linted(tables=None, rows=UNKNOWN, writes=None)
    found = _found(known)

    def step(phase: str, by: str) -> Step:
        return Step(one.name, phase, by, known.autocommit, known.tables, known.rows, one.seconds, known.writes)

    if one.told:
        return step(one.told, "inventory")
    if one.mark:
        _require_agreement(one, found, known)
        return step(one.mark, "mark")
    if linted is None:
        raise Unknown(
            f"Revision {one.name}: expected a mark, `Release-Phase: expand|data|contract|irreversible` in its docstring"
            f" or in migration_phases, because its SQL is not known ({one.problem or 'the tool does not say it'});"
            " found none. Read what it does, and mark it"
        )
    if found == UNKNOWN:
        raise MigrationError(
            f"Revision {one.name}: expected statements that are known to be harmless or harmful, found"
            f" {_told(known, UNKNOWN)}. Read what it does, and mark it with a Release-Phase"
        )
    return step(found, "lint" if one.seconds is None else "copy")


def _found(linted: Linted) -> str:
    phases = {one.phase for one in linted.findings}
    if "contract" in phases:
        return "contract"
    return UNKNOWN if UNKNOWN in phases else "data" if "data" in phases else "expand"


def _told(linted: Linted, phase: str) -> str:
    told = list(dict.fromkeys(one.why for one in linted.findings if one.phase == phase))
    # Both readers name a statement, one of them with its rule.
    rows = [row for row in told if not any(other != row and other.startswith(row) for other in told)]
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return "; ".join(f"`{row}`" for row in rows[:_SHOWN]) + more


def _require_agreement(one: Revision, found: str, linted: Linted) -> None:
    """A mark may be stricter than what the SQL shows, never milder."""
    if one.mark not in _WORSE or found == UNKNOWN or _WORSE.index(found) <= _WORSE.index(one.mark):
        return
    raise MigrationError(
        f"Revision {one.name}: expected what its mark `{one.mark}` says, found {_told(linted, found)}, which is"
        f" `{found}`. Correct the mark or the revision; where you know better, name the revision in migration_phases"
    )


def plan(
    view: View, linted: Mapping[str, Linted], live_knows: Sequence[str] | None = None, closed_door: bool = False
) -> Plan:
    """What a release applies. Raises MigrationError where the live code would not survive what the candidate needs.

    linted: by revision, of those whose SQL is known. live_knows: revisions that the live slot's image has; its code was
    written for them. None where that is not known. closed_door: whether users may be kept from the live code meanwhile.
    """
    steps = _steps(view, linted)
    needed = max((number for number, step in enumerate(steps, 1) if step.phase in ("expand", "data")), default=0)
    breaking = [
        step
        for step in steps[:needed]
        if step.phase in ("contract", "irreversible") and step.revision not in (live_knows or ())
    ]
    if breaking and not closed_door:
        _refuse(breaking, steps[:needed], linted, live_knows is not None)
    found = _divided(view, steps, needed)
    if not breaking:
        return found
    _require_return(found.steps)
    return replace(found, rollback_class=door.CLASS, breaking=tuple(step.revision for step in breaking))


def _require_return(steps: Sequence[Step]) -> None:
    """Whoever waits at the door must be let in again, also where the release fails: so there is a way back."""
    for step in steps:
        if step.phase == "irreversible":
            raise MigrationError(
                f"Revision {step.revision} is `irreversible`, and the live code does not survive what this release"
                " applies with it. Expected revisions that a downgrade brings back behind the closed door, because a"
                " release that fails there has no other way back. Nothing was migrated. Release the code that does"
                " without the old schema first"
            )


def contract(view: View, linted: Mapping[str, Linted], irreversible: bool) -> Plan:
    """Everything that waited, for a database on which no slot runs older code than that of the image.

    irreversible: whether what no downgrade brings back is applied as well; otherwise it waits, with all behind it.
    """
    steps = _steps(view, linted)
    whole = len(steps)
    if not irreversible:
        whole = next((number for number, step in enumerate(steps) if step.phase == "irreversible"), whole)
    return _divided(view, steps, whole)


def _steps(view: View, linted: Mapping[str, Linted]) -> list[Step]:
    return [step_of(one, linted.get(one.name)) for one in view.pending]


def _divided(view: View, steps: Sequence[Step], applied: int) -> Plan:
    """The plan that applies so many of the steps."""
    return Plan(
        before=view.current,
        target=_target(view, steps, applied),
        head=view.head,
        steps=tuple(steps[:applied]),
        postponed=tuple(steps[applied:]),
    )


def contract_refusal(document: Mapping[str, Any] | None) -> str:
    """Why what waited may not be applied, by the record of the last release; empty when it may."""
    if document is None:
        return "Expected the record of a release, found none: release a version first."
    name = f"release {document['release_id']} of {document['version']}"
    if document["outcome"] != "live":
        found = document["outcome"] or f"in phase {document['phase']}"
        return (
            f"Expected users on the version of the last release, found {name} {found}: older code is on the database,"
            " which may use what would be taken away. Release the version again first."
        )
    standby = document["standby"] or {}
    if standby.get("state") == "running":
        return (
            f"Expected no slot with older code, found {document['from_version']} in {standby['slot']}, the standby of"
            f" {name}: after a rollback it would be on this database. Run playbooks/decommission.yml when nobody needs"
            " to go back to it, and then this again."
        )
    return ""


def _target(view: View, steps: Sequence[Step], needed: int) -> str:
    """The revision that the tool will say the database is at, when the first *needed* steps are applied."""
    if not needed:
        return view.current
    if not view.listed:
        return steps[needed - 1].revision
    waiting = {step.revision for step in steps[needed:]}
    applied = itertools.takewhile(lambda name: name not in waiting, view.known or ())
    return list(applied)[-1]


def _refuse(breaking: Sequence[Step], steps: Sequence[Step], linted: Mapping[str, Linted], sure: bool) -> None:
    first = breaking[0]
    later = next(step for step in steps[list(steps).index(first) :] if step.phase in ("expand", "data"))
    told = _told(linted.get(first.revision, Linted()), "contract")
    why = f": {told}" if told else ""
    knows = "does not have it" if sure else "is not known to have it"
    raise MigrationError(
        f"Revision {first.revision} is `{first.phase}`{why}. Users are on code whose image {knows}, and that code runs"
        f" on the migrated database until the switch, and after every rollback; revision {later.revision}"
        f" (`{later.phase}`), which this image needs, comes behind it. Nothing was migrated. Release the code that does"
        " without the old schema first, with the contract behind everything that it needs; or set release_closed_door,"
        " which keeps users waiting while it is applied"
    )


def require_settings(view: View, seconds: float) -> None:
    """The tool's own connection must give up waiting for locks. seconds: after which time; 0 for no such demand.

    Raises MigrationError. A statement that waits for its lock without end makes every query of the table wait behind
    it, so the setting is read where it counts: on the connection that the tool itself opens.
    """
    if not seconds:
        return
    if view.pooled:
        raise MigrationError(
            "expected the migration tool to be connected to PostgreSQL itself, found a pooler between them: in its"
            " transaction mode settings and locks belong to nobody. Give the tool the address of the server, in"
            " migration_environment"
        )
    if view.settings is None:
        raise MigrationError(
            f"expected proof that the migration tool gives up waiting for a lock after {seconds:g} s, found none: the"
            " tool does not say it. Set migration_commands.settings to a command that prints its lock_timeout, or"
            " migration_lock_timeout_seconds to 0 to go without"
        )
    found = view.settings.get("lock_timeout", 0)
    if not 0 < found <= seconds * 1000:
        raise MigrationError(
            f"expected a lock_timeout of {seconds:g} s or less on the migration tool's own connection, found"
            f" {f'{found} ms' if found else 'none'}. It is given as PGOPTIONS, which not every driver reads, and which"
            " the tool's code may override: set it for the role (ALTER ROLE ... SET lock_timeout), in the address of"
            " the database, or by migration_environment"
        )


def in_words(found: Plan) -> list[str]:
    """The plan for people, a line each."""
    behind = [_DOOR.format(names=" and ".join(found.breaking))] if found.breaking else []
    return [*map(_words, map(_row, found.steps)), *map(_waits, map(_row, found.postponed)), *behind]


def reached(result: Mapping[str, Any], decided: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the record learns behind a migration, also one that failed, and behind a downgrade.

    Where the database is, the proof of rows, what was added, what was lost. result: what the role noted. decided: what
    the record has of it.
    """
    facts: dict[str, Any] = {"revision_after": result.get("after")}
    # Of an earlier downgrade in the same run, where this one had nothing to do.
    told = ("proof", "changes", "lost") if result.get("changed") else ("proof",)
    learned = {name: result[name] for name in told if result.get(name)}
    if decided and learned:
        facts["migration"] = {**decided, **learned}
    return facts


def waiting(document: Mapping[str, Any] | None) -> list[str]:
    """What waits by the record of the last release, for people."""
    rows = ((document or {}).get("migration") or {}).get("postponed") or []
    return [_waits(row) for row in rows] or ["Nothing waits, as far as the record of the last release knows."]


def _words(row: Mapping[str, Any]) -> str:
    seconds = row["seconds_on_copy"]
    took = "" if seconds is None else f", {seconds:.1f} s" + ("" if row["by"] == "copy" else " on a copy")
    return f"{row['revision']}: {row['phase']} ({_BY[row['by']]}{took})"


def _waits(row: Mapping[str, Any]) -> str:
    return f"{_words(row)}, waits until no slot runs older code"


_DOOR = (
    "Behind the closed door: the live version does not survive {names}, so nobody reaches it from before the first"
    " revision until users are switched; going back goes the same way."
)
_BY = {"mark": "its mark", "inventory": "migration_phases", "lint": "its SQL", "copy": "seen running on a copy"}
