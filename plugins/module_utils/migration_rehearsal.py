# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs revisions of Alembic on a copy of the database, one after the other, and tells what they send to it.

The text of this file is run in the application's own container, ``python -c <text> <alembic.ini> <copy> <mark>
<revision>...``, and needs nothing but the application's Alembic and SQLAlchemy; it must stay so. ``mark`` is the
comment of the copy, by which it is known. The answer is one line of JSON behind MARK. Whatever else is printed
meanwhile is thrown away, for it may hold what users have written; so are the values in statements.

Nothing may reach the database itself. Connections are turned to the copy before they are opened, proved to be there
before they are used, and every other is refused. The container's PGOPTIONS make whatever comes past all that read-only;
the proved connection alone may write.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import io
import json
import os
import re
import sys
import time
from typing import Any

MARK = "bluegreen-migration-rehearsal: "
MOST_STATEMENTS = 2000
_PROVED = "bluegreen.release.proved"
_CURSOR_METHODS = ("execute", "executemany", "stream", "copy", "copy_expert", "callproc")

_TOKENS = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<name>"(?:[^"]|"")*")
      | (?P<dollars>(?<![\w$])(\$(?:[^\W\d]\w*)?\$).*?\4)
      | (?P<text>\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')
      | (?P<value>%\(\w+\)[sbt]|%[sbt]\b|(?<![\w$])\$\d+)
      | (?P<percent>%%)
      | (?P<number>(?<![\w$.])\d[\w.]*)""",
    re.VERBOSE | re.DOTALL,
)
_INSTEAD = {"comment": " ", "dollars": "$$...$$", "text": "'...'", "value": "NULL", "percent": "%", "number": "1"}

# What reaches beyond the database that a statement is sent to: other databases, roles, sessions and servers.
_BEYOND = re.compile(
    r"""\b(?:CREATE|ALTER|DROP)\s+(?:DATABASE|ROLE|USER|GROUP|TABLESPACE|SYSTEM|SERVER|SUBSCRIPTION)\b
      | \b(?:REASSIGN|DROP)\s+OWNED\b
      | \b(?:COMMENT|GRANT|REVOKE|LABEL)\b[^;]*\bON\s+(?:DATABASE|ROLE|TABLESPACE)\b
      | \b(?:GRANT|REVOKE)\b(?:(?!\bON\b)[^;])*(?:;|$)
      | \bCOPY\b[^;]*\bPROGRAM\b | \bdblink | \bpostgres_fdw\b | \bpg_(?:terminate|cancel)_backend\b
      | _replication_slot\b""",
    re.VERBOSE | re.IGNORECASE,
)


class Refused(Exception):
    """What a revision does cannot be seen on the copy alone; the text says why."""


def without_values(text: str) -> str:
    """Give a statement with something that can be parsed in the place of every value, and without comments."""

    def instead(match: re.Match[str]) -> str:
        return _INSTEAD.get(match.lastgroup or "", match.group())

    # The group of the dollars' own tag is not named, so the last named one is the kind.
    return " ".join(_TOKENS.sub(instead, text).split()).rstrip("; ")


def text_of(query: Any, cursor: Any) -> str:
    """Give a statement as text, whatever a driver takes for one."""
    if isinstance(query, bytes):
        return query.decode(errors="replace")
    if isinstance(query, str):
        return query
    return str(query.as_string(cursor)) if hasattr(query, "as_string") else str(query)


class Seen:
    """What is sent to the copy. refused: why the rehearsal does not count, whatever the application made of it."""

    def __init__(self, copy: str, mark: str) -> None:
        self.copy, self.mark = copy, mark
        self.refused = ""
        self.began = 0.0
        self._active = False
        self._statements: dict[str, None] = {}
        self._commits = 0

    def begin(self) -> None:
        """What is sent from here on belongs to the next revision."""
        self._active, self._statements, self._commits, self.began = True, {}, 0, time.monotonic()

    def end(self) -> list[str]:
        """Give what was sent since then; each commit stands where it was."""
        self._active = False
        return ["COMMIT" if one.startswith("COMMIT ") else one for one in self._statements]

    def note(self, query: Any, cursor: Any) -> None:
        """Note a statement before it is sent. Raises Refused for one that must not be."""
        text = text_of(query, cursor)
        beyond = _BEYOND.search(text)
        if beyond:
            self.refuse("it reaches beyond its database: `" + " ".join(beyond.group().split())[:60] + "`")
        if self._active:
            # The same statement with other values says nothing new.
            self._statements[without_values(text)] = None
            if len(self._statements) > MOST_STATEMENTS:
                self.refuse("it sends more than " + str(MOST_STATEMENTS) + " different statements")

    def note_commit(self, _connection: Any) -> None:
        """Note the end of a transaction."""
        if self._active:
            self._commits += 1
            self._statements["COMMIT " + str(self._commits)] = None

    def refuse(self, why: str) -> None:
        """Raise Refused, and remember it, for the application may go on all the same."""
        self.refused = self.refused or why
        raise Refused(why)

    def turn(self, dialect: Any, _record: Any, _words: Any, parameters: dict[str, Any]) -> None:
        """Turn a connection to the copy before it is opened."""
        if dialect.name != "postgresql":
            self.refuse("it opens a connection to a database of another kind, " + str(dialect.name))
        for name in ("dbname", "database"):
            parameters.pop(name, None)
        parameters["database" if dialect.driver in ("asyncpg", "pg8000") else "dbname"] = self.copy

    def prove(self, connection: Any, record: Any) -> None:
        """Prove that an open connection is to the copy, and let it write. Raises Refused."""
        cursor = connection.cursor()
        cursor.execute(
            "SELECT current_database(), shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        )
        found = list(cursor.fetchone())
        if found[0] != self.copy:
            connection.close()
            self.refuse("it opens a connection that cannot be turned to the copy")
        if found[1] != self.mark:
            connection.close()
            self.refuse("the copy is not the one that was made for this run: another run has made it anew")
        cursor.execute("SET default_transaction_read_only = off")
        cursor.close()
        connection.commit()
        self.watch(connection)
        record.info[_PROVED] = True

    def watch(self, connection: Any) -> None:
        """Note also what goes past SQLAlchemy, by the cursors of those drivers that let us."""
        if type(connection).__module__.partition(".")[0] not in ("psycopg", "psycopg2"):
            return
        for name in ("cursor_factory", "server_cursor_factory"):
            if hasattr(connection, name):
                base = getattr(connection, name) or importlib.import_module("psycopg2.extensions").cursor
                setattr(connection, name, watched(base, self.note))

    def before_statement(
        self, connection: Any, cursor: Any, statement: Any, _values: Any, _context: Any, _many: Any
    ) -> None:  # fmt: skip
        """Refuse a statement on a connection that is not proved, and note every other."""
        if not connection.info.get(_PROVED):
            self.refuse("it uses a connection that is not known to be to the copy")
        self.note(statement, cursor)


def watched(base: Any, note: Any) -> Any:
    """Give a driver's class of cursors with every statement noted before it is sent."""

    def method(name: str) -> Any:
        real = getattr(base, name)

        @functools.wraps(real)
        def call(self: Any, query: Any, *words: Any, **more: Any) -> Any:
            note(query, self)
            return real(self, query, *words, **more)

        return call

    def copy_from(self: Any, file: Any, table: Any, *words: Any, **more: Any) -> Any:
        note("COPY " + str(table) + " FROM STDIN", self)
        return base.copy_from(self, file, table, *words, **more)

    methods = {name: method(name) for name in _CURSOR_METHODS if hasattr(base, name)}
    if hasattr(base, "copy_from"):
        methods["copy_from"] = copy_from
    return type("Watched" + base.__name__, (base,), methods)


def guard_drivers(seen: Seen) -> None:
    """Refuse connections that are opened past SQLAlchemy, so that nobody turns them to the copy."""

    def required(parameters: dict[str, Any]) -> None:
        if seen.copy not in (parameters.get("dbname"), parameters.get("database")):
            seen.refuse("it opens a connection of its own, past SQLAlchemy")

    def guarded(real: Any) -> Any:
        @functools.wraps(real)
        def connect(*words: Any, **parameters: Any) -> Any:
            required(parameters)
            return real(*words, **parameters)

        return connect

    for name in ("psycopg2", "psycopg", "asyncpg", "pg8000"):
        if importlib.util.find_spec(name) is None:
            continue
        driver: Any = importlib.import_module(name)
        for kind in ("Connection", "AsyncConnection") if name == "psycopg" else ():
            one = getattr(driver, kind)
            one.connect = classmethod(guarded(one.__dict__["connect"].__func__))
        driver.connect = driver.Connection.connect if name == "psycopg" else guarded(driver.connect)


def listen(seen: Seen) -> None:
    """See every connection and every statement of whatever engines the application makes."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import Pool

    guard_drivers(seen)
    event.listen(Engine, "do_connect", seen.turn)
    event.listen(Pool, "connect", seen.prove)
    event.listen(Engine, "before_cursor_execute", seen.before_statement)
    event.listen(Engine, "commit", seen.note_commit)


def run_env(config: Any, script: Any, steps: Any, target: str) -> bool:
    """Run the application's env.py; *steps* gives what is applied. Tells whether it was asked."""
    from alembic.runtime.environment import EnvironmentContext

    asked = []

    def chosen(heads: Any, context: Any) -> list[Any]:
        asked.append(True)
        return list(steps(heads, context))

    with EnvironmentContext(config, script, fn=chosen, as_sql=False, destination_rev=target):
        script.run_env()
    return bool(asked)


def rehearse(config: Any, script: Any, seen: Seen, revision: str) -> dict[str, Any]:
    """Run one revision, and give what it sent and how long it took. Raises whatever it raises."""

    def steps(heads: Any, _context: Any) -> list[Any]:
        found = script._upgrade_revs(revision, heads)
        names = [one.revision.revision for one in found]
        if names != [revision]:
            seen.refuse("expected it to be the next one of the copy, found " + (", ".join(names) or "none"))
        seen.begin()
        return list(found)

    if not run_env(config, script, steps, revision):
        seen.refuse("env.py does not run the migrations in online mode")
    return {"revision": revision, "seconds": round(time.monotonic() - seen.began, 1), "statements": seen.end()}


# By name: the functions of PostgreSQL itself that change nothing, if no other has the name.
_CALM = (
    "SELECT proname::text FROM pg_proc GROUP BY proname"
    " HAVING bool_and(pronamespace = 'pg_catalog'::regnamespace AND provolatile <> 'v')"
)


def calm_functions(config: Any, script: Any, words: set[str]) -> list[str]:
    """Give those of the words that are the name of a function which changes nothing."""
    found: list[str] = []

    def ask(_heads: Any, context: Any) -> list[Any]:
        found.extend(str(row[0]) for row in context.connection.exec_driver_sql(_CALM))
        return []

    run_env(config, script, ask, "heads")
    return sorted(words.intersection(found))


def told(error: BaseException) -> str:
    """Give what went wrong, without what users have written: the first line, of a wrong value only what is wrong."""
    error = getattr(error, "orig", None) or error
    state = str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")
    first = (str(error).strip().splitlines() or [""])[0]
    return (type(error).__name__ + ": " + (first.partition(":")[0] if state.startswith("22") else first))[:500]


def answer(path: str, seen: Seen, revisions: list[str]) -> dict[str, Any]:
    """Run the revisions until one fails; give what was seen, and why it was not all."""
    found: dict[str, Any] = {"seen": [], "calm": [], "failed": "", "refused": "", "problem": ""}
    revision = ""
    try:
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        listen(seen)
        config = Config(path, stdout=io.StringIO())
        script = ScriptDirectory.from_config(config)
        for revision in revisions:
            row = rehearse(config, script, seen, revision)
            if seen.refused:
                break
            found["seen"].append(row)
        words = {word for row in found["seen"] for one in row["statements"] for word in re.findall(r"\w+", one)}
        found["calm"] = [] if seen.refused else calm_functions(config, script, words)
    except (Exception, SystemExit) as error:  # whatever a revision does, or an env.py that leaves
        found["problem"] = told(error)
    found["refused"] = seen.refused
    if found["problem"] or found["refused"]:
        found["failed"] = revision
    return found


def main(path: str, copy: str, mark: str, *revisions: str) -> None:
    """Print what was seen, and nothing else."""
    out = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nothing, descriptor)
    found = answer(path, Seen(copy, mark), list(revisions))
    os.write(out, ("\n" + MARK + json.dumps(found) + "\n").encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
