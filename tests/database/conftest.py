# SPDX-License-Identifier: GPL-3.0-or-later
"""A database with rows, an Alembic project for it, and code that was written before the next revision."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.action.migration_plan import SPEC, outlook
from ansible_collections.bluegreen.release.plugins.filter.migration import migration_settings, migration_tool_commands
from ansible_collections.bluegreen.release.plugins.module_utils import database as ours
from ansible_collections.bluegreen.release.plugins.module_utils import migration_run
from ansible_collections.bluegreen.release.plugins.module_utils.migration_run import Limits, Outcome
from ansible_collections.bluegreen.release.plugins.module_utils.migration_tool import Tool

from lab import database as lab_database
from lab.settings import Settings, read_settings
from tests.docker_stand_in import docker

NAME = "migrations_test"
TOOL = "bluegreen.release tool of a test"
LIMITS = Limits(run=60, locks=30)
ENV = """\
from alembic import context
from sqlalchemy import create_engine, pool, text
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine({url!r}, poolclass=pool.NullPool)
    with engine.connect() as connection:
        {before}
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
"""
REVISION = '''\
"""{doc}"""
from alembic import op
import sqlalchemy as sa
revision, down_revision, branch_labels, depends_on = "{name}", {down!r}, None, None
def upgrade():
    {body}
def downgrade():
    pass
'''
FIRST = """
CREATE TYPE color AS ENUM ('red', 'green');
CREATE TABLE u (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE t (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, note text, color color NOT NULL DEFAULT 'red',
    u bigint REFERENCES u (id)
);
CREATE INDEX t_note ON t (note);
INSERT INTO u (name) SELECT 'u' || n FROM generate_series(1, 10) n;
INSERT INTO t (a, note, u) SELECT n, 'n' || n, n FROM generate_series(1, 10) n;
"""


@contextlib.contextmanager
def unfenced() -> Iterator[int]:
    """Hold nothing while the tool runs."""
    with open(os.devnull) as nothing:
        yield nothing.fileno()


class Project:
    """An Alembic project on the database, and its tool as a release runs it."""

    def __init__(self, folder: Path, login: dict[str, Any]) -> None:
        self.folder, self.login = folder, login
        (folder / "migrations" / "versions").mkdir(parents=True)
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
        (folder / "migrations" / "script.py.mako").write_text("")
        self.docker = docker(folder)
        self.env()
        self.commands = migration_tool_commands({}, "alembic", [sys.executable], "alembic.ini")

    def env(self, before: str = "pass", **login: Any) -> None:
        """Write env.py. before: what it does with its connection first."""
        to = {**self.login, **login}
        url = "postgresql+psycopg://{user}:{password}@{address}:{port}/{name}".format(**to)
        (self.folder / "migrations" / "env.py").write_text(ENV.format(url=url, before=before))

    def revision(self, name: str, body: str, doc: str = "") -> None:
        """Add a revision behind the one before. body: its upgrade; SQL when it does not use `op`."""
        down = None if name == "0001" else f"{int(name) - 1:04d}"
        body = body if body.startswith("raise ") or "op." in body else f"op.execute({body!r})"
        text = REVISION.format(name=name, down=down, body=body, doc=doc)
        (self.folder / "migrations" / "versions" / f"{name}.py").write_text(text)

    def tool(self, lock: float = 0.5, autocommit: bool = False, **environment: str) -> Tool:
        """How a release runs it."""
        settings = {"PGOPTIONS": migration_settings(lock, 30, autocommit), "PGAPPNAME": TOOL, **environment}
        return Tool(str(self.docker), str(self.folder), "p", [], [], "api", "c", settings)

    def run(
        self, verb: str, *words: str, limits: Limits = LIMITS, looks: Any = None, **how: Any
    ) -> Outcome:  # fmt: skip
        """Run it."""
        argv = [*self.commands[verb], *words]
        return migration_run.run(self.tool(**how), argv, limits, looks, unfenced)

    def upgrade(self, *revisions: str, **how: Any) -> Outcome:
        """Upgrade to each; they have to work."""
        for one in revisions:
            done = self.run("upgrade", one, **how)
            assert done.rc == 0, done.stderr[-2000:]
        return done

    def look(
        self, phases: dict[str, str] | None = None, rehearsed: Outcome | None = None, uncopied: str = "",
        given: dict[str, Any] | None = None, **how: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """What a release would decide.

        rehearsed: what was seen on a copy. uncopied: why nothing was. given: what else it is told.
        """
        runs = {"look": self.run("look", **how), **({"rehearse": rehearsed} if rehearsed else {})}
        results = {
            verb: {"rc": done.rc, "stdout": done.stdout, "stderr": done.stderr, "timed_out": done.rc is None}
            for verb, done in runs.items()
        }
        told = {name: option.get("default") for name, option in SPEC.items()}
        return outlook({
            **told, "results": results, "commands": self.commands, "phases": phases or {}, "uncopied": uncopied,
            "revision_pattern": "", "unknown_pattern": "Can't locate revision", "lock_timeout_seconds": 2.0,
            **(given or {}),
        })  # fmt: skip


@pytest.fixture(scope="session")
def settings() -> Settings:
    return read_settings(os.environ)


@pytest.fixture
def login(settings: Settings) -> Iterator[dict[str, Any]]:
    """A database of its own for each test, by the application's own role."""
    known = json.loads((settings.state / "inventory.json").read_text())["all"]["vars"]
    lab_database.query(settings, f"drop database if exists {NAME} with (force)")
    lab_database.query(settings, f"create database {NAME} owner {known['lab_db_user']}")
    yield {
        "address": known["lab_db_address"], "port": 5432, "name": NAME, "user": known["lab_db_user"],
        "password": known["lab_db_password"], "parameters": {},
    }  # fmt: skip
    lab_database.query(settings, f"drop database if exists {NAME} with (force)")


@pytest.fixture
def project(tmp_path: Path, login: dict[str, Any]) -> Project:
    """A project whose first revision is applied."""
    made = Project(tmp_path / "project", login)
    made.revision("0001", FIRST, "Release-Phase: expand")
    made.upgrade("0001")
    return made


@pytest.fixture
def connection(login: dict[str, Any]) -> Iterator[Any]:
    with contextlib.closing(ours.connect(login, "a test")) as made:
        yield made
