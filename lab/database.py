# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's databases: for each application one role, one database, and a copy of it to go back to."""

from __future__ import annotations

from lab.containers import inside
from lab.profiles import APPLICATIONS, Application
from lab.settings import Settings

_HOST = "db1"
_SEED_SECONDS = 120.0


def query(settings: Settings, sql: str, database: str = "postgres", timeout_seconds: float = 60) -> str:
    """Run SQL as the superuser, stopping at the first error; returns bare rows."""
    command = ["setpriv", "--reuid", "postgres", "--init-groups", "psql", "-X", "-q", "-A", "-t"]
    command += ["-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"]
    return inside(settings, _HOST, command, stdin=sql.encode(), timeout_seconds=timeout_seconds).strip()


def ensure_role(settings: Settings, application: Application, password: str) -> None:
    """Have the application's role, with the lab's password, and its database, empty at first."""
    name = application.name
    if query(settings, f"select 1 from pg_roles where rolname = '{name}'") != "1":
        query(settings, f"create role {name} login password '{password}'")
    # To prove a backup, and to see who is in the way of a migration.
    query(settings, f"alter role {name} createdb; grant pg_monitor to {name}")
    if not _is_there(settings, name):
        query(settings, f"create database {name} owner {name}")


def empty(settings: Settings, application: Application) -> None:
    """An empty database, as before the first installation."""
    _drop(settings, application.name)
    query(settings, f"create database {application.name} owner {application.name}")


def seed(settings: Settings, application: Application) -> None:
    """Fill the tables that the previous version has made."""
    query(settings, (application.folder / "seed.sql").read_text(), application.name, _SEED_SECONDS)
    query(settings, "vacuum analyze", application.name, _SEED_SECONDS)


def snapshot(settings: Settings, application: Application) -> None:
    """Keep the database as it is, to be restored by `restore`."""
    forget_snapshot(settings, application)
    _copy(settings, application, application.name, _snapshot_of(application))


def forget_snapshot(settings: Settings, application: Application) -> None:
    """Have no kept database."""
    _drop(settings, _snapshot_of(application))


def restore(settings: Settings, application: Application) -> None:
    """Put the kept database in the place of the present one; connections to that are cut."""
    _drop(settings, application.name)
    _copy(settings, application, _snapshot_of(application), application.name)


def has_snapshot(settings: Settings, application: Application) -> bool:
    """Whether there is a kept database."""
    return _is_there(settings, _snapshot_of(application))


def forget_writes(settings: Settings) -> None:
    """Nothing said of the former databases holds now: the cache, and the load's lists of confirmed writes."""
    for application in APPLICATIONS.values():
        (settings.state / application.acked_file).unlink(missing_ok=True)
    inside(settings, _HOST, ["redis-cli", "flushall"])


def revision(settings: Settings, application: Application) -> str | None:
    """The migration that the database is at, or None."""
    if query(settings, f"select to_regclass('{application.migrations}')", application.name) == "":
        return None
    return query(settings, application.revision, application.name) or None


def _snapshot_of(application: Application) -> str:
    return f"{application.name}_snapshot"


def _is_there(settings: Settings, database: str) -> bool:
    return query(settings, f"select 1 from pg_database where datname = '{database}'") == "1"


def _drop(settings: Settings, database: str) -> None:
    query(settings, f"drop database if exists {database} with (force)")


def _copy(settings: Settings, application: Application, source: str, target: str) -> None:
    """The source takes no connection while it is copied: PostgreSQL refuses to copy a database in use."""
    query(
        settings,
        f"alter database {source} with allow_connections false;\n"
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{source}';\n"
        f"create database {target} template {source} owner {application.name};\n"
        f"alter database {source} with allow_connections true;\n",
    )
