# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters around backups."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import backup_eval, downgrade_plan


def backup_problem(result: Mapping[str, Any], command: Sequence[str], max_age_seconds: float) -> str:
    """Why an external backup does not count; empty when it does."""
    return backup_eval.external_problem(result, command, float(max_age_seconds), time.time())


def backup_lines(result: Mapping[str, Any], host: str, directory: str) -> list[str]:
    """What a dump is, for people."""
    return backup_eval.lines(result, host, directory)


def backup_lost(
    result: Mapping[str, Any], host: str, directory: str, agreed: str, revision: str, target: str,
    changes: Mapping[str, Any] | None,
) -> dict[str, Any]:  # fmt: skip
    """What a downgrade loses and where it is kept, from module database_loss; empty result: nobody could count.

    changes: what the migration has changed, of which what it dropped comes back empty.
    """
    if not result or result.get("skipped"):
        problem = downgrade_plan.refusal(agreed, revision, target, None)
        return {"problem": problem, "rows": None, "lines": [], "file": None}
    file = f"{host}:{directory}/{result['file']}" if result.get("file") else None
    lines = [*result["lines"], *([f"kept in {file}"] if file else []), *downgrade_plan.comes_back_empty(changes)]
    return {"problem": result["problem"], "rows": result["rows"], "lines": lines, "file": file}


class FilterModule:
    """Filters of the collection around backups."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"backup_lines": backup_lines, "backup_lost": backup_lost, "backup_problem": backup_problem}
