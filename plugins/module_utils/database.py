# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection of our own to the application's database, straight to PostgreSQL.

The password is an argument of the driver and of nothing else: no command line, no environment, no message has it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

_CONNECT_SECONDS = 5
_STATEMENT_MILLISECONDS = 10_000
PACKAGE = "python3-psycopg2"
_LONGEST_NAME = 63  # of an identifier, in PostgreSQL as it is built


class DatabaseError(Exception):
    """The database cannot be asked; the text says what was expected, found, and what to do."""


def _driver() -> Any:
    try:
        return importlib.import_module("psycopg2")
    except ImportError:
        raise DatabaseError(
            f"expected Python's psycopg2 on this host, found none: install its package {PACKAGE}, or leave out"
            " release_database"
        ) from None


def where(given: Mapping[str, Any]) -> str:
    """The database in words, for messages."""
    return f"database {given['name']} at {given['address']}:{given['port']} as {given['user']}"


def who(pid: int, user: str, application: str | None, address: str | None) -> str:
    """A server process in words, for messages."""
    return f"server process {pid} ({user}, {application or 'no name'}, from {address or 'a socket'})"


def connect(given: Mapping[str, Any], application: str) -> Any:
    """A psycopg2 connection in autocommit mode. Raises DatabaseError, also where a pooler stands between.

    given: address, port, name, user, password, parameters (of libpq); the input release_database.
    application: as which pg_stat_activity shows it.
    """
    driver = _driver()
    try:
        connection = driver.connect(
            **{"connect_timeout": _CONNECT_SECONDS, **given["parameters"]},
            host=given["address"],
            port=given["port"],
            dbname=given["name"],
            user=given["user"],
            password=given["password"],
            application_name=application,
        )
        connection.autocommit = True
        query(connection, f"SET statement_timeout = {_STATEMENT_MILLISECONDS}")
        said = query(connection, "SELECT pg_backend_pid()")[0][0]
    except driver.Error as error:
        raise DatabaseError(
            f"expected to reach {where(given)}, found: {' '.join(str(error).split())}. Correct release_database,"
            " or make the database reachable from this host"
        ) from None
    if said != connection.info.backend_pid:
        connection.close()
        raise DatabaseError(
            f"expected PostgreSQL itself at {given['address']}:{given['port']}, found a pooler: the server process is"
            f" {said}, and the connection was told {connection.info.backend_pid}. Behind a pooler a lock that belongs"
            " to a session protects nothing; give the address of the server in release_database"
        )
    return connection


def query(connection: Any, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of one statement; none for one that has no result. Raises DatabaseError."""
    driver = _driver()
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return list(cursor.fetchall()) if cursor.description else []
    except driver.Error as error:
        raise DatabaseError(f"expected the database to answer, found: {' '.join(str(error).split())}") from None


def quoted(name: str) -> str:
    """An identifier as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def beside(prefix: str, name: str) -> str:
    """The name of a database of ours that is made for another one, and is gone again."""
    return f"{prefix}{name}".encode()[:_LONGEST_NAME].decode(errors="ignore")


_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = %s AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND pg_has_role(usesysid, 'MEMBER')
"""


def drop(connection: Any, name: str) -> None:
    """Remove a database, whoever is connected to it, if it is there. Raises DatabaseError.

    Without FORCE, which is refused to a role that may not signal an autovacuum at work there (PostgreSQL 15,
    TerminateOtherDBBackends): sessions of our own role are ended one by one, and the server ends the autovacuum.
    """
    query(connection, _SESSIONS, [name])
    query(connection, f"DROP DATABASE IF EXISTS {quoted(name)}")


def copy(connection: Any, statement: str, stream: Any) -> None:
    """Run a COPY that writes into the stream, or reads from it. Raises DatabaseError."""
    driver = _driver()
    try:
        with connection.cursor() as cursor:
            cursor.copy_expert(statement, stream)
    except driver.Error as error:
        raise DatabaseError(f"expected the database to copy, found: {' '.join(str(error).split())}") from None


def answers(connection: Any) -> bool:
    """Whether the connection, if there is one, still leads to the server; what a session holds is gone with it."""
    if connection is None:
        return True
    try:
        return query(connection, "SELECT 1") == [(1,)]
    except DatabaseError:
        return False


OPTIONS: dict[str, Any] = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 5432},
    "name": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "password": {"type": "str", "default": "", "no_log": True},
    "parameters": {"type": "dict", "default": {}},
}
# Of every module that asks the database, and of those that name the application besides.
SPEC: dict[str, Any] = {"database": {"type": "dict", "required": True, "options": OPTIONS}}
LOOK_SPEC: dict[str, Any] = {"application": {"type": "str", "required": True}, **SPEC}
