# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide on the controller what of the pending migrations is applied, and what a rollback may be afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.module_utils import migration_plan, migration_seen, migration_slow
from ansible_collections.bluegreen.release.plugins.module_utils.migration_eval import MigrationError
from ansible_collections.bluegreen.release.plugins.module_utils.migration_plan import Plan, Unknown
from ansible_collections.bluegreen.release.plugins.module_utils.migration_revisions import (
    Answers,
    Patterns,
    View,
    view,
)
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options
from ansible_collections.bluegreen.release.plugins.plugin_utils.action_arguments import arguments_of
from ansible_collections.bluegreen.release.plugins.plugin_utils.migration_lint import LintError, lint

SPEC: Options = {
    "results": {"type": "dict", "required": True},
    "commands": {"type": "dict", "required": True},
    "phases": {"type": "dict", "default": {}},
    "revision_pattern": {"type": "str", "required": True},
    "unknown_pattern": {"type": "str", "default": ""},
    "pending_pattern": {"type": "str", "default": ""},
    "live": {"type": "list", "elements": "dict", "default": []},
    "contract": {"type": "bool", "default": False},
    "irreversible": {"type": "bool", "default": False},
    "closed_door": {"type": "bool", "default": False},
    "unasked": {"type": "str", "default": ""},
    "uncopied": {"type": "str", "default": ""},
    "left": {"type": "list", "elements": "str", "default": []},
    "lock_timeout_seconds": {"type": "float", "default": 0},
    "limits": {"type": "dict", "default": {}},
    "slow": {"type": "list", "elements": "dict", "default": []},
    "slow_accepted": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Read what the tool said, have its SQL linted, and plan."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give ``plan``, or ``problem`` with why there is none; never fail for what a tool said."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        return {**result, "changed": False, **outlook(arguments_of(self, SPEC))}


def outlook(given: Mapping[str, Any]) -> dict[str, Any]:
    """All that is known of what is pending. Every key is always there."""
    found: dict[str, Any] = {
        "known": False, "problem": "", "before": "", "after": "", "pending": [], "lines": [], "plan": None,
        "asks_live": False, "asks_preview": False, "asks_copy": False, "unknown": [], "user": "",
        "left": given["left"],
    }  # fmt: skip
    if not given["commands"]:
        return {**found, "known": True}
    if given["unasked"]:
        return {**found, "problem": given["unasked"]}
    try:
        seen = view(_answers(given, given["results"]))
    except MigrationError as error:
        return {**found, "problem": str(error)}
    names = [one.name for one in seen.pending]
    found.update(known=True, before=seen.current, after=seen.head, pending=names, lines=names, user=seen.user)
    try:
        planned = _planned(given, seen)
    except (MigrationError, LintError) as error:
        asks_live = _asks_live(given, seen)
        asks_preview = bool(names) and "preview" in given["commands"] and "preview" not in given["results"]
        asks_copy = isinstance(error, Unknown) and _can_be_seen(given)
        return {
            **found, "problem": str(error), "asks_live": asks_live, "asks_preview": asks_preview,
            "asks_copy": asks_copy, "unknown": migration_seen.unknown(seen) if asks_copy else [],
        }  # fmt: skip
    found["asks_live"] = bool(planned.breaking) and _asks_live(given, seen)
    return {
        **found, "after": planned.target, "plan": planned.as_dict(), "lines": migration_plan.in_words(planned)
    }  # fmt: skip


def _asks_live(given: Mapping[str, Any], seen: View) -> bool:
    """Whether what the live image has could change the answer: a refusal, or a door that is closed for nothing."""
    return seen.known is not None and not given["live"]


def _planned(given: Mapping[str, Any], seen: View) -> Plan:
    """The plan. Raises MigrationError and LintError."""
    seen, calm = _with_copy(given, seen)
    linted = lint({one.name: one.sql for one in seen.pending if one.sql is not None}, calm)
    if given["contract"]:
        planned = migration_plan.contract(seen, linted, given["irreversible"])
    else:
        planned = migration_plan.plan(seen, linted, _live(given), given["closed_door"])
    if planned.breaking and not given["commands"].get("downgrade"):
        raise MigrationError(
            "expected migration_commands.downgrade, found none: revisions that the live version does not survive are"
            " applied behind the closed door only with a way back"
        )
    if planned.steps:
        migration_plan.require_settings(seen, given["lock_timeout_seconds"])
    limits = {str(name): float(seconds) for name, seconds in given["limits"].items()}
    migration_slow.require(planned.as_dict()["steps"], given["slow"], limits, given["slow_accepted"])
    return planned


def _can_be_seen(given: Mapping[str, Any]) -> bool:
    """Whether a run on a copy of the database could still tell."""
    verb = migration_seen.VERB
    return verb in given["commands"] and verb not in given["results"] and not given["uncopied"]


def _with_copy(given: Mapping[str, Any], seen: View) -> tuple[View, frozenset[str]]:
    """The view with what is known from a copy, and the functions that change nothing. Raises MigrationError."""
    verb = migration_seen.VERB
    if verb in given["results"]:
        rehearsal = migration_seen.rehearsal(given["results"][verb], [str(word) for word in given["commands"][verb]])
        return migration_seen.with_what_was_seen(seen, rehearsal), rehearsal.calm
    if verb in given["commands"] and given["uncopied"]:
        return migration_seen.unseen(seen, given["uncopied"]), frozenset()
    return seen, frozenset()


def _answers(given: Mapping[str, Any], results: Mapping[str, Any]) -> Answers:
    patterns = Patterns(given["revision_pattern"], given["unknown_pattern"], given["pending_pattern"])
    return Answers(results, given["commands"], patterns, {str(name): str(it) for name, it in given["phases"].items()})


def _live(given: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The revisions of the live slot's image; None where it was not asked, or did not say."""
    answers = {str(one["__migration_verb"]): one for one in given["live"] if "rc" in one}
    try:
        return view(_answers({**given, "phases": {}}, answers)).known if answers else None
    except (MigrationError, KeyError):
        return None
