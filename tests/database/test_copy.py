# SPDX-License-Identifier: GPL-3.0-or-later
"""Revisions without SQL run on a copy of the database, and on that alone."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.module_utils.database import query
from ansible_collections.bluegreen.release.plugins.module_utils.migration_run import Limits, Outcome

from lab import database as lab_database
from lab.settings import ROOT, Settings
from tests.database.conftest import NAME, Project
from tests.database.test_backup import Host
from tests.scenario import environment

COPY = f"bluegreen_lint_{NAME}"
LABEL = "shop 7"
READ_ONLY = "-c lock_timeout=2000 -c default_transaction_read_only=on"
ROWS = "for a, in op.get_bind().execute(sa.text('SELECT a FROM t ORDER BY a')).fetchall(): "
READS_AND_DROPS = "op.get_bind().execute(sa.text('SELECT a FROM t')).fetchall(); op.drop_column('t', 'note')"
TOUCH = "op.get_bind().execute(sa.text('UPDATE t SET note = :n WHERE a = :a'), {'n': 'secret', 'a': a})"


ASYNC = """\
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine
def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
async def main():
    engine = create_async_engine({url!r}, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(main())
"""


class Copies:
    """The copy of the test's database, made on the database's host by the module as Ansible runs it there."""

    def __init__(self, settings: Settings, login: dict[str, Any], project: Project) -> None:
        self.settings, self.login, self.project = settings, login, project

    def module(self, **more: Any) -> dict[str, Any]:
        """Run the module; its result, or its message where it failed."""
        given = {"database": self.login, "label": LABEL, **more}
        words = ["ansible", "db1", "-i", "inventories/lab", "-m", "bluegreen.release.database_copy", "-a"]
        done = subprocess.run(
            [*words, json.dumps(given)], cwd=ROOT, env=environment(), text=True, capture_output=True, check=False
        )  # fmt: skip
        assert self.login["password"] not in done.stdout + done.stderr
        found: dict[str, Any] = yaml.safe_load(done.stdout.partition("=>")[2])
        return found

    def there(self) -> str:
        """Copies that are on the server."""
        return lab_database.query(self.settings, "select datname from pg_database where datname like 'bluegreen_lint%'")

    def rehearse(self, *revisions: str, mark: str = "", **how: Any) -> Outcome:
        """Make a copy, and run revisions there as a release does."""
        made = self.module()["made"]
        return self.project.run(
            "rehearse", made["name"], mark or made["mark"], *revisions, **{"PGOPTIONS": READ_ONLY, **how}
        )  # fmt: skip

    def decide(self, **how: Any) -> dict[str, Any]:
        """What a release decides that may make a copy."""
        first = self.project.look()
        assert first["asks_copy"], first["problem"]
        return self.project.look(rehearsed=self.rehearse(*first["unknown"], **how))


@pytest.fixture
def copies(settings: Settings, login: dict[str, Any], project: Project) -> Iterator[Copies]:
    yield Copies(settings, login, project)
    lab_database.query(settings, f"drop database if exists {COPY} with (force)")


@pytest.fixture
def untouched(project: Project, connection: Any) -> Iterator[None]:
    """The database itself has the rows, the transactions and the definitions that it had."""
    before = state(connection)
    yield
    assert state(connection) == before


def state(connection: Any) -> list[Any]:
    return [
        query(connection, "SELECT xmin::text, * FROM t ORDER BY id"),
        query(connection, "SELECT xmin::text, * FROM alembic_version"),
        query(connection, "SELECT attname::text FROM pg_attribute WHERE attrelid = 't'::regclass ORDER BY attnum"),
        query(connection, "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"),
    ]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("body", "phase", "tables"),
    [
        (ROWS + TOUCH, "data", ["t"]),
        (ROWS + "pass", "expand", ["t"]),
        ("op.get_bind().execute(sa.text('SELECT 1')).fetchall()", "expand", []),
        (READS_AND_DROPS, "contract", ["t"]),
        (
            "from sqlalchemy.orm import Session\n"
            "    with Session(op.get_bind()) as s: s.execute(sa.text('SELECT 1')).one(); "
            "s.execute(sa.text('INSERT INTO u (name) VALUES (:n)'), [{'n': 'a'}, {'n': 'b'}])",
            "data",
            ["u"],
        ),
        (
            "for name in sa.inspect(op.get_bind()).get_table_names(): op.add_column(name, sa.Column('c', sa.Text))",
            "expand",
            ["t", "u"],
        ),
        ("for n in sa.inspect(op.get_bind()).get_indexes('t'): op.drop_index(n['name'], 't')", "expand", []),
        ("op.get_bind().connection.cursor().execute('ALTER TABLE t DROP COLUMN note')", "contract", ["t"]),
        (
            "with op.get_bind().connection.cursor().copy('COPY u (name) FROM STDIN') as c: c.write_row(['a'])",
            "data",
            ["u"],
        ),
    ],
    ids=["rows", "reads", "nothing", "drops", "inserts", "inspects", "indexes", "raw", "raw copy"],
)  # fmt: skip
def test_phase_of_what_was_seen(
    copies: Copies, project: Project, body: str, phase: str, tables: list[str]
) -> None:  # fmt: skip
    project.revision("0002", body)
    found = copies.decide()
    assert found["problem"] == ""
    step = (found["plan"]["steps"] + found["plan"]["postponed"])[0]
    assert (step["phase"], step["by"]) == (phase, "copy")
    if phase != "expand" or tables:
        assert set(tables) <= set(step["tables"])
    assert step["seconds_on_copy"] >= 0 and "0002: " + phase + " (seen running on a copy, " in found["lines"][0]
    assert len(found["plan"]["postponed"]) == (phase == "contract")


@pytest.mark.usefixtures("untouched")
def test_revisions_before_it_run_first_and_contract_before_it_is_refused(copies: Copies, project: Project) -> None:
    project.revision("0002", READS_AND_DROPS)
    project.revision("0003", "ALTER TABLE t ADD COLUMN c text")
    project.revision("0004", "op.get_bind().execute(sa.text('SELECT c FROM t')).fetchall()")
    project.revision("0005", "CREATE TABLE later (id int)")
    first = project.look()
    assert first["unknown"] == ["0002", "0003", "0004"]
    found = project.look(rehearsed=copies.rehearse(*first["unknown"]))
    assert "Revision 0002 is `contract`: `ALTER TABLE t DROP COLUMN note" in found["problem"]
    assert "Nothing was migrated" in found["problem"]


@pytest.mark.usefixtures("untouched")
def test_mark_is_held_to_what_was_seen(copies: Copies, project: Project) -> None:
    body = READS_AND_DROPS
    project.revision("0002", body, "Release-Phase: expand")
    project.revision("0003", ROWS + "pass")
    assert "expected what its mark `expand` says" in copies.decide()["problem"]


@pytest.mark.usefixtures("untouched")
def test_values_stay_in_the_container(copies: Copies, project: Project) -> None:
    project.revision("0002", ROWS + TOUCH + "; op.execute(\"UPDATE u SET name = 'secret' || 4711\")")
    done = copies.rehearse("0002")
    assert "UPDATE" in done.stdout and not any(word in done.stdout + done.stderr for word in ("secret", "4711"))
    project.revision("0002", ROWS + "pass\n    print('secret'); op.execute(\"SELECT 'secret'::int\")")
    done = copies.rehearse("0002")
    assert "invalid input syntax for type integer" in done.stdout and "secret" not in done.stdout + done.stderr


@pytest.mark.usefixtures("untouched")
def test_revision_that_fails_on_the_copy_stops_the_release(copies: Copies, project: Project) -> None:
    project.revision("0002", ROWS + TOUCH + "\n    raise RuntimeError('half-way')")
    found = copies.decide()
    assert found["plan"] is None and not found["asks_copy"]
    assert "Revision 0002: expected it to run on a copy of the database, found RuntimeError" in found["problem"]
    assert "Nothing was applied to the database itself" in found["problem"]


CONNECT = "connect(host={address!r}, port={port}, user={user!r}, password={password!r}, dbname={name!r})"
READ = "op.get_bind().execute(sa.text('SELECT 1')).fetchall()\n    import psycopg\n    "


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("psycopg.CONNECT.execute('DROP TABLE t')", "opens a connection of its own, past SQLAlchemy"),
        ("psycopg.Connection.CONNECT.execute('DROP TABLE t')", "of its own"),
        ("try: psycopg.CONNECT\n    except Exception: pass", "of its own"),
        ("sa.create_engine('sqlite://').connect()", "a database of another kind, sqlite"),
        ("op.execute('ALTER DATABASE x SET lock_timeout = 0')", "reaches beyond its database: `ALTER DATABASE`"),
        ("op.execute('DO $$ BEGIN ALTER ROLE x NOLOGIN; END $$')", "`ALTER ROLE`"),
        ("op.execute('GRANT a TO b')", "`GRANT a TO b`"),
        ("op.get_bind().connection.cursor().execute('DROP OWNED BY x')", "`DROP OWNED`"),
        ("for n in range(2001): op.execute('SELECT 1 AS ' + 'a' * (n % 50 + 1) + '_' * (n // 50))", "2000 different"),
    ],
    ids=["raw", "class", "swallowed", "sqlite", "database", "block", "grant", "raw owned", "many"],
)
def test_what_would_reach_elsewhere_is_refused(copies: Copies, project: Project, body: str, said: str) -> None:
    project.revision("0002", READ + body.replace("CONNECT", CONNECT.format(**project.login)))
    found = copies.decide()
    assert found["plan"] is None and said in found["problem"] and "mark it" in found["problem"]


@pytest.mark.usefixtures("untouched")
def test_connection_that_cannot_be_turned_is_refused(copies: Copies, project: Project) -> None:
    """An env.py that opens connections by itself would be on the database."""
    project.revision("0002", ROWS + TOUCH)
    env = project.folder / "migrations" / "env.py"
    text, first = env.read_text(), project.look()
    made = "create_engine('postgresql+psycopg2://', poolclass=pool.NullPool, creator=lambda: psycopg2."
    made += CONNECT.format(**project.login) + ")"
    env.write_text("import psycopg2\n" + re.sub(r"create_engine\(.*\)", lambda _: made, text))
    found = project.look(rehearsed=copies.rehearse(*first["unknown"]))
    assert "opens a connection of its own, past SQLAlchemy" in found["problem"]
    # The same past all that refuses it, as a driver would be of which nothing is known here.
    unguarded = "import psycopg2\npsycopg2.connect = getattr(psycopg2.connect, '__wrapped__', psycopg2.connect)\n"
    env.write_text(env.read_text().replace("import psycopg2\n", unguarded))
    found = project.look(rehearsed=copies.rehearse(*first["unknown"]))
    assert "opens a connection that cannot be turned to the copy" in found["problem"]


@pytest.mark.usefixtures("untouched")
def test_what_gets_past_everything_may_only_read(copies: Copies, project: Project) -> None:
    words = CONNECT.format(**project.login).removeprefix("connect(")
    past = f"psycopg.connect.__func__.__wrapped__(psycopg.Connection, {words}"
    project.revision("0002", f"{READ}with {past} as c: c.execute('DROP TABLE t')")
    assert "cannot execute DROP TABLE in a read-only transaction" in copies.decide()["problem"]


@pytest.mark.usefixtures("untouched")
def test_copy_of_another_run_is_not_used(copies: Copies, project: Project) -> None:
    project.revision("0002", ROWS + TOUCH)
    done = copies.rehearse("0002", mark="bluegreen.release shop 8, of use until 4102444800")
    assert "another run has made it anew" in project.look(rehearsed=done)["problem"]
    assert not copies.module(state="absent", label="shop 8")["changed"] and copies.there() == COPY
    assert copies.module(state="absent")["changed"] and copies.there() == ""


def test_revision_that_never_ends_is_ended_on_the_copy(copies: Copies, project: Project) -> None:
    project.revision("0002", "op.get_bind().execute(sa.text('SELECT pg_sleep(60)')).fetchall()")
    made = copies.module()["made"]
    done = project.run("rehearse", made["name"], made["mark"], "0002", limits=Limits(4, 0), PGOPTIONS=READ_ONLY)
    found = project.look(rehearsed=done)
    assert done.rc is None and "Seen on a copy of the database: expected" in found["problem"]
    assert "to end within its time" in found["problem"] and "mark it" in found["problem"]
    assert copies.module(state="absent")["changed"]


def test_copy_is_whole_and_for_its_owner_alone(copies: Copies, settings: Settings, project: Project) -> None:
    made = copies.module()["made"]
    assert made["name"] == COPY and made["bytes"] > 0
    assert lab_database.query(settings, "SELECT count(*), max(note) FROM t", COPY) == "10|n9"
    said = lab_database.query(
        settings,
        f"SELECT pg_get_userbyid(datdba), has_database_privilege('pg_monitor', '{COPY}', 'connect')"
        f" FROM pg_database WHERE datname = '{COPY}'",
    )
    assert said == f"{copies.login['user']}|f"


@pytest.mark.parametrize(
    ("change", "undo", "more", "said"),
    [
        ("alter role {user} nocreatedb", "alter role {user} createdb", {}, "ALTER ROLE {user} CREATEDB"),
        ("select 1", "select 1", {"most_megabytes": 1}, "expected a database of at most 1 MiB to copy, found"),
        ("select 1", "select 1", {"spare_megabytes": 10**9}, "MiB free on the disk of the server"),
        ("select 1", "select 1", {"timeout_seconds": 0.01}, "within migration_timeout_seconds"),
        ("create role other", "drop role other", {"owner": "other"}, "GRANT other TO {user}"),
    ],
    ids=["createdb", "large", "disk", "time", "owner"],
)
def test_copy_that_cannot_be_made_leaves_nothing(
    copies: Copies, settings: Settings, change: str, undo: str, more: dict[str, Any], said: str
) -> None:
    user = {"user": copies.login["user"]}
    lab_database.query(settings, change.format(**user))
    try:
        assert said.format(**user) in copies.module(**more)["problem"]
    finally:
        lab_database.query(settings, undo.format(**user))
    assert copies.there() == ""


def test_database_that_writes_elsewhere_is_not_copied(copies: Copies, settings: Settings) -> None:
    lab_database.query(
        settings, "create extension postgres_fdw; create server far foreign data wrapper postgres_fdw", NAME
    )
    assert "found foreign server far" in copies.module()["problem"] and copies.there() == ""


def test_tables_belong_to_the_role_of_the_tool(copies: Copies, settings: Settings, project: Project) -> None:
    """The role of release_database may be another, as long as it is a member."""
    user = copies.login["user"]
    lab_database.query(settings, f"create role migrator login password 'x'; grant migrator to {user}")
    try:
        assert "made" in copies.module(owner="migrator")
        owners = lab_database.query(
            settings, "select distinct tableowner from pg_tables where schemaname = 'public'", COPY
        )
        assert owners == "migrator" and copies.module(state="absent")["changed"]
    finally:
        lab_database.query(settings, f"drop database if exists {COPY} with (force)")
        lab_database.query(settings, "drop role migrator")


def left_by_a_killed_run(settings: Settings, user: str, until: int | None) -> None:
    lab_database.query(settings, f"drop database if exists {COPY} with (force)")
    lab_database.query(settings, f"create database {COPY} owner {user}")
    if until is not None:
        lab_database.query(settings, f"comment on database {COPY} is 'bluegreen.release shop 6, of use until {until}'")


def test_what_a_killed_run_has_left_goes_with_the_next_copy(copies: Copies, settings: Settings) -> None:
    left_by_a_killed_run(settings, copies.login["user"], 4102444800)
    assert "bluegreen.release shop 7, of use until" in copies.module()["made"]["mark"]
    assert copies.there() == COPY


@pytest.mark.parametrize(
    ("until", "stays"), [(None, False), (1700000000, False), (4102444800, True)], ids=["unmarked", "old", "in use"]
)
def test_what_a_killed_run_has_left_goes_with_the_next_backup(
    copies: Copies, settings: Settings, until: int | None, stays: bool
) -> None:
    left_by_a_killed_run(settings, copies.login["user"], until)
    assert Host(settings, copies.login).backup(verify=False)["changed"]
    assert bool(copies.there()) is stays


@pytest.mark.usefixtures("untouched")
def test_application_whose_env_is_asynchronous(copies: Copies, project: Project) -> None:
    url = "postgresql+psycopg://{user}:{password}@{address}:{port}/{name}".format(**project.login)
    (project.folder / "migrations" / "env.py").write_text(ASYNC.format(url=url))
    project.revision("0002", ROWS + TOUCH)
    assert "0002: data (seen running on a copy" in copies.decide()["lines"][0]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "body",
    [
        ROWS + TOUCH,
        READ + "import io; op.get_bind().connection.cursor().copy_expert('COPY t (note) FROM STDIN', io.StringIO('a'))",
        READ + "import io; op.get_bind().connection.cursor().copy_from(io.StringIO('a'), 't', columns=['note'])",
        READ + "op.get_bind().connection.cursor().executemany('UPDATE t SET note = %s', [('a',), ('b',)])",
    ],
    ids=["rows", "copy_expert", "copy_from", "executemany"],
)
def test_application_with_psycopg2(copies: Copies, project: Project, body: str) -> None:
    env = project.folder / "migrations" / "env.py"
    env.write_text(env.read_text().replace("postgresql+psycopg:", "postgresql+psycopg2:"))
    project.revision("0002", body)
    found = copies.decide()
    assert "0002: data (seen running on a copy" in "".join(found["lines"]), found["problem"]
    assert found["plan"]["tables"] == ["t"]
