# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters around the runs of a migration tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import (
    downgrade_plan,
    migration_alembic,
    migration_plan,
    migration_rehearsal,
    migration_revisions,
    migration_slow,
    release_take,
)
from ansible_collections.bluegreen.release.plugins.module_utils import migration_eval as judge
from ansible_collections.bluegreen.release.plugins.module_utils.source import source_of


def migration_answer(
    result: Mapping[str, Any],
    verb: str,
    commands: Mapping[str, Sequence[str]],
    pattern: str,
    unknown_pattern: str = "",
    pending_pattern: str = "",
) -> dict[str, str]:
    """What a run of the tool said: its revision, and why it cannot be used (empty when it can)."""
    try:
        output = judge.tool_output(verb, result, [str(word) for word in commands[verb]], unknown_pattern)
        if verb not in ("current", "heads"):
            return {"revision": "", "problem": ""}
        return {"revision": judge.revision(verb, output, pattern, pending_pattern), "problem": ""}
    except judge.MigrationError as error:
        return {"revision": "", "problem": str(error)}


def migration_proof(after: str, head: str) -> str:
    """Why the database is not where it should be after a migration; empty when it is."""
    try:
        judge.proved(str(after), str(head))
    except judge.MigrationError as error:
        return str(error)
    return ""


def migration_questions(commands: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Those of the tool's commands that change nothing, in the order in which they are asked."""
    return migration_revisions.questions(commands)


def migration_tool_commands(
    commands: Mapping[str, Sequence[str]], tool: str, python: Sequence[str], ini: str
) -> dict[str, list[str]]:
    """The commands of a tool that is known by name, and what the inventory gives instead or besides."""
    known: dict[str, list[str]] = {}
    if tool == "alembic":
        alembic = [*python, "-m", "alembic", "--config", ini]
        known = {
            "look": [*python, "-c", source_of(migration_alembic), ini],
            "rehearse": [*python, "-c", source_of(migration_rehearsal), ini],
            "current": [*alembic, "current"],
            "upgrade": [*alembic, "upgrade"],
            "downgrade": [*alembic, "downgrade"],
        }
    return {**known, **{verb: [str(word) for word in words] for verb, words in commands.items() if words}}


def migration_settings(lock_timeout_seconds: float, statement_timeout_seconds: float, autocommit: bool) -> str:
    """The settings of a migration's connection, as libpq reads them from PGOPTIONS.

    A revision that commits by itself, to build an index beside users say, has no time limit for its statements.
    """
    statement = 0 if autocommit else int(float(statement_timeout_seconds) * 1000)
    return f"-c lock_timeout={int(float(lock_timeout_seconds) * 1000)} -c statement_timeout={statement}"


def migration_facts(outlook: Mapping[str, Any], backup: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the record of a release learns before its migration: where the database is, and what is about to happen."""
    plan = outlook.get("plan")
    if not plan:
        return {"revision_before": None, "rollback_class": "switch", "migration": None, "backup": None}
    return {
        "revision_before": plan["before"],
        "rollback_class": plan["rollback_class"],
        "migration": {**{key: plan[key] for key in ("target", "head", "steps", "postponed")}, "proof": None},
        "backup": dict(backup) if backup and plan["steps"] else None,
    }


def migration_steps_back(document: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The revisions to go down to, one call of the tool each, and why there is no way; empty when there is one."""
    try:
        return {"steps": downgrade_plan.steps_back(document, str(now)), "problem": ""}
    except downgrade_plan.DowngradeError as error:
        return {"steps": [], "problem": str(error)}


def migration_downgrade_refusal(views: Mapping[str, Mapping[str, Any]]) -> str:
    """Why the database may not be taken back by itself, by the records of all proxies; empty when it may."""
    return downgrade_plan.too_early(next(iter(release_take.records_of(views)), None))


def migration_contract_refusal(views: Mapping[str, Mapping[str, Any]]) -> str:
    """Why what waited may not be applied, by the records of all proxies; empty when it may."""
    return migration_plan.contract_refusal(next(iter(release_take.records_of(views)), None))


def migration_waiting(views: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The revisions that wait, by the records of all proxies, for people."""
    return migration_plan.waiting(next(iter(release_take.records_of(views)), None))


def migration_slow_ended(
    result: Mapping[str, Any], step: Mapping[str, Any], limits: Mapping[str, float]
) -> list[dict[str, Any]]:
    """What is to be remembered of a revision that a limit has ended; nothing where none has."""
    return migration_slow.ended(result, step, limits)


def migration_slow_facts(
    document: Mapping[str, Any], slow: Sequence[Mapping[str, Any]], outlook: Mapping[str, Any]
) -> dict[str, Any]:
    """What the record learns of revisions that a limit has ended; nothing where none has."""
    if not slow:
        return {}
    migration = document.get("migration") or migration_facts(outlook)["migration"]
    return {"migration": migration_slow.kept(migration, slow)}


def migration_slow_known(views: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The revisions that a limit has ended, by the records of all hosts."""
    return migration_slow.remembered(release_take.records_of(views))


class FilterModule:
    """Filters of the collection around migrations."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "migration_answer": migration_answer,
            "migration_contract_refusal": migration_contract_refusal,
            "migration_downgrade_refusal": migration_downgrade_refusal,
            "migration_facts": migration_facts,
            "migration_proof": migration_proof,
            "migration_questions": migration_questions,
            "migration_reached": migration_plan.reached,
            "migration_settings": migration_settings,
            "migration_slow_ended": migration_slow_ended,
            "migration_slow_facts": migration_slow_facts,
            "migration_slow_known": migration_slow_known,
            "migration_steps_back": migration_steps_back,
            "migration_tool_commands": migration_tool_commands,
            "migration_waiting": migration_waiting,
        }
