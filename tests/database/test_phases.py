# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that was written before a revision works on its schema exactly when the revision was said to be harmless."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query

from tests.database.conftest import Project

# What users do by the old code.
OLD_CODE = (
    "INSERT INTO t (a, u) VALUES (1, 1)",
    "INSERT INTO t (a, note, color) VALUES (5, 'n5', 'green')",
    "SELECT t.id, t.a + 1, note, color, name FROM t JOIN u ON u.id = t.u",
    "UPDATE t SET a = a - 20 WHERE note = 'n5'",
    "DELETE FROM t WHERE a < -100",
)
BESIDE_USERS = "with op.get_context().autocommit_block(): op.execute('CREATE INDEX CONCURRENTLY i ON t (a)')"
# The revision, its phase where nobody marks it, and whether the old code works on its schema.
CASES: dict[str, tuple[str, str, bool]] = {
    "column that may be null": ("ALTER TABLE t ADD COLUMN c text", "expand", True),
    "column with a default": ("ALTER TABLE t ADD COLUMN c text NOT NULL DEFAULT 'x'", "expand", True),
    "new table": ("CREATE TABLE n (id int PRIMARY KEY, t bigint)", "expand", True),
    "index beside users": (BESIDE_USERS, "expand", True),
    "index dropped": ("DROP INDEX t_note", "expand", True),
    "new enum value": ("ALTER TYPE color ADD VALUE 'blue'", "expand", True),
    "data": ("UPDATE t SET note = upper(note)", "data", True),
    "column that must be given": ("ALTER TABLE t ADD COLUMN c text NOT NULL DEFAULT ''; "
                                  "ALTER TABLE t ALTER COLUMN c DROP DEFAULT", "contract", False),
    "column dropped": ("ALTER TABLE t DROP COLUMN note", "contract", False),
    "column renamed": ("ALTER TABLE t RENAME COLUMN a TO b", "contract", False),
    "table renamed": ("ALTER TABLE u RENAME TO v", "contract", False),
    "table dropped": ("ALTER TABLE t DROP COLUMN u; DROP TABLE u", "contract", False),
    "type changed": ("ALTER TABLE t ALTER COLUMN a TYPE text", "contract", False),
    "null no more": ("UPDATE t SET note = ''; ALTER TABLE t ALTER COLUMN note SET NOT NULL", "contract", False),
    "unique": ("CREATE UNIQUE INDEX i ON t (a)", "contract", False),
    "constraint": ("ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)", "contract", False),
    "enum value renamed": ("ALTER TYPE color RENAME VALUE 'green' TO 'lime'", "contract", False),
}  # fmt: skip


def works(connection: Any) -> bool:
    """Whether everything that the old code does works."""
    try:
        for statement in OLD_CODE:
            query(connection, statement)
    except DatabaseError:
        return False
    return True


@pytest.mark.parametrize(("body", "phase", "survives"), CASES.values(), ids=CASES)
def test_old_code_survives_what_is_applied_and_not_what_waits(
    project: Project, connection: Any, body: str, phase: str, survives: bool
) -> None:
    project.revision("0002", body)
    found = project.look()
    assert found["problem"] == ""
    steps, postponed = found["plan"]["steps"], found["plan"]["postponed"]
    assert [step["phase"] for step in steps + postponed] == [phase]
    assert bool(steps) is survives, "what the old code does not survive is not applied"
    project.upgrade("0002", autocommit=(steps + postponed)[0]["autocommit"])
    assert works(connection) is survives


def test_revision_that_reads_rows_is_refused_until_it_is_marked(project: Project) -> None:
    body = "op.get_bind().execute(sa.text('SELECT a FROM t')).fetchall()"
    project.revision("0002", body)
    assert "Revision 0002: expected a mark" in project.look()["problem"]
    assert project.look({"0002": "data"})["lines"] == ["0002: data (migration_phases)"]
    project.revision("0002", body, "Release-Phase: data")
    assert project.look()["lines"] == ["0002: data (its mark)"]


def test_looking_changes_nothing(project: Project, connection: Any) -> None:
    project.revision("0002", "DROP TABLE t")
    assert project.look()["plan"]["before"] == "0001"
    assert query(connection, "SELECT count(*) FROM t") == [(10,)]
    assert query(connection, "SELECT version_num FROM alembic_version") == [("0001",)]


def test_decision_about_200_revisions(project: Project) -> None:
    for number in range(2, 202):
        project.revision(f"{number:04d}", f"ALTER TABLE t ADD COLUMN c{number} text")
    plan = project.look()["plan"]
    assert (len(plan["steps"]), plan["target"]) == (200, "0201")
