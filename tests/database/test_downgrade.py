# SPDX-License-Identifier: GPL-3.0-or-later
"""What taking a migration back would lose: counted, kept, and put back when the columns are there again."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import (
    database_changes,
    database_loss,
    database_values,
)
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query
from ansible_collections.bluegreen.release.plugins.module_utils.database_changes import Changes, ColumnName
from ansible_collections.bluegreen.release.plugins.modules import database_loss as loss_module
from ansible_collections.bluegreen.release.plugins.modules import database_values as values_module
from ansible_collections.bluegreen.release.plugins.plugin_utils.migration_lint import lint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database.conftest import FIRST


@dataclass(frozen=True)
class Case:
    """A migration, what is written behind it, and how many rows of that a downgrade would lose, by table."""

    up: str
    down: str
    writes: str
    lost: dict[str, int]
    again: bool = True
    """Whether everything is as it was when the values are put back into the schema that is there again."""


CASES = {
    "column, nothing written": Case(
        "ALTER TABLE t ADD COLUMN c text", "ALTER TABLE t DROP COLUMN c", "UPDATE t SET note = 'x'; DELETE FROM t WHERE"
        " id = 3", {},
    ),
    "column, written": Case(
        "ALTER TABLE t ADD COLUMN c text", "ALTER TABLE t DROP COLUMN c",
        "UPDATE t SET c = 'new' WHERE id <= 4; INSERT INTO t (a, c) VALUES (1, ''), (2, NULL)", {"public.t": 5},
    ),
    "default that is kept": Case(
        "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 7", "ALTER TABLE t DROP COLUMN c",
        "UPDATE t SET a = 0; INSERT INTO t (a) VALUES (1); UPDATE t SET c = 8 WHERE id = 2", {"public.t": 1},
    ),
    "filled by the migration": Case(
        "ALTER TABLE t ADD COLUMN c text; UPDATE t SET c = upper(note)", "ALTER TABLE t DROP COLUMN c", "", {},
    ),
    "filled by the migration, and changed": Case(
        "ALTER TABLE t ADD COLUMN c text; UPDATE t SET c = upper(note) WHERE c IS NULL", "ALTER TABLE t DROP COLUMN c",
        "UPDATE t SET c = 'mine' WHERE id = 1", {"public.t": 1}, again=False,
    ),
    "types that cannot be compared": Case(
        "ALTER TABLE t ADD COLUMN j json, ADD COLUMN p point DEFAULT '(1,2)', ADD COLUMN x text[] DEFAULT '{}'",
        "ALTER TABLE t DROP COLUMN j, DROP COLUMN p, DROP COLUMN x",
        "UPDATE t SET j = '{\"a\": [1, \"\\n\"]}' WHERE id = 1; UPDATE t SET x = ARRAY['a,\"b', NULL] WHERE id = 2;"
        " UPDATE t SET p = '(3,4)' WHERE id = 3; UPDATE t SET p = '(1,2)' WHERE id = 4", {"public.t": 3},
    ),
    "default that is computed": Case(
        "ALTER TABLE t ADD COLUMN c timestamptz DEFAULT now()", "ALTER TABLE t DROP COLUMN c",
        "INSERT INTO t (a) VALUES (1)", {"public.t": 1}, again=False,
    ),
    "generated column": Case(
        "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a * 2) STORED", "ALTER TABLE t DROP COLUMN c",
        "UPDATE t SET a = 5", {},
    ),
    "renamed column": Case(
        "ALTER TABLE t RENAME COLUMN note TO remark", "ALTER TABLE t RENAME COLUMN remark TO note",
        "UPDATE t SET remark = 'new' WHERE id = 1", {"public.t": 1},
    ),
    "changed type": Case(
        "ALTER TABLE t ALTER COLUMN a TYPE bigint", "ALTER TABLE t ALTER COLUMN a TYPE int USING least(a, 1000)::int",
        "UPDATE t SET a = 5000000000 WHERE id = 1", {"public.t": 1}, again=False,
    ),
    "rows rewritten": Case(
        "UPDATE t SET note = upper(note)", "UPDATE t SET note = lower(note)",
        "UPDATE t SET note = 'Mixed' WHERE id = 1; INSERT INTO t (a, note) VALUES (1, 'N'), (2, NULL)",
        {"public.t": 2}, again=False,
    ),
    "rows rewritten, nothing written": Case(
        "UPDATE t SET note = upper(note)", "UPDATE t SET note = lower(note)", "UPDATE u SET name = 'x'", {},
    ),
    "new enum value": Case(
        "ALTER TYPE color ADD VALUE IF NOT EXISTS 'blue'", "SELECT 1", "UPDATE t SET color = 'blue' WHERE id = 1",
        {"public.t": 1},
    ),
    "new tables": Case(
        "CREATE TABLE z (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t bigint REFERENCES t (id));"
        " CREATE TABLE a (id int PRIMARY KEY, z bigint REFERENCES z (id)); ALTER TABLE t ADD COLUMN z bigint REFERENCES"
        " z (id); INSERT INTO z (t) VALUES (1)",
        "ALTER TABLE t DROP COLUMN z; DROP TABLE a; DROP TABLE z",
        "INSERT INTO z (t) VALUES (2), (3); INSERT INTO a VALUES (1, 2), (2, 3); UPDATE t SET z = 2 WHERE id = 2",
        {"public.a": 2, "public.t": 1, "public.z": 2},
    ),
    "new table, nothing written": Case(
        "CREATE TABLE n (id int PRIMARY KEY); INSERT INTO n VALUES (1)", "DROP TABLE n", "", {},
    ),
    "names that need quotes": Case(
        'CREATE SCHEMA "s p"; CREATE TABLE "s p"."T,1" ("the key" int PRIMARY KEY, "select" text)',
        'DROP SCHEMA "s p" CASCADE', 'INSERT INTO "s p"."T,1" VALUES (1, \'a\')', {'"s p"."T,1"': 1},
    ),
    "long key": Case(
        "ALTER TABLE k ADD COLUMN c text", "ALTER TABLE k DROP COLUMN c", "UPDATE k SET c = b", {"public.k": 2},
    ),
}  # fmt: skip
KEYS = "CREATE TABLE k (a int, b text, PRIMARY KEY (b, a)); INSERT INTO k VALUES (1, 'x'), (2, E'y\\n,\"');"


@pytest.fixture
def rows(connection: Any) -> Any:
    query(connection, FIRST)
    query(connection, KEYS)
    return connection


def migrate(connection: Any, sql: str) -> Changes:
    """Apply it; what it has added, as a release reads it."""
    before = database_changes.schema(connection)
    query(connection, sql)
    since = database_changes.next_transaction(connection)
    writes = [ColumnName(table=table, column=column) for table, column in lint({"it": sql})["it"].writes or ()]
    return database_changes.changes(before, database_changes.schema(connection), since, writes)


def asked(login: dict[str, Any], changes: Changes | None, folder: Path, agreed: str = "") -> dict[str, Any]:
    """What the module is given."""
    return {
        "database": login, "directory": str(folder), "changes": changes, "revision": "0002", "target": "0001",
        "agreed": agreed, "label": "r1",
    }  # fmt: skip


def everything(connection: Any) -> dict[str, list[Any]]:
    """All rows of all tables."""
    return {
        table: query(connection, f"SELECT to_jsonb(t) FROM {table} t ORDER BY to_jsonb(t)::text")
        for table in database_changes.schema(connection)
    }


@contextlib.contextmanager
def kept(login: dict[str, Any], changes: Changes, folder: Path) -> Iterator[dict[str, Any]]:
    """Agree to what is lost."""
    first = loss_module.counted(asked(login, changes, folder), check=False)
    yield loss_module.counted(asked(login, changes, folder, first["token"]), check=False)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_lost_is_counted_kept_and_put_back(
    case: Case, rows: Any, login: dict[str, Any], tmp_path: Path
) -> None:
    changes = migrate(rows, case.up)
    if case.writes:
        query(rows, case.writes)
    first = loss_module.counted(asked(login, changes, tmp_path), check=False)
    assert first["rows"] == sum(case.lost.values()), first["lines"]
    assert bool(first["problem"]) == bool(case.lost) and first["file"] == ""
    assert not list(tmp_path.iterdir()), "nothing is written before somebody agrees"
    if not case.lost:
        return
    again = loss_module.counted(asked(login, changes, tmp_path, first["token"]), check=False)
    assert again["problem"] == ""
    path = tmp_path / again["file"]
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert {one["table"]: one["rows"] for one in database_loss.read(str(path), str(path))["tables"]} == case.lost
    full = everything(rows)
    query(rows, case.down)
    query(rows, case.up)
    restored = database_values.put_back(rows, str(path), check=False)
    assert everything(rows) == full or not case.again
    if case.again:
        twice = database_values.put_back(rows, str(path), check=False)
        assert everything(rows) == full and not any(one.restored for one in twice), "the second time changes nothing"
    assert {one.table: one.rows for one in restored} == case.lost


def test_nothing_that_was_written_since_is_overwritten(rows: Any, login: dict[str, Any], tmp_path: Path) -> None:
    up, down = "ALTER TABLE t ADD COLUMN c text, ADD COLUMN d text", "ALTER TABLE t DROP COLUMN c, DROP COLUMN d"
    changes = migrate(rows, up)
    query(rows, "UPDATE t SET c = 'c' || id, d = 'd' || id WHERE id <= 4")
    with kept(login, changes, tmp_path) as found:
        query(rows, down)
    query(rows, up)
    query(rows, "UPDATE t SET c = 'later' WHERE id = 1; DELETE FROM t WHERE id = 2")
    given_values = {"application": "shop", "database": login, "directory": str(tmp_path), "file": "", "wait_seconds": 5}
    path, (checked,) = values_module.put_back(given_values, check=True)
    assert path.endswith(found["file"]) and not query(rows, "SELECT 1 FROM t WHERE c = 'c3'"), "check mode undoes it"
    _, (one,) = values_module.put_back(given_values, check=False)
    assert one == checked and (one.restored, one.kept, one.gone) == (3, 1, 1)
    assert query(rows, "SELECT id, c, d FROM t WHERE id < 6 ORDER BY id") == [
        (1, "later", "d1"), (3, "c3", "d3"), (4, "c4", "d4"), (5, None, None),
    ]  # fmt: skip


def test_numbers_go_on_behind_what_was_put_back(rows: Any, login: dict[str, Any], tmp_path: Path) -> None:
    up = "CREATE TABLE n (id serial PRIMARY KEY, v text)"
    changes = migrate(rows, up)
    query(rows, "INSERT INTO n (v) VALUES ('a'), ('b')")
    with kept(login, changes, tmp_path) as found:
        query(rows, "DROP TABLE n")
    query(rows, up)
    database_values.put_back(rows, str(tmp_path / found["file"]), check=False)
    assert query(rows, "INSERT INTO n (v) VALUES ('c') RETURNING id") == [(3,)]


def test_columns_that_are_not_there_again_refuse_everything(rows: Any, login: dict[str, Any], tmp_path: Path) -> None:
    changes = migrate(rows, "ALTER TABLE t ADD COLUMN c text; ALTER TABLE u ADD COLUMN c text")
    query(rows, "UPDATE t SET c = 'x'; UPDATE u SET c = 'y'")
    with kept(login, changes, tmp_path) as found:
        query(rows, "ALTER TABLE t DROP COLUMN c; ALTER TABLE u DROP COLUMN c; ALTER TABLE u ADD COLUMN c text")
    with pytest.raises(DatabaseError, match=r"c of public\.t is not there.*Release a version whose migrations"):
        database_values.put_back(rows, str(tmp_path / found["file"]), check=False)
    assert query(rows, "SELECT count(c) FROM u") == [(0,)]


def test_without_a_key_it_is_kept_and_a_person_has_to_put_it_back(
    rows: Any, login: dict[str, Any], tmp_path: Path
) -> None:
    query(rows, "CREATE TABLE keyless (v text); INSERT INTO keyless VALUES ('a')")
    changes = migrate(rows, "ALTER TABLE keyless ADD COLUMN c text")
    query(rows, "UPDATE keyless SET c = 'x'")
    with kept(login, changes, tmp_path) as found, zipfile.ZipFile(tmp_path / found["file"]) as known:
        assert known.read("1.csv") == b"a,x\n"
    with pytest.raises(DatabaseError, match="no primary key"):
        database_values.put_back(rows, str(tmp_path / found["file"]), check=False)


def test_more_than_was_agreed_to(rows: Any, login: dict[str, Any], tmp_path: Path) -> None:
    changes = migrate(rows, "ALTER TABLE t ADD COLUMN c text")
    query(rows, "UPDATE t SET c = 'x' WHERE id = 1")
    token = loss_module.counted(asked(login, changes, tmp_path), check=False)["token"]
    query(rows, "UPDATE t SET c = 'x' WHERE id = 2")
    assert loss_module.counted(asked(login, changes, tmp_path, token), check=True)["problem"] == "", (
        "a row more is covered"
    )
    query(rows, "INSERT INTO t (c) SELECT 'x' FROM generate_series(1, 50)")
    assert "which is not that" in loss_module.counted(asked(login, changes, tmp_path, token), check=False)["problem"]
    assert not list(tmp_path.iterdir())


def test_nobody_could_count(login: dict[str, Any], tmp_path: Path) -> None:
    found = loss_module.counted(asked(login, None, tmp_path), check=False)
    assert found["rows"] is None and "nobody can count" in found["problem"]
    assert loss_module.counted(asked(login, None, tmp_path, found["token"]), check=False)["problem"] == ""


def test_damaged_file_is_refused_before_anything_is_changed(rows: Any, login: dict[str, Any], tmp_path: Path) -> None:
    changes = migrate(rows, "ALTER TABLE t ADD COLUMN c text")
    query(rows, "UPDATE t SET c = repeat('x', 500) || id")
    with kept(login, changes, tmp_path) as found:
        path = tmp_path / found["file"]
    whole = path.read_bytes()
    for broken in (whole[:-40], whole[:60] + b"\0\0\0" + whole[63:], b""):
        path.write_bytes(broken)
        with pytest.raises(DatabaseError):
            database_values.put_back(rows, str(path), check=False)
    os.unlink(path)
    with pytest.raises(DatabaseError, match="found none"):
        database_values.newest(str(tmp_path))


VALUES = st.one_of(
    st.none(), st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=6)
)
WRITES = st.lists(st.tuples(st.integers(1, 12), VALUES, VALUES), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=WRITES, after=WRITES, later=WRITES)
def test_no_sequence_loses_a_value(
    rows: Any, login: dict[str, Any], tmp_path: Path,
    before: list[Any], after: list[Any], later: list[Any],
) -> None:  # fmt: skip
    """Writes of the old code, a release, writes of the new code, a rollback with its downgrade, writes of the old code,
    a release, writes of the new code, and the values put back: each column has its last value."""
    folder = tmp_path / os.urandom(8).hex()
    query(rows, "ALTER TABLE t DROP COLUMN IF EXISTS c")
    expected: dict[int, list[Any]] = {one: [note, None] for one, note in query(rows, "SELECT id, note FROM t")}

    def write(writes: list[Any], new: bool) -> None:
        for one, note, value in writes:
            if one not in expected:
                continue
            query(rows, "UPDATE t SET note = %s WHERE id = %s", [note, one])
            expected[one][0] = note
            if new and value is not None:
                query(rows, "UPDATE t SET c = %s WHERE id = %s", [value, one])
                expected[one][1] = value

    write(before, new=False)
    changes = migrate(rows, "ALTER TABLE t ADD COLUMN c text")
    write(after, new=True)
    with kept(login, changes, folder) as found:
        query(rows, "ALTER TABLE t DROP COLUMN c")
    write(later, new=False)
    query(rows, "ALTER TABLE t ADD COLUMN c text")
    write(before, new=True)
    if found["file"]:
        database_values.put_back(rows, str(folder / found["file"]), check=False)
    assert {one: [note, value] for one, note, value in query(rows, "SELECT id, note, c FROM t")} == expected
