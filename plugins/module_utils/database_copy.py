# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A copy of a database on the same server, on which revisions are seen running before they may run on the database.

The comment of the copy, its mark, says for whom it was made and until when it is of use: nobody takes another's for his
own, and what a run that was killed has left is removed by the next that makes one, or by the next backup.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import database
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query, quoted
from ansible_collections.bluegreen.release.plugins.module_utils.database_lock import alone
from ansible_collections.bluegreen.release.plugins.module_utils.database_programs import failed, missing, password_file

_PREFIX = "bluegreen_lint_"
_MARK = re.compile(r"bluegreen\.release (?P<label>.*), of use until (?P<until>[0-9]+)")
_DETAIL = re.compile(r"(?:DETAIL|CONTEXT|HINT):|\s|Command was:")
_WAIT_SECONDS = 60
_POLL_SECONDS = 0.2
_END_SECONDS = 10


@dataclass(frozen=True)
class Wanted:
    """The copy that is asked for.

    Attributes:
        login: the database, and the role that copies it.
        label: for whom it is made.
        owner: the role that its tables are to belong to; empty for that of the login.
        seconds: for how long copying may take.
        most_megabytes: how large the database may be.
        spare_megabytes: free space that has to remain on the server's disk, where that can be seen.
    """

    login: Mapping[str, Any]
    label: str
    owner: str = ""
    seconds: float = 600
    most_megabytes: int = 4096
    spare_megabytes: int = 256

    @property
    def name(self) -> str:
        """Of the copy."""
        return name_of(str(self.login["name"]))

    @property
    def tables_owner(self) -> str:
        """The role that its tables belong to."""
        return self.owner or str(self.login["user"])


@dataclass(frozen=True)
class Copy:
    """A copy. bytes: size of what was copied."""

    name: str
    mark: str
    bytes: int
    seconds: float


def name_of(database_name: str) -> str:
    """The name of the copy of a database."""
    return database.beside(_PREFIX, database_name)


def make(wanted: Wanted) -> Copy:
    """Make a copy, in the place of one that is there. Raises DatabaseError and OSError; no part of it stays then."""
    began = time.monotonic()
    with _alone(wanted.login, wanted.seconds) as connection, password_file(wanted.login) as environment:
        database.drop(connection, wanted.name)
        size = _require_room(connection, wanted)
        _require_nothing_beyond(connection)
        # Of use for as long as copying and a run on it may take.
        mark = f"bluegreen.release {wanted.label}, of use until {int(time.time() + 2 * wanted.seconds + _WAIT_SECONDS)}"
        try:
            _create(connection, wanted, mark)
            _fill(wanted, environment, began + wanted.seconds)
        except BaseException:
            database.drop(connection, wanted.name)
            raise
    return Copy(wanted.name, mark, size, round(time.monotonic() - began, 1))


def remove(login: Mapping[str, Any], label: str) -> bool:
    """Remove the copy that was made for that label; whether there was one. Raises DatabaseError."""
    name = name_of(str(login["name"]))
    with _alone(login, _WAIT_SECONDS) as connection:
        mine = _marked(connection, name)
        if mine is None or mine["label"] != label:
            return False
        database.drop(connection, name)
    return True


def sweep(login: Mapping[str, Any]) -> None:
    """Remove a copy that is of no use to anybody any more; one that cannot be removed now is left to the next."""
    name = name_of(str(login["name"]))
    with contextlib.suppress(DatabaseError), _alone(login, 0) as connection:
        found = _marked(connection, name)
        # One without a mark is of a run that was killed: who makes one holds the lock until it has its mark.
        if found is None or int(found["until"]) < time.time():
            database.drop(connection, name)


def _work(login: Mapping[str, Any]) -> str:
    return f"copy of {login['name']}"


def _connected(login: Mapping[str, Any]) -> Any:
    connection = database.connect(login, f"bluegreen.release {_work(login)}")
    query(connection, "SET statement_timeout = 0")
    return connection


@contextlib.contextmanager
def _alone(login: Mapping[str, Any], seconds: float) -> Iterator[Any]:
    """A connection that holds the lock of all that is done to the copy. Raises DatabaseError."""
    with contextlib.closing(_connected(login)) as connection, alone(connection, _work(login), seconds):
        yield connection


def _marked(connection: Any, name: str) -> dict[str, str] | None:
    """What the mark of a copy says; None where there is no copy, or no mark."""
    rows = query(connection, "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name])
    found = _MARK.fullmatch(str(rows[0][0])) if rows else None
    return found.groupdict() if found else None


def _require_room(connection: Any, wanted: Wanted) -> int:
    """The size of the database. Raises DatabaseError where it is too large, for us or for the server's disk."""
    size = int(query(connection, "SELECT pg_database_size(current_database())")[0][0])
    found = f"{size / 1024**2:,.0f} MiB"
    if size > wanted.most_megabytes * 1024**2:
        raise DatabaseError(
            f"expected a database of at most {wanted.most_megabytes:,} MiB to copy, found {found}: raise"
            " migration_copy_megabytes, if the server has the room and the release has the time"
        )
    # The copy goes through the server's log as well.
    needed, free = 2 * size + wanted.spare_megabytes * 1024**2, _free(connection)
    if free is not None and free < needed:
        raise DatabaseError(
            f"expected {needed / 1024**2:,.0f} MiB free on the disk of the server for the copy and its log, found"
            f" {free / 1024**2:,.0f} MiB: make room there"
        )
    return size


_PLACE = """
SELECT host(inet_server_addr()), (SELECT setting FROM pg_settings WHERE name = 'data_directory')
"""


def _free(connection: Any) -> int | None:
    """The free bytes of the server's disk; None where the server is not on this host, or does not say its place."""
    address, directory = query(connection, _PLACE)[0]
    if not directory or (address and not _is_ours(address)):
        return None
    with contextlib.suppress(OSError):
        return shutil.disk_usage(directory).free
    return None


def _is_ours(address: str) -> bool:
    """Whether an address is one of this host."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as one:
        one.bind((address, 0))
        return True
    return False


_BEYOND = """
SELECT 'foreign server ' || srvname FROM pg_foreign_server
UNION ALL SELECT 'extension ' || extname FROM pg_extension WHERE extname IN ('dblink', 'pg_cron') ORDER BY 1
"""


def _require_nothing_beyond(connection: Any) -> None:
    """Raises DatabaseError for a database whose statements may write elsewhere: what they do would not stay on it."""
    found = [str(row[0]) for row in query(connection, _BEYOND)]
    if found:
        raise DatabaseError(
            f"expected a database from which no other can be written to, found {', '.join(found)}: what runs on a copy"
            " of it would not stay there"
        )


def _create(connection: Any, wanted: Wanted, mark: str) -> None:
    name, owner = map(quoted, (wanted.name, wanted.tables_owner))
    try:
        query(connection, f"CREATE DATABASE {name} TEMPLATE template0 OWNER {owner}")
    except DatabaseError as error:
        user = wanted.login["user"]
        grant = "" if wanted.tables_owner == user else f", and GRANT {wanted.tables_owner} TO {user}"
        raise DatabaseError(
            f"{error}. To copy the database for the role of the migration tool, that of release_database needs CREATEDB"
            f" (ALTER ROLE {user} CREATEDB{grant})"
        ) from None
    query(connection, f"COMMENT ON DATABASE {name} IS %s", [mark])
    # It holds what users have written, and is for nobody but its owner.
    query(connection, f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")


def _fill(wanted: Wanted, environment: Mapping[str, str], deadline: float) -> None:
    """Bring in definitions and rows, all of one moment, and what the planner knows of them. Raises DatabaseError."""
    plain = ["--no-owner", "--no-privileges"]
    role = [] if wanted.tables_owner == wanted.login["user"] else [f"--role={wanted.tables_owner}"]
    dump = ["pg_dump", "--format=custom", "--no-subscriptions", *plain, "--dbname", str(wanted.login["name"])]
    restore = ["pg_restore", "--exit-on-error", *plain, *role, "--dbname", wanted.name]
    _piped(dump, restore, {**os.environ, **environment}, deadline)
    with contextlib.closing(_connected({**wanted.login, "name": wanted.name})) as there:
        if role:
            query(there, f"SET ROLE {quoted(wanted.tables_owner)}")
        query(there, "ANALYZE")


def _piped(source: Sequence[str], sink: Sequence[str], environment: Mapping[str, str], deadline: float) -> None:
    """Run two of PostgreSQL's programs, the output of one into the other, until both end. Raises DatabaseError."""
    with tempfile.TemporaryFile() as first, tempfile.TemporaryFile() as second:
        running: list[tuple[str, subprocess.Popen[bytes], Any]] = []
        try:
            writer = _started(source, environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=first)
            running.append((source[0], writer, first))
            reader = _started(sink, environment, stdin=writer.stdout, stdout=subprocess.DEVNULL, stderr=second)
            running.append((sink[0], reader, second))
            if writer.stdout:
                writer.stdout.close()  # so that it ends when the reader does
            _wait([process for _, process, _ in running], deadline)
        finally:
            for _, process, _ in running:
                _end(process)
        # The second says more when the first was cut off by it.
        for name, process, said in reversed(running):
            _require_success(name, process.returncode, said)


def _started(command: Sequence[str], environment: Mapping[str, str], **streams: Any) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(list(command), env=dict(environment), **streams)
    except FileNotFoundError:
        raise missing(command[0]) from None


def _wait(processes: Sequence[subprocess.Popen[bytes]], deadline: float) -> None:
    while any(process.poll() is None for process in processes):
        if time.monotonic() >= deadline:
            raise DatabaseError(
                "expected the copy to be made within migration_timeout_seconds, found that it was not: raise it, or"
                " lower migration_copy_megabytes"
            )
        time.sleep(_POLL_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        process.kill()
        process.wait()


def _require_success(name: str, code: int, said: Any) -> None:
    if code:
        said.seek(0)
        # Its details hold what users have written.
        lines = said.read().decode(errors="replace").splitlines()
        raise failed(name, code, " ".join(line for line in lines if not _DETAIL.match(line)))
