# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is made of revisions that were seen on a copy of the database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.migration_eval import MigrationError
from ansible_collections.bluegreen.release.plugins.module_utils.migration_rehearsal import MARK
from ansible_collections.bluegreen.release.plugins.module_utils.migration_revisions import Revision, View
from ansible_collections.bluegreen.release.plugins.module_utils.migration_seen import (
    rehearsal,
    unknown,
    unseen,
    with_what_was_seen,
)

COMMAND = ["python", "-c", "a\nb", "alembic.ini"]
SEEN = [{"revision": "2", "seconds": 0.8, "statements": ["SELECT a FROM t", "UPDATE t SET a = NULL", "COMMIT"]}]


def view(*rows: tuple[str, str | None, str, str]) -> View:
    """A view. rows: name, SQL, mark, the inventory's word."""
    pending = tuple(Revision(name, mark, word, sql, "" if sql else "it reads rows") for name, sql, mark, word in rows)
    return View("1", rows[-1][0], pending)


def said(**more: Any) -> dict[str, Any]:
    told = {"seen": SEEN, "calm": ["lower"], "failed": "", "refused": "", "problem": "", **more}
    return {"rc": 0, "stdout": f"noise\n{MARK}{json.dumps(told)}\n", "stderr": ""}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("2", None, "", ""), ("3", "SELECT 1", "", "")], ["2"]),
        ([("2", "SELECT 1", "", ""), ("3", None, "", ""), ("4", None, "data", "")], ["2", "3"]),
        ([("2", None, "data", ""), ("3", None, "", "expand")], []),
        ([("2", "", "", "")], []),
    ],
)
def test_what_has_to_run_on_a_copy(rows: list[tuple[str, str | None, str, str]], expected: list[str]) -> None:
    assert unknown(view(*rows)) == expected


def test_what_was_seen_stands_for_sql_that_nobody_can_write_down() -> None:
    found = with_what_was_seen(view(("2", None, "", ""), ("3", "DROP TABLE t", "", "")), rehearsal(said(), COMMAND))
    assert [one.sql for one in found.pending] == ["SELECT a FROM t;\nUPDATE t SET a = NULL;\nCOMMIT;\n", "DROP TABLE t"]
    assert [one.seconds for one in found.pending] == [0.8, None]


def test_a_revision_that_was_not_seen_stays_unknown() -> None:
    found = with_what_was_seen(view(("9", None, "", "")), rehearsal(said(), COMMAND))
    assert found.pending[0].sql is None


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (said(failed="3", problem="KeyError: x"), ("Revision 3: expected it to run on a copy", "found KeyError: x")),
        (said(failed="3", refused="it opens sqlite"), ("Revision 3: expected that what it does can be seen", "sqlite")),
        (said(failed="", problem="CommandError: no"), ("Revision unknown: ", "CommandError: no")),
        ({"rc": 137, "stdout": "", "stderr": "Killed"}, ("Seen on a copy", "found exit code 137", "Killed")),
        ({"rc": None, "timed_out": True, "seconds": 600}, ("Seen on a copy", "to end within its time")),
        ({"rc": 0, "stdout": "hello", "stderr": ""}, ("expected one answer of the run on the copy, found 0",)),
    ],
)
def test_why_nothing_was_seen(result: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(MigrationError) as caught:
        with_what_was_seen(view(("2", None, "", "")), rehearsal(result, COMMAND))
    assert all(word in str(caught.value) for word in words)
    if "answer" not in words[0]:
        assert "Nothing was applied to the database itself" in str(caught.value)
        assert "mark it with a Release-Phase" in str(caught.value)


def test_the_reason_why_no_copy_was_made_is_told_with_the_other() -> None:
    found = unseen(view(("2", None, "", ""), ("3", "", "", "")), "no room")
    assert found.pending[0].problem == (
        "it reads rows; it was not seen running on a copy of the database, because no room"
    )
    assert found.pending[1].sql == "" and "no room" not in found.pending[1].problem
