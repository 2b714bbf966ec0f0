# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters around the runs of a migration tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import migration_eval as judge


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
    """Those of the tool's commands that change nothing, in the order in which the plan of a release asks them."""
    return {
        verb: [str(word) for word in commands[verb]] for verb in ("current", "heads", "pending") if commands.get(verb)
    }


def migration_outlook(
    look: Mapping[str, Any],
    commands: Mapping[str, Sequence[str]],
    asked: bool,
    pattern: str,
    unknown_pattern: str = "",
    pending_pattern: str = "",
) -> dict[str, Any]:
    """What a release would migrate; see module_utils.migration_eval.outlook."""
    return judge.outlook(look, commands, bool(asked), [pattern, unknown_pattern, pending_pattern])


class FilterModule:
    """Filters of the collection around migrations."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "migration_answer": migration_answer,
            "migration_outlook": migration_outlook,
            "migration_proof": migration_proof,
            "migration_questions": migration_questions,
        }
