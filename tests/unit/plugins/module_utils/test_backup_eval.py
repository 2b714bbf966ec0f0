# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which word of somebody else's backup counts, and what is said of our own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.backup_eval import external_problem, lines

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
DAY = 86400.0


def told(finished: Any, restored: Any = "2026-01-31T00:00:00Z") -> dict[str, Any]:
    return {"rc": 0, "stdout": json.dumps({"finished_at": finished, "restored_at": restored})}


def problem(result: dict[str, Any]) -> str:
    return external_problem(result, ["/usr/local/bin/backups", "--last"], DAY, NOW)


@pytest.mark.parametrize("finished", ["2026-01-31T11:59:59Z", "2026-01-30T12:00:00Z", "2026-01-31T14:00:00+03:00"])
def test_young_backup_that_was_restored_counts(finished: str) -> None:
    assert problem(told(finished)) == ""


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (told("2026-01-30T11:59:59Z"), "the last backup 24.0 hours ago"),
        (told("2026-01-31T11:00:00Z", "2026-01-01T00:00:00Z"), "restored to prove it 732.0 hours ago"),
        (told("2026-01-31T12:00:01Z"), "the last backup in the future"),
        (told("2026-01-31T11:00:00"), "has no time zone"),
        (told(None), "one JSON object with finished_at and restored_at"),
        (told("2026-01-31T11:00:00Z", None), "one JSON object"),
        ({"rc": 0, "stdout": "[1]"}, "one JSON object"),
        ({"rc": 0, "stdout": "all good"}, "found 'all good'"),
        ({"rc": 3, "stdout": "", "stderr": "no stanza"}, "found exit code 3: no stanza"),
        ({"msg": "Timed out after 10 second(s)."}, "found exit code none: Timed out"),
    ],
)
def test_any_other_word_does_not(result: dict[str, Any], said: str) -> None:
    assert said in problem(result) and "/usr/local/bin/backups" in problem(result)


def test_dump_that_was_not_proved_is_told() -> None:
    made = {"file": "x.dump", "bytes": 3 * 1024**2, "seconds": 1.5, "verified": False, "tables": []}
    found = lines({"backup": made, "bad": ["y.dump: truncated"], "removed": ["z.dump"]}, "db1", "/dumps")
    assert found == [
        "db1:/dumps/x.dump, 3.0 MiB in 1.5 s",
        "NOT restored: backup_verify is false",
        "does not count: y.dump: truncated",
        "removed, too old: z.dump",
    ]
