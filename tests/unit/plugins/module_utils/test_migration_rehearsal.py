# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the program tells that runs revisions on a copy: statements without values, and nothing that gets past it.

What it does on a real server is in tests/database.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import migration_rehearsal
from ansible_collections.bluegreen.release.plugins.module_utils.migration_rehearsal import (
    Refused,
    Seen,
    told,
    watched,
    without_values,
)
from ansible_collections.bluegreen.release.plugins.module_utils.source import source_of
from ansible_collections.bluegreen.release.plugins.plugin_utils.migration_lint import lint

# What a driver is given, and what is told of it.
TEXTS = {
    "psycopg": (
        "UPDATE t SET a = %(a)s, b = %(b_1)s::VARCHAR WHERE c = %s",
        "UPDATE t SET a = NULL, b = NULL::VARCHAR",
    ),
    "asyncpg": ("INSERT INTO t VALUES ($1, $2::INTEGER)", "INSERT INTO t VALUES (NULL, NULL::INTEGER)"),
    "text": ("UPDATE t SET a = 'it''s; DROP TABLE t' || E'a\\'b'", "UPDATE t SET a = '...' || '...'"),
    "number": ("SELECT a1, 4711 FROM t2 WHERE x > 1.5e3", "SELECT a1, 1 FROM t2 WHERE x > 1"),
    "name": ('SELECT "a 5\'s" FROM "t%(x)s"', 'SELECT "a 5\'s" FROM "t%(x)s"'),
    "comment": ("DROP TABLE t -- squawk-ignore secret\n /* and\n secret */;", "DROP TABLE t"),
    "block": ("DO $do$ BEGIN PERFORM 'secret'; END $do$", "DO $$...$$"),
    "percent": ("SELECT a %% 2 FROM t", "SELECT a % 1 FROM t"),
    "comment inside text": ("UPDATE t SET a = '-- secret', b = 1; DROP TABLE u", "UPDATE t SET a = '...', b = 1; DROP"),
    "text inside comment": ("SELECT 1 -- it's\n; DROP TABLE u -- it's", "SELECT 1 ; DROP TABLE u"),
    "quote inside name": ('SELECT 1 AS "\'"; DROP TABLE u; SELECT 1 AS "\'"', 'SELECT 1 AS "\'"; DROP TABLE u'),
}
BEYOND = [
    "ALTER DATABASE shop SET lock_timeout = 0", "create role x", "DROP USER x", "alter system set a = 1",
    "REASSIGN OWNED BY a TO b", "DROP OWNED BY a", "GRANT a TO b", "REVOKE a FROM b;", "COMMENT ON DATABASE shop IS ''",
    "GRANT CONNECT ON DATABASE shop TO x", "COPY t TO PROGRAM 'curl'", "SELECT dblink_exec('x')",
    "SELECT pg_terminate_backend(1)", "CREATE EXTENSION postgres_fdw", "DO $$ BEGIN ALTER\n ROLE x NOLOGIN; END $$",
]  # fmt: skip
WITHIN = [
    "GRANT SELECT ON t TO x", "REVOKE ALL ON TABLE t FROM x", "ALTER TABLE t ADD COLUMN role text",
    "CREATE TABLE database (id int)", "CREATE USER_TABLE", "COMMENT ON TABLE t IS 'x'", "COPY t FROM STDIN",
    "CREATE INDEX i ON role (id)", "SELECT 1 FROM a JOIN role ON role.id = a.id", "UPDATE t SET comment = 'on'",
    "GRANT SELECT ON t TO a; GRANT USAGE ON SCHEMA s TO b",
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), TEXTS.values(), ids=TEXTS)
def test_values_are_taken_out_and_nothing_else(given: str, expected: str) -> None:
    found = without_values(given)
    assert found.startswith(expected) and "secret" not in found
    # What is told can be read: something of it would be found otherwise.
    assert all("does not read it" not in one.why for one in lint({"x": found})["x"].findings)


@pytest.mark.parametrize("text", BEYOND)
def test_what_reaches_beyond_its_database_is_refused_before_it_is_sent(text: str) -> None:
    seen = Seen("copy", "mark")
    with pytest.raises(Refused, match="reaches beyond its database"):
        seen.note(text, None)
    assert seen.refused and seen.end() == []


@pytest.mark.parametrize("text", WITHIN)
def test_what_stays_in_its_database_is_not(text: str) -> None:
    Seen("copy", "mark").note(text, None)


def test_what_was_sent_of_a_revision() -> None:
    seen = Seen("copy", "mark")
    seen.note("SELECT 'before'", None)
    seen.begin()
    for number in range(5000):
        seen.note(f"UPDATE t SET a = {number}".encode(), None)
    seen.note_commit(None)
    seen.note("DROP TABLE t", None)
    seen.note_commit(None)
    assert seen.end() == ["UPDATE t SET a = 1", "COMMIT", "DROP TABLE t", "COMMIT"]
    seen.note("SELECT 'after'", None)
    assert seen.end()[-1] == "COMMIT"


def test_a_cursor_notes_before_it_sends() -> None:
    order: list[Any] = []

    class Cursor:
        def execute(self, query: str, values: Any = None) -> str:
            order.append(("sent", query, values))
            return "done"

    made = watched(Cursor, lambda query, _cursor: order.append(("noted", query)))()
    assert made.execute("SELECT 1", [2]) == "done" and isinstance(made, Cursor)
    assert order == [("noted", "SELECT 1"), ("sent", "SELECT 1", [2])]


class WrongValue(Exception):
    sqlstate = "22P02"


class Wrapped(Exception):
    """As SQLAlchemy wraps what a driver raises."""

    orig = ValueError("duplicate key")


def test_an_error_tells_no_value() -> None:
    assert told(WrongValue('invalid input syntax for type integer: "secret"')) == (
        "WrongValue: invalid input syntax for type integer"
    )
    assert told(ValueError("duplicate key\nDETAIL: Key (mail)=(secret) exists")) == "ValueError: duplicate key"
    assert told(Wrapped("(driver) duplicate key [parameters: secret]")) == "ValueError: duplicate key"
    assert told(SystemExit(3)) == "SystemExit: 3" and told(KeyError()) == "KeyError: "


ENV = """\
from alembic import context
from sqlalchemy import create_engine
print("secret")
with create_engine("sqlite:///{database}").connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = 'revision, down_revision, branch_labels, depends_on = "0001", None, None, None\ndef upgrade(): pass\n'


def test_run_in_the_container_prints_one_line_and_opens_no_other_database(tmp_path: Path) -> None:
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (tmp_path / "migrations" / "env.py").write_text(ENV.format(database=tmp_path / "db.sqlite"))
    (tmp_path / "migrations" / "script.py.mako").write_text("")
    (tmp_path / "migrations" / "versions" / "0001.py").write_text(REVISION)
    words = [sys.executable, "-c", source_of(migration_rehearsal), "alembic.ini", "copy", "mark", "0001"]
    done = subprocess.run(words, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert done.returncode == 0 and "secret" not in done.stdout + done.stderr
    found = json.loads(done.stdout.strip().removeprefix(migration_rehearsal.MARK))
    assert (found["failed"], found["seen"]) == ("0001", [])
    assert found["refused"] == "it opens a connection to a database of another kind, sqlite"
    assert not (tmp_path / "db.sqlite").exists()


def test_configuration_that_is_missing_is_told(tmp_path: Path) -> None:
    words = [sys.executable, "-c", source_of(migration_rehearsal), "alembic.ini", "copy", "mark", "0001"]
    done = subprocess.run(words, cwd=tmp_path, text=True, capture_output=True, check=False)
    found = json.loads(done.stdout.strip().removeprefix(migration_rehearsal.MARK))
    assert done.returncode == 0 and found["problem"].startswith("CommandError: No ") and found["seen"] == []
