# SPDX-License-Identifier: GPL-3.0-or-later
"""A migration beside users: how long they wait, who is in whose way, and what is left when it ends badly."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.filter.migration import migration_answer, migration_settings
from ansible_collections.bluegreen.release.plugins.module_utils import database as ours
from ansible_collections.bluegreen.release.plugins.module_utils import database_look, migration_run
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query
from ansible_collections.bluegreen.release.plugins.module_utils.database_lock import alone, lock_key
from ansible_collections.bluegreen.release.plugins.module_utils.migration_run import Limits, Outcome
from ansible_collections.bluegreen.release.plugins.module_utils.migration_slow import RUN, STATEMENT, ended
from ansible_collections.bluegreen.release.plugins.modules.migration_run import guarded

from lab import database as lab_database
from lab.settings import Settings
from tests.database.conftest import NAME, TOOL, Project, unfenced

WORK = "migration of shop"
LIMITS_OF_A_RUN = Limits(run=60, locks=5)
LIMITS = database_look.Limits(transaction=0.2, lag=60, spare=5)


@contextlib.contextmanager
def reader(login: dict[str, Any], name: str = "a long report", table: str = "t") -> Iterator[Any]:
    """Somebody who has read the table in a transaction that goes on."""
    with contextlib.closing(ours.connect(login, name)) as connection:
        query(connection, "BEGIN")
        query(connection, f"SELECT count(*) FROM {table}")
        yield connection


def revision_of(connection: Any) -> str:
    return str(query(connection, "SELECT version_num FROM alembic_version")[0][0])


def locks(connection: Any) -> list[Any]:
    """What is locked by others than this connection, as soon as the server has seen that they are gone."""
    rows: list[Any] = []
    for _ in range(50):
        rows = query(
            connection,
            "SELECT l.locktype, l.mode, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE a.datname = current_database() AND l.pid <> pg_backend_pid()",
        )
        if not rows:
            break
        time.sleep(0.1)
    return rows


def test_users_wait_no_longer_than_the_lock_timeout_and_the_migration_gets_through(
    project: Project, login: dict[str, Any], connection: Any
) -> None:
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text")
    waits: list[float] = []
    over = threading.Event()

    def use() -> None:
        with contextlib.closing(ours.connect(login, "a user")) as user:
            while not over.is_set():
                began = time.monotonic()
                query(user, "SELECT count(*) FROM t")
                waits.append(time.monotonic() - began)
                time.sleep(0.01)

    with reader(login) as holder, contextlib.closing(ours.connect(login, "bluegreen")) as looks:
        user = threading.Thread(target=use)
        user.start()
        threading.Timer(6, lambda: query(holder, "COMMIT")).start()
        done = project.upgrade("0002", lock=0.5, looks=looks)
        over.set()
        user.join()
    assert done.attempts > 1 and revision_of(connection) == "0002"
    assert max(waits) < 3, "without a lock timeout they would have waited for the reader's 6 s"
    assert any("a long report" in one and "idle in transaction" in one for one in done.blockers), done.blockers


def test_migration_that_gets_no_lock_names_who_holds_it(project: Project, login: dict[str, Any]) -> None:
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text")
    with reader(login), contextlib.closing(ours.connect(login, "bluegreen")) as looks:
        done = project.run("upgrade", "0002", limits=Limits(60, 3), looks=looks, lock=1.5)
    assert done.rc == 1 and "lock timeout" in done.stderr
    assert any("a long report" in one for one in done.blockers)


def test_migration_that_never_ends_is_ended_and_undone(
    project: Project, login: dict[str, Any], connection: Any
) -> None:
    """Its server process, too: while a statement runs it does not see that its client is gone."""
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text; SELECT pg_sleep(60)")
    with contextlib.closing(ours.connect(login, "bluegreen")) as looks:
        done = project.run("upgrade", "0002", limits=Limits(4, 0), autocommit=True, looks=looks)
    assert (done.rc, done.left) == (None, [])
    assert (project.folder / "removed").read_text() == "c\n", "its container"
    assert locks(connection) == []
    assert revision_of(connection) == "0001"
    assert not query(
        connection, "SELECT 1 FROM information_schema.columns WHERE column_name = 'c' AND table_name = 't'"
    )


def test_server_process_of_another_role_that_is_left_is_named(
    project: Project, settings: Settings, login: dict[str, Any]
) -> None:
    lab_database.query(settings, "drop role if exists looks_only; create role looks_only login password 'looks-only'")
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text; SELECT pg_sleep(12)")
    other = {**login, "user": "looks_only", "password": "looks-only"}
    try:
        with contextlib.closing(ours.connect(other, "bluegreen")) as looks:
            done = project.run("upgrade", "0002", limits=Limits(4, 0), autocommit=True, looks=looks)
        assert len(done.left) == 1 and TOOL in done.left[0] and login["user"] in done.left[0]
        result = {**asdict(done), "timed_out": True}
        said = migration_answer(result, "upgrade", project.commands, "")["problem"]
        assert "Still there, with what they have locked: server process" in said
    finally:
        lab_database.query(settings, "drop role looks_only")


def test_statement_that_holds_its_locks_for_too_long_is_ended(project: Project, connection: Any) -> None:
    project.revision("0002", "SET LOCAL statement_timeout = '300ms'; SELECT pg_sleep(5)")
    done = project.run("upgrade", "0002")
    assert done.rc == 1 and "statement timeout" in done.stderr and done.attempts == 1
    assert revision_of(connection) == "0001"


def remembered(done: Outcome, limits: dict[str, float]) -> list[dict[str, Any]]:
    """What the record of a release remembers of revision 0002, as the next release reads it."""
    result = {**asdict(done), "timed_out": done.rc is None}
    found = ended(result, {"revision": "0002", "autocommit": False}, limits)
    return [{**one, "release_id": "r1"} for one in found]


def test_revision_that_a_limit_has_ended_is_refused_the_next_time(project: Project) -> None:
    project.revision("0002", "UPDATE t SET a = a; SELECT pg_sleep(30)", "Release-Phase: data")
    limits = {STATEMENT: 0.5, RUN: 60.0}
    slow = remembered(project.run("upgrade", "0002", PGOPTIONS=migration_settings(0.5, 0.5, False)), limits)
    assert slow[0]["by"] == STATEMENT and 0.5 <= slow[0]["seconds"] < 20
    again = project.look(given={"slow": slow, "limits": limits})
    assert again["plan"] is None and "0002, which migration_statement_timeout_seconds (0.5)" in again["problem"]
    assert project.look(given={"slow": slow, "limits": {**limits, STATEMENT: 30.0}})["problem"] == ""
    limits = {STATEMENT: 30.0, RUN: 4.0}
    slow = remembered(project.run("upgrade", "0002", limits=Limits(4, 0)), limits)
    assert slow[0]["by"] == RUN and 4 <= slow[0]["seconds"] < 8
    again = project.look(given={"slow": slow, "limits": limits})
    assert again["plan"] is None and "0002, which migration_timeout_seconds (4)" in again["problem"]


def test_failure_of_another_kind_is_not_remembered_as_slow(project: Project, login: dict[str, Any]) -> None:
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text")
    with reader(login):
        blocked = project.run("upgrade", "0002", limits=Limits(60, 0))
    assert blocked.rc == 1 and remembered(blocked, {STATEMENT: 30.0, RUN: 60.0}) == []


KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"


def test_database_that_goes_away_under_a_migration(project: Project, settings: Settings, login: dict[str, Any]) -> None:
    """The tool fails, our own connection is lost, and both are said."""
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text; SELECT pg_sleep(30)", "Release-Phase: expand")
    argv = [*project.commands["upgrade"], "0002"]
    given = {"application": "shop", "changes": True, "database": login, "lock_wait_seconds": 5}
    with guarded(given) as ours_alone:
        threading.Timer(3, lambda: lab_database.query(settings, KILL.format(name=NAME))).start()
        done = migration_run.run(project.tool(), argv, LIMITS_OF_A_RUN, ours_alone, unfenced)
        assert not ours.answers(ours_alone)
    said = migration_answer(
        {**asdict(done), "timed_out": done.rc is None}, "upgrade", project.commands, "", "Can't locate revision"
    )["problem"]
    assert done.rc == 1 and "The connection to the database was lost" in said and "look at its log" in said
    with contextlib.closing(ours.connect(login, "afterwards")) as connection:
        assert revision_of(connection) == "0001" and locks(connection) == []
        with alone(connection, WORK, 5):
            pass


def test_database_that_is_not_there_any_more(project: Project, login: dict[str, Any]) -> None:
    project.env(port=1)
    done = project.run("current")
    result = {**asdict(done), "timed_out": False}
    said = migration_answer(result, "current", project.commands, "", "")["problem"]
    assert "The connection to the database was lost" in said, said


def test_failure_half_way_leaves_the_revisions_before_it(project: Project, connection: Any) -> None:
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text")
    project.revision("0003", "op.execute('ALTER TABLE t ADD COLUMN d text'); raise RuntimeError('half-way')")
    project.upgrade("0002")
    done = project.run("upgrade", "0003")
    assert done.rc == 1 and "half-way" in done.stderr and revision_of(connection) == "0002"


def test_one_migration_of_an_application_at_a_time(login: dict[str, Any]) -> None:
    with (
        contextlib.closing(ours.connect(login, "first")) as first,
        contextlib.closing(ours.connect(login, "2")) as second,
    ):
        with alone(first, WORK, 0):
            with (
                pytest.raises(DatabaseError, match=r"another|found one by server process \d+ .*first"),
                alone(second, WORK, 0.3),
            ):
                pass
            with alone(second, "migration of guestbook", 0):
                pass
        with alone(second, WORK, 0):
            pass


def test_lock_of_a_run_that_is_gone_is_free(login: dict[str, Any], connection: Any) -> None:
    gone = ours.connect(login, "gone")
    query(gone, "SELECT pg_advisory_lock(%s)", [lock_key(WORK)])
    gone.close()
    with alone(connection, WORK, 5):
        pass


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        ("pass", ""),
        ("connection.execute(text('SET lock_timeout = 0'))", "found none"),
        ("connection.execute(text(\"SET lock_timeout = '5s'\"))", "found 5000 ms"),
        ("connection.execute(text(\"SET lock_timeout = '1s'\"))", ""),
    ],
)
def test_lock_timeout_is_read_where_the_tool_has_it(project: Project, before: str, problem: str) -> None:
    project.env(before)
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text")
    found = project.look()["problem"]
    assert (problem in found) if problem else found == ""


def test_lock_timeout_of_the_role_counts(project: Project, settings: Settings, login: dict[str, Any]) -> None:
    project.revision("0002", "ALTER TABLE t ADD COLUMN c text")
    assert "found none" in project.look(lock=0)["problem"]
    lab_database.query(settings, f"ALTER ROLE {login['user']} IN DATABASE {NAME} SET lock_timeout = '2s'")
    project.env(before="connection.execute(text('RESET lock_timeout'))")
    done = project.run("look", PGOPTIONS="")
    assert '"lock_timeout": "2000"' in done.stdout


@pytest.mark.parametrize(
    ("name", "tables", "everywhere", "found"),
    [
        ("a long report", ["t"], False, "holds t"),
        ("a long report", ["u"], False, ""),
        ("a long report", ["u"], True, "holds t"),
        ("pg_dump", ["t"], False, "is dumping the database"),
    ],
)
def test_who_is_in_the_way_is_seen_before(
    login: dict[str, Any], project: Project, connection: Any, name: str, tables: list[str], everywhere: bool, found: str
) -> None:
    with reader(login, name):
        time.sleep(0.3)
        seen = database_look.look(connection, tables)
    problems = database_look.problems(seen, LIMITS, tables, everywhere)
    assert (found in problems[0]) if found else not problems
    assert seen["tables"][0]["bytes"] > 0 and seen["connections"]["used"] >= 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"name": "nowhere"}, "does not exist"),
        ({"port": 1}, "refused"),
        ({"address": "192.0.2.1", "parameters": {"connect_timeout": 1}}, "192.0.2.1"),
    ],
)
def test_database_that_cannot_be_reached(login: dict[str, Any], change: dict[str, Any], said: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        ours.connect({**login, **change}, "a test")
    assert said in str(caught.value) and "release_database" in str(caught.value)
    assert login["password"] not in str(caught.value) and "wrong" not in str(caught.value)
