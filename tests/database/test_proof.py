# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a real database before and after a migration: what is lost or changed is seen, and who did it."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.bluegreen.release.plugins.module_utils import database as ours
from ansible_collections.bluegreen.release.plugins.module_utils import database_proof, proof_eval
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query
from ansible_collections.bluegreen.release.plugins.module_utils.database_proof import Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.migration_books import BOOKS, transactions
from ansible_collections.bluegreen.release.plugins.modules import database_proof as module

from lab import database as lab_database
from lab.settings import Settings
from tests.database.conftest import NAME, Project

RELEASE = "20260131T235959Z-1.0.0-0a1b"
SCHEMA = """
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0001');
CREATE TABLE profiles (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, note text, hits int DEFAULT 0);
INSERT INTO profiles (name, note) SELECT 'name ' || n, nullif('note ' || n, 'note 3') FROM generate_series(1, 100) n;
"""


class Estate:
    """A database whose rows are noted, migrated and looked for."""

    def __init__(self, login: dict[str, Any], connection: Any, folder: Path) -> None:
        self.login, self.connection, self.folder = login, connection, folder
        self.path = database_proof.path_of(str(folder), RELEASE)
        self.steps: list[dict[str, Any]] = []
        self.transactions: dict[str, list[int]] = {}
        self.removes: list[str] = []

    def run(self, *statements: str) -> None:
        """Something that happens to the database."""
        for statement in statements:
            query(self.connection, statement)

    def note(self, *tables: str, rows: int = 100_000, **other: Any) -> list[Any]:
        """Note the rows, on a connection of its own, as the module does."""
        given = {"tables": tables, "more": (), "everything": False, "books": BOOKS, "rows": rows, "seconds": 60.0}
        with contextlib.closing(ours.connect(self.login, "a proof")) as connection:
            return database_proof.note(connection, Wanted(**{**given, **other}), self.path)

    def migrate(
        self, *statements: str, phase: str = "expand", rows: str = "kept", autocommit: bool = False
    ) -> None:  # fmt: skip
        """Apply a revision as Alembic does: with its row of the book, in one transaction."""
        revision = f"{len(self.steps) + 2:04d}"
        before = transactions(self.connection, BOOKS)
        self.run("BEGIN", *statements, f"UPDATE alembic_version SET version_num = '{revision}'", "COMMIT")
        self.transactions[revision] = sorted(transactions(self.connection, BOOKS) - before)
        self.steps.append({"revision": revision, "phase": phase, "rows": rows, "autocommit": autocommit})

    def prove(self, seconds: float = 60) -> tuple[str, list[str], list[Any]]:
        """The problem, the lines, and the results by table."""
        done = proof_eval.work(self.steps, self.transactions, self.removes)
        with contextlib.closing(ours.connect(self.login, "a proof")) as connection:
            found = database_proof.prove(connection, self.path, done, seconds)
        return proof_eval.message(proof_eval.problems(found, done)), proof_eval.lines(found, done), found


@pytest.fixture
def estate(login: dict[str, Any], connection: Any, tmp_path: Path) -> Estate:
    query(connection, SCHEMA)
    return Estate(login, connection, tmp_path)


ADD = "ALTER TABLE profiles ADD COLUMN tags text NOT NULL DEFAULT ''"
WRONG = "Expected every row that was there before the migration to be there after it with the same values, found: "


def test_rows_that_are_kept_are_proved_and_counted(estate: Estate) -> None:
    estate.note("profiles", "not_there_yet")
    estate.migrate(ADD)
    estate.run("INSERT INTO profiles (name) VALUES ('new')")
    problem, lines, _ = estate.prove()
    assert problem == ""
    assert lines == ["table public.profiles: 100 rows before, 101 after; all 100 compared, 100 equal"]


def test_users_may_update_insert_and_remove_beside_it(estate: Estate) -> None:
    estate.note("profiles")
    estate.run("UPDATE profiles SET hits = 1 WHERE id = 1")
    estate.migrate(ADD)
    estate.run("UPDATE profiles SET hits = 1, tags = 'x' WHERE id = 2", "DELETE FROM profiles WHERE id = 3",
               "INSERT INTO profiles (name) VALUES ('new')")  # fmt: skip
    problem, lines, _ = estate.prove()
    assert problem == ""
    assert lines == [
        "table public.profiles: 100 rows before, 100 after; all 100 compared, 97 equal, 2 updated by users since,"
        " 1 removed by users since"
    ]


@pytest.mark.parametrize("rows", ["removed", "unknown"])
def test_rows_that_the_migration_may_have_removed_are_named(estate: Estate, rows: str) -> None:
    estate.note("profiles")
    estate.migrate("DELETE FROM profiles WHERE id > 90", rows=rows)
    problem, lines, _ = estate.prove()
    assert problem.startswith(
        f"{WRONG}table public.profiles, 100 rows before and 90 after: 10 of 100 are gone, such as (id=100), (id=91),"
        " (id=92). The backup"
    )
    assert lines == ["table public.profiles: 100 rows before, 90 after; all 100 compared, 90 equal, 10 gone"]
    estate.removes = ["0002"]


def test_revision_that_is_to_remove_rows_may(estate: Estate) -> None:
    estate.note("profiles")
    estate.migrate("DELETE FROM profiles WHERE id > 90", phase="data", rows="removed")
    estate.removes = ["0002"]
    problem, lines, _ = estate.prove()
    assert (problem, lines[0][-7:]) == ("", "10 gone")


@pytest.mark.parametrize(
    ("phase", "rows", "refused"),
    [("expand", "kept", True), ("expand", "unknown", True), ("data", "changed", False), ("contract", "changed", False)],
)
def test_values_that_the_migration_changed(estate: Estate, phase: str, rows: str, refused: bool) -> None:
    estate.note("profiles")
    estate.migrate("UPDATE profiles SET note = upper(note), hits = 0 WHERE id <= 5", phase=phase, rows=rows)
    estate.run("UPDATE profiles SET note = 'mine' WHERE id = 50")
    problem, lines, _ = estate.prove()
    # Row 3 has no note, and no value of it is another.
    assert lines[0].endswith("95 equal, 1 updated by users since, 4 changed by the migration in note")
    assert problem.startswith(
        f"{WRONG}table public.profiles, 100 rows before and 100 after: 4 of 100 were changed by the migration, in note,"
        " such as (id=1), (id=2), (id=4)." if refused else ""
    ) and bool(problem) is refused  # fmt: skip


def test_value_that_becomes_null_and_null_that_becomes_a_value_are_changes(estate: Estate) -> None:
    estate.note("profiles")
    estate.migrate("UPDATE profiles SET note = CASE WHEN id = 3 THEN '' END WHERE id IN (3, 4)")
    assert "2 of 100 were changed by the migration, in note, such as (id=3), (id=4)" in estate.prove()[0]


def test_columns_may_come_go_and_be_renamed(estate: Estate) -> None:
    estate.note("profiles")
    estate.migrate("ALTER TABLE profiles DROP COLUMN name", "ALTER TABLE profiles RENAME COLUMN note TO remark",
                   "ALTER TABLE profiles RENAME COLUMN id TO number", "ALTER TABLE profiles ADD COLUMN name text",
                   "ALTER TABLE profiles RENAME TO people", phase="contract")  # fmt: skip
    problem, lines, (found,) = estate.prove()
    # The name is the old one to whoever reads it, and has lost its values; a contract may.
    assert problem == "" and (found.changed, found.updated, found.columns) == (100, 0, ("name",))
    assert lines[0].startswith("table public.profiles, now public.people: 100 rows before, 100 after; all 100 compared")


def test_column_that_was_emptied_by_another_of_its_name(estate: Estate) -> None:
    estate.note("profiles")
    estate.run("UPDATE profiles SET hits = 1 WHERE id = 1")
    estate.migrate("ALTER TABLE profiles DROP COLUMN name", "ALTER TABLE profiles ADD COLUMN name text", rows="unknown")
    assert "99 of 100 were changed by the migration, in name, such as (id=2), (id=3), (id=4)." in estate.prove()[0]


def test_renamed_column_is_compared_by_what_it_is(estate: Estate) -> None:
    estate.note("profiles")
    estate.migrate("ALTER TABLE profiles RENAME COLUMN note TO remark", "UPDATE profiles SET remark = 'x' WHERE id = 9")
    assert "1 of 100 were changed by the migration, in note, such as (id=9)" in estate.prove()[0]


def test_column_of_another_type_may_read_differently(estate: Estate) -> None:
    estate.run("ALTER TABLE profiles ADD COLUMN at timestamp DEFAULT '2026-01-31'")
    estate.note("profiles")
    estate.migrate("ALTER TABLE profiles ALTER COLUMN hits TYPE bigint, ALTER COLUMN at TYPE timestamptz",
                   phase="contract")  # fmt: skip
    problem, lines, _ = estate.prove()
    assert problem == ""
    assert lines[0].endswith("100 equal, 100 of the equal read differently in a column of another type")


def test_table_that_is_rewritten_tells_nobody_by_its_transactions(estate: Estate) -> None:
    estate.note("profiles")
    estate.run("UPDATE profiles SET hits = 1 WHERE id = 1")
    estate.migrate("ALTER TABLE profiles ADD COLUMN token text DEFAULT gen_random_uuid()::text")
    assert estate.prove()[0] == "", "its SQL changes no row, so a user has"
    estate.steps[0]["rows"] = "unknown"
    assert (
        "1 of 100 were changed, by the migration or by users, for the table was rewritten, in hits, such as (id=1)"
        in estate.prove()[0]
    )


def test_transaction_that_is_not_known_is_not_guessed(estate: Estate) -> None:
    estate.note("profiles")
    estate.migrate(ADD, rows="unknown")
    estate.run("UPDATE profiles SET hits = 1 WHERE id = 1")
    assert estate.prove()[0] == ""
    estate.transactions = {}
    assert "for the transaction of revision 0002 is not known, in hits" in estate.prove()[0]
    estate.steps[0]["rows"] = "kept"
    assert estate.prove()[0] == ""


def test_every_transaction_of_several_revisions_is_the_migrations(estate: Estate) -> None:
    estate.note("profiles")
    estate.migrate("UPDATE profiles SET hits = 7 WHERE id = 1", rows="unknown")
    estate.migrate("UPDATE profiles SET hits = 7 WHERE id = 2", rows="unknown")
    assert "2 of 100 were changed by the migration" in estate.prove()[0]


def test_table_that_is_gone(estate: Estate) -> None:
    estate.note("profiles")
    estate.migrate("DROP TABLE profiles", rows="removed")
    problem, lines, _ = estate.prove()
    assert f"{WRONG}table public.profiles with 100 rows is gone" in problem
    assert lines == ["table public.profiles: 100 rows before; the table is gone"]
    estate.steps[0]["phase"] = "irreversible"
    assert estate.prove()[0] == ""


def test_key_that_is_gone(estate: Estate) -> None:
    estate.note("profiles")
    estate.migrate("ALTER TABLE profiles DROP COLUMN id")
    problem, lines, _ = estate.prove()
    assert "the primary key of public.profiles is gone" in problem
    assert lines[0].endswith("100 rows before, 100 after; counted, not compared, for its primary key is gone")


def test_table_without_a_key_is_counted_and_a_view_is_no_table(estate: Estate) -> None:
    estate.run("CREATE TABLE log (line text)", "INSERT INTO log VALUES ('a'), ('b')",
               "CREATE VIEW shown AS SELECT * FROM profiles")  # fmt: skip
    assert [one.rows for one in estate.note("log", "shown")] == [2]
    estate.migrate("DELETE FROM log WHERE line = 'a'", rows="removed")
    problem, lines, _ = estate.prove()
    assert "table public.log, 2 rows before and 1 after: rows are gone." in problem
    assert lines == ["table public.log: 2 rows before, 1 after; counted, not compared, for it has no primary key"]


def test_values_of_many_types_are_compared(estate: Estate) -> None:
    estate.run(
        "CREATE TYPE mood AS ENUM ('good', 'bad')", "CREATE TYPE pair AS (a int, b text)",
        "CREATE DOMAIN short AS text CHECK (length(VALUE) < 9)",
        """CREATE TABLE odd (id int PRIMARY KEY, f float8, r float4, j json, b jsonb, a text[], m mood, p pair, d short,
           y bytea, t timestamptz, i interval, n numeric, "quo""ted" text, x xml, h int4range,
           g int GENERATED ALWAYS AS (id * 2) STORED, c text COLLATE "C", "%s" text)""",
        """INSERT INTO odd (id, f, r, j, b, a, m, p, d, y, t, i, n, "quo""ted", x, h, c, "%s") VALUES
           (1, 0.1::float8 + 0.2, 'NaN',
            '{"b":  1}', '{"b":  1}', '{a,"b c",NULL}', 'good', '(1,"a b")', 'x', '\\xdead',
            '2026-01-31 12:00+03', '1 day', 1.50, 'q', '<a/>', '[1,5)', 'c', '%'),
           (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
        "ALTER TABLE odd ADD COLUMN dropped int",
        "ALTER TABLE odd DROP COLUMN dropped",
        f"ALTER DATABASE {NAME} SET extra_float_digits = 0",
    )  # fmt: skip
    estate.note("odd")
    # Neither what the database is set to nor an update that changes nothing makes another value.
    estate.run(
        f"ALTER DATABASE {NAME} SET timezone = 'Asia/Tokyo'",
        f"ALTER DATABASE {NAME} SET intervalstyle = 'iso_8601'",
        f"ALTER DATABASE {NAME} SET bytea_output = 'escape'",
        f"ALTER DATABASE {NAME} RESET extra_float_digits",
    )
    estate.migrate("UPDATE odd SET f = f")
    problem, lines, _ = estate.prove()
    assert problem == "" and lines[0].endswith("all 2 compared, 2 equal")
    for change in ("f = 0.3", "r = 1", """j = '{"b": 1}'""", "b = '{}'", "a = '{a,b,c,NULL}'", "m = 'bad'",
                   "p = '(1,a)'", "d = 'y'", "y = '\\xde'", "t = t + '1 us'::interval", "i = '24 hours'", "n = 1.5",
                   """"quo""ted" = 'Q'""", "x = '<b/>'", "h = '[1,6)'", "c = 'C'", '"%s" = NULL'):  # fmt: skip
        estate.note("odd")
        estate.migrate(f"UPDATE odd SET {change} WHERE id = 1")
        assert "1 of 2 were changed" in estate.prove()[0], change


@pytest.mark.parametrize(
    ("columns", "values", "condition", "named"),
    [
        ("a uuid", "('6f9619ff-8b86-d011-b42d-00c04fc964ff')", "true", "(a=6f9619ff-8b86-d011-b42d-00c04fc964ff)"),
        ("a int, b date", "(1, '2026-01-31'), (1, '2026-02-01')", "b > '2026-01-31'", "(a=1, b=2026-02-01)"),
        ("a text", "('anna@example.com'), ('x')", "a <> 'x'", None),
        ("a int, b text", "(1, 'anna@example.com'), (1, '(2)')", "b <> '(2)'", None),
        ('"A b" int', "(7)", "true", "(A b=7)"),
    ],
)
def test_keys_of_other_kinds(
    estate: Estate, columns: str, values: str, condition: str, named: str | None
) -> None:  # fmt: skip
    key = ", ".join(one.rpartition(" ")[0] for one in columns.split(", "))
    estate.run(f"CREATE TABLE k (v int DEFAULT 1, {columns}, PRIMARY KEY ({key}))",
               f"INSERT INTO k ({key}) VALUES {values}")  # fmt: skip
    estate.note("k")
    kept = Path(estate.path).read_bytes()
    assert b"anna" not in kept
    text = f"({key})::text" if "," in key else f"{key}::text"
    wanted = named or f"(the one of which md5({text}) begins with " + str(
        query(estate.connection, f"SELECT left(md5({text}), 8) FROM k WHERE {condition}")[0][0]
    ) + ")"  # fmt: skip
    estate.migrate(f"DELETE FROM k WHERE {condition}", rows="removed")
    problem = estate.prove()[0]
    assert f" are gone, such as {wanted}." in problem and "anna" not in problem


def test_huge_values(estate: Estate) -> None:
    estate.run("UPDATE profiles SET note = repeat(md5(id::text), 100000) WHERE id <= 5")  # 3 MB each
    estate.note("profiles")
    assert os.path.getsize(estate.path) < 10_000
    estate.migrate("UPDATE profiles SET note = note || 'x' WHERE id = 5")
    assert "1 of 100 were changed by the migration, in note, such as (id=5)" in estate.prove()[0]


def test_sample_is_stated_and_the_same_rows_after(estate: Estate) -> None:
    estate.run("INSERT INTO profiles (name) SELECT 'n' FROM generate_series(1, 9900)")
    (noted,) = estate.note("profiles", rows=500)
    assert noted.rows == 10_000 and database_proof.lines([noted])[0].endswith("of which a sample is compared")
    estate.migrate(ADD)
    problem, lines, (found,) = estate.prove()
    assert problem == "" and found.sampled and found.compared == found.equal and 300 < found.compared < 700
    assert lines[0] == (
        f"table public.profiles: 10,000 rows before, 10,000 after; a sample of {found.compared} compared,"
        f" {found.compared} equal"
    )
    estate.migrate("UPDATE profiles SET hits = 1")
    assert f"{found.compared} of a sample of {found.compared} were changed" in estate.prove()[0]


def test_partitions_and_what_follows_by_a_foreign_key(estate: Estate) -> None:
    estate.run(
        "CREATE TABLE p (id int PRIMARY KEY, a int) PARTITION BY RANGE (id)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (99)",
        "INSERT INTO p VALUES (1), (11)",
        "CREATE TABLE child (id int PRIMARY KEY, p int REFERENCES p (id) ON DELETE CASCADE)",
        "INSERT INTO child VALUES (5, 1)",
        "CREATE TABLE other (id int PRIMARY KEY, p int REFERENCES p (id))",
    )
    assert [one.table.name for one in estate.note("p1")] == ["public.child", "public.p"]
    estate.migrate("DELETE FROM p WHERE id = 1", "UPDATE p SET a = 1 WHERE id = 11", rows="removed")
    problem = estate.prove()[0]
    assert "1 of 1 are gone, such as (id=5)" in problem and "1 of 2 are gone, such as (id=1)" in problem
    assert "table public.p, 2 rows before and 1 after: 1 of 2 were changed by the migration, in a" in problem


def test_every_table_where_nobody_knows_what_is_touched(estate: Estate) -> None:
    estate.run('CREATE SCHEMA "Other"; CREATE TABLE "Other"."T" (id int PRIMARY KEY)')
    assert [one.table.name for one in estate.note(everything=True)] == ['"Other"."T"', "public.profiles"]


def test_table_that_is_asked_for_has_to_be_there(estate: Estate) -> None:
    with pytest.raises(DatabaseError, match="found no profils: correct the names"):
        estate.note(more=("profils",))
    assert not os.listdir(os.path.dirname(estate.path))


def test_role_that_may_not_read(estate: Estate, settings: Settings) -> None:
    lab_database.query(settings, "CREATE TABLE closed (id int PRIMARY KEY)", NAME)
    with pytest.raises(DatabaseError, match=r"may not read public\.closed: GRANT SELECT ON public\.closed"):
        estate.note("closed")
    estate.note("profiles")
    lab_database.query(
        settings, "CREATE SCHEMA shut; CREATE TABLE shut.t (id int); GRANT SELECT ON shut.t TO PUBLIC", NAME
    )
    with pytest.raises(DatabaseError, match=r"may not read shut\.t"):
        estate.note("t")


def test_row_security_is_refused_and_not_applied(estate: Estate) -> None:
    estate.run("ALTER TABLE profiles ENABLE ROW LEVEL SECURITY", "ALTER TABLE profiles FORCE ROW LEVEL SECURITY")
    with pytest.raises(DatabaseError, match="row-level security"):
        estate.note("profiles")


def test_look_has_an_end_and_says_what_to_do(estate: Estate, login: dict[str, Any]) -> None:
    with contextlib.closing(ours.connect(login, "in the way")) as other:
        query(other, "BEGIN; LOCK TABLE profiles IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(DatabaseError, match=r"The proof of rows has 0\.5 s: raise migration_proof_seconds"):
            estate.note("profiles", seconds=0.5)
        assert time.monotonic() - began < 5
    assert not os.listdir(os.path.dirname(estate.path))


def test_what_is_kept_is_for_one_user_and_leftovers_go(estate: Estate) -> None:
    folder = Path(estate.path).parent
    folder.mkdir(mode=0o700)
    for name in ("20250101T000000Z-0.9.0-0a1b.rows", f"{RELEASE}.rows.part"):
        (folder / name).touch()
    estate.note("profiles")
    assert [one.name for one in folder.iterdir()] == [f"{RELEASE}.rows"]
    assert stat.S_IMODE(os.stat(estate.path).st_mode) == 0o600
    assert b"name 7" not in Path(estate.path).read_bytes()
    database_proof.remove(estate.path)
    assert not list(folder.iterdir())
    with pytest.raises(FileNotFoundError):
        estate.prove()


def test_what_was_cut_off_proves_nothing(estate: Estate) -> None:
    estate.note("profiles")
    os.truncate(estate.path, os.path.getsize(estate.path) - 50)
    estate.migrate(ADD)
    with pytest.raises(DatabaseError, match="it ends in the middle"):
        estate.prove()


def test_one_snapshot_of_all_tables(estate: Estate, login: dict[str, Any]) -> None:
    """What a user writes between the looks at two tables is in neither."""
    estate.run("CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE z (id int PRIMARY KEY)")

    real = ours.copy

    def slow(connection: Any, sql: str, stream: Any) -> None:
        real(connection, sql, stream)
        estate.run("INSERT INTO z VALUES ((SELECT count(*) FROM z))")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{database_proof.__name__}.copy", slow)
        assert [(one.table.name, one.rows) for one in estate.note("a", "z")] == [("public.a", 0), ("public.z", 0)]


def test_alembic_writes_its_book_in_the_transaction_of_the_revision(
    project: Project, login: dict[str, Any], connection: Any, tmp_path: Path
) -> None:
    estate = Estate(login, connection, tmp_path)
    project.revision("0002", "UPDATE t SET a = 99 WHERE id = 1; ALTER TABLE t ADD COLUMN c text", "Release-Phase: data")
    (step,) = project.look()["plan"]["steps"]
    assert step["rows"] == "changed"
    estate.note("t")
    before = transactions(connection, BOOKS)
    project.upgrade("0002")
    estate.run("UPDATE t SET a = 98 WHERE id = 2")
    estate.steps, estate.transactions = [step], {"0002": sorted(transactions(connection, BOOKS) - before)}
    problem, lines, _ = estate.prove()
    assert problem == ""
    assert lines == [
        "table public.t: 10 rows before, 10 after; all 10 compared, 8 equal, 1 updated by users since,"
        " 1 changed by the migration in a"
    ]


class Module:
    """The module as a release calls it."""

    def __init__(self, estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
        self.estate, self.capsys = estate, capsys

    def __call__(self, state: str, **other: Any) -> dict[str, Any]:
        """Run it; its result."""
        given = {
            "state": state, "application": "shop", "release_id": RELEASE, "database": self.estate.login,
            "tables": ["profiles"], "books": list(BOOKS), "steps": self.estate.steps,
            "transactions": self.estate.transactions, "state_directory": str(self.estate.folder), "epoch": 7, **other,
        }  # fmt: skip
        with patch_module_args(given), pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        assert self.estate.login["password"] not in json.dumps({**result, "invocation": None})
        return result

    def files(self) -> list[str]:
        """What is left of it."""
        return os.listdir(self.estate.folder / "proof")


@pytest.fixture
def ran(estate: Estate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Module:
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    return Module(estate, capsys)


def test_module_notes_proves_and_leaves_nothing(ran: Module) -> None:
    assert not ran("before", _ansible_check_mode=True)["lines"] and not (ran.estate.folder / "proof").exists()
    assert ran("before")["lines"] == ["table public.profiles: 100 rows"] and ran.files() == [f"{RELEASE}.rows"]
    ran.estate.migrate(ADD)
    found = ran("after")
    assert (found["problem"], found["proof"]["state"], found["proof"]["tables"][0]["equal"]) == ("", "proved", 100)
    assert ran.files() == []


def test_module_says_what_was_lost_and_leaves_nothing(ran: Module) -> None:
    ran("before")
    ran.estate.migrate("DELETE FROM profiles WHERE id = 7", rows="removed")
    found = ran("after")
    assert "failed" not in found and "1 of 100 are gone, such as (id=7)" in found["problem"]
    assert (found["proof"]["state"], found["proof"]["reason"]) == ("failed", found["problem"])
    assert found["proof"]["tables"][0]["gone"] == 1 and ran.files() == []


@pytest.mark.parametrize("other", [{"port": 1}, {"password": "wrong"}, {"name": "nowhere"}])
def test_proof_that_cannot_be_had_is_none(ran: Module, other: dict[str, Any]) -> None:
    ran("before")
    found = ran("after", database={**ran.estate.login, **other})
    assert found["problem"].startswith("Whether rows were lost could not be proved: expected to reach database")
    assert found["proof"]["state"] == "failed" and ran.files() == []
    assert "No such file" in ran("after")["problem"]
    assert ran("before", database={**ran.estate.login, **other})["failed"] and ran.files() == []


def test_run_whose_lock_was_taken_over_neither_notes_nor_removes(ran: Module) -> None:
    ran("before", epoch=8)
    for state in ("before", "after"):
        assert "the lock was taken over" in ran(state)["msg"] and ran.files() == [f"{RELEASE}.rows"]


def test_release_id_is_no_path(ran: Module) -> None:
    assert "expected a release_id like" in ran("before", release_id="../../etc/x")["msg"]
