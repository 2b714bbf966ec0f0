# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's database: one role, one database, and a copy of it to go back to."""

from __future__ import annotations

from pathlib import Path

from lab.containers import inside
from lab.inventory import DATABASE
from lab.load import ACKED_FILE
from lab.settings import Settings

_HOST = "db1"
_SNAPSHOT = f"{DATABASE}_snapshot"
_SEED = Path(__file__).parent / "application" / "seed.sql"
_SEED_SECONDS = 120.0


def query(settings: Settings, sql: str, database: str = "postgres", timeout_seconds: float = 60) -> str:
    """Run SQL as the superuser, stopping at the first error; returns bare rows."""
    command = ["setpriv", "--reuid", "postgres", "--init-groups", "psql", "-X", "-q", "-A", "-t"]
    command += ["-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"]
    return inside(settings, _HOST, command, stdin=sql.encode(), timeout_seconds=timeout_seconds).strip()


def ensure_role(settings: Settings, password: str) -> None:
    """Have the application's role, with the lab's password, and its database, empty at first."""
    if query(settings, f"select 1 from pg_roles where rolname = '{DATABASE}'") != "1":
        query(settings, f"create role {DATABASE} login password '{password}'")
    if query(settings, f"select 1 from pg_database where datname = '{DATABASE}'") != "1":
        query(settings, f"create database {DATABASE} owner {DATABASE}")


def empty(settings: Settings) -> None:
    """An empty database, as before the first installation."""
    query(settings, f"drop database if exists {DATABASE} with (force)")
    query(settings, f"create database {DATABASE} owner {DATABASE}")
    _forget_writes(settings)


def seed(settings: Settings) -> None:
    """Fill the tables that the previous version has made."""
    query(settings, _SEED.read_text(), DATABASE, _SEED_SECONDS)
    query(settings, "vacuum analyze", DATABASE, _SEED_SECONDS)


def snapshot(settings: Settings) -> None:
    """Keep the database as it is, to be restored by `restore`."""
    query(settings, f"drop database if exists {_SNAPSHOT} with (force)")
    _copy(settings, DATABASE, _SNAPSHOT)


def restore(settings: Settings) -> None:
    """Put the kept database in the place of the present one; connections to that are cut."""
    query(settings, f"drop database if exists {DATABASE} with (force)")
    _copy(settings, _SNAPSHOT, DATABASE)
    _forget_writes(settings)


def _copy(settings: Settings, source: str, target: str) -> None:
    """The source takes no connection while it is copied: PostgreSQL refuses to copy a database in use."""
    query(
        settings,
        f"alter database {source} with allow_connections false;\n"
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{source}';\n"
        f"create database {target} template {source} owner {DATABASE};\n"
        f"alter database {source} with allow_connections true;\n",
    )


def _forget_writes(settings: Settings) -> None:
    """Nothing said of the former database holds now: the cache, and the load's list of confirmed writes."""
    (settings.state / ACKED_FILE).unlink(missing_ok=True)
    inside(settings, _HOST, ["redis-cli", "flushall"])


def revision(settings: Settings) -> str | None:
    """The migration that the database is at, or None."""
    if query(settings, "select to_regclass('public.alembic_version')", DATABASE) == "":
        return None
    return query(settings, "select version_num from alembic_version", DATABASE) or None


def has_snapshot(settings: Settings) -> bool:
    """Whether there is a kept database."""
    return query(settings, f"select 1 from pg_database where datname = '{_SNAPSHOT}'") == "1"
