# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A dump of a database that is known to restore: made in one snapshot, restored into a scratch database, and compared.

A dump is a file of ``pg_dump``'s custom format with a manifest beside it, which is written last: a dump without one was
never finished, and does not count. The password goes to PostgreSQL's tools in a file that only they can read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import database, fence
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query

_CHUNK = 1024 * 1024
_MANIFEST = ".json"
_FILE = re.compile(r"[0-9]{8}T[0-9]{6}Z-(full|tables)\.dump")
_LAST = 600
_SCRATCH_MEGABYTES = 64


@dataclass(frozen=True)
class Table:
    """A table as it was in the snapshot. digest: of all its rows, whatever their order."""

    name: str
    rows: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What is known of a dump.

    Attributes:
        file: its name in the folder.
        kind: ``full``, or ``tables`` for some tables only.
        made_at: seconds since 1970 of the snapshot.
        bytes: size of the file.
        sha256: of the file.
        tables: those that were compared.
        verified: whether it was restored and found equal.
        seconds: how long the dump took; verify_seconds: how long restoring and comparing did.
        peak_bytes: disk that the scratch database took beside it.
        label: what it was made for.
    """

    file: str
    kind: str
    made_at: float
    bytes: int
    sha256: str
    tables: tuple[Table, ...]
    verified: bool
    seconds: float
    verify_seconds: float
    peak_bytes: int
    label: str


# Runs a tool of PostgreSQL with more variables of the environment. Raises DatabaseError when it fails.
Run = Callable[[Sequence[str], Mapping[str, str]], None]


@dataclass(frozen=True)
class Wanted:
    """What is dumped.

    tables: whose rows are dumped; empty for the whole database. compare: tables to compare; empty for all of these.
    """

    login: Mapping[str, Any]
    directory: str
    tables: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    label: str = ""
    verify: bool = True
    spare_megabytes: int = 256


def make(wanted: Wanted, run: Run | None = None) -> Manifest:
    """Dump, restore, compare; gives the manifest, which is written. Raises DatabaseError and OSError."""
    run = run or _tool
    os.makedirs(wanted.directory, mode=0o700, exist_ok=True)
    with contextlib.closing(database.connect(wanted.login, "bluegreen.release backup")) as connection:
        names = _existing(connection, wanted.tables)
        _require_space(connection, wanted, names)
        query(connection, "SET statement_timeout = 0")
        query(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = query(connection, "SELECT pg_export_snapshot()")[0][0]
        made_at = time.time()
        with _password_file(wanted.login) as environment:
            began = time.monotonic()
            others = _others(connection, names) if wanted.tables else []
            path, kind = _dump(wanted, others, snapshot, made_at, environment, run)
            seconds = time.monotonic() - began
            try:
                tables = _digests(connection, _compared(connection, wanted, names))
                query(connection, "COMMIT")
                began = time.monotonic()
                peak = _verified(connection, wanted, path, tables, environment, run) if wanted.verify else 0
                found = Manifest(
                    os.path.basename(path), kind, made_at, os.path.getsize(path), checksum(path), tuple(tables),
                    wanted.verify, round(seconds, 1), round(time.monotonic() - began, 1), peak, wanted.label,
                )  # fmt: skip
                text = json.dumps(asdict(found), indent=1).encode()
                fence.write_durably(path + _MANIFEST, text, 0o600)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(path)
                raise
    return found


def _existing(connection: Any, tables: Sequence[str]) -> tuple[str, ...]:
    """Those of the tables that there are: a migration also names what it is about to make."""
    rows = query(connection, "SELECT relname::text FROM pg_class WHERE relname = ANY (%s) AND relkind IN ('r', 'p')",
                 [list(tables)])  # fmt: skip
    return tuple(sorted({str(row[0]) for row in rows}))


def _others(connection: Any, names: Sequence[str]) -> list[str]:
    """The tables whose rows are left out; what they are made of is not, for other tables refer to it."""
    rows = query(
        connection,
        "SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'm') AND c.relname <> ALL (%s) AND n.nspname NOT LIKE 'pg\\_%%'"
        " AND n.nspname <> 'information_schema'",
        [list(names)],
    )
    return [str(row[0]) for row in rows]


def _require_space(connection: Any, wanted: Wanted, names: Sequence[str]) -> None:
    """The dump is taken to be no larger than what it is of. Raises DatabaseError."""
    size = query(
        connection,
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c WHERE relname = ANY (%s)"
        if wanted.tables else "SELECT pg_database_size(current_database())",
        [list(names)] if wanted.tables else [],
    )[0][0]  # fmt: skip
    needed, free = int(size) + wanted.spare_megabytes * 1024**2, shutil.disk_usage(wanted.directory).free
    if free < needed:
        raise DatabaseError(
            f"expected {needed / 1024**2:,.0f} MiB free in {wanted.directory} for the dump, found"
            f" {free / 1024**2:,.0f} MiB: make room there, or set backup_directory to a larger disk"
        )


@contextlib.contextmanager
def _password_file(login: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The environment with which PostgreSQL's tools find the password; the file is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bluegreen-backup-") as folder:
        path = os.path.join(folder, "pgpass")
        escaped = str(login["password"]).replace("\\", "\\\\").replace(":", "\\:")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(f"*:*:*:*:{escaped}\n")
        known = {"PGPASSFILE": path, "PGHOST": str(login["address"]), "PGPORT": str(login["port"])}
        more = {f"PG{name.upper()}": str(value) for name, value in (login.get("parameters") or {}).items()}
        yield {**known, "PGUSER": str(login["user"]), "PGAPPNAME": "pg_dump", **more}


def _tool(command: Sequence[str], environment: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            list(command), env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise DatabaseError(
            f"expected {command[0]} on this host, found none: install PostgreSQL's client (Debian: postgresql-client),"
            " of the server's version or newer, or set backup_host to a host that has it"
        ) from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-_LAST:]
        raise DatabaseError(f"expected {command[0]} to succeed, found exit code {done.returncode}: {said}")


def _dump(
    wanted: Wanted, others: Sequence[str], snapshot: str, made_at: float, environment: Mapping[str, str], run: Run
) -> tuple[str, str]:
    """The finished file and its kind. others: tables whose rows are left out."""
    kind = "tables" if wanted.tables else "full"
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(made_at))
    path = os.path.join(wanted.directory, f"{stamp}-{kind}.dump")
    part = f"{path}.part"
    without = [f"--exclude-table-data={name}" for name in others]
    command = [
        "pg_dump",
        "--format=custom",
        f"--snapshot={snapshot}",
        "--no-owner",
        "--no-privileges",
        f"--file={part}",
    ]
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        run([*command, *without, "--dbname", str(wanted.login["name"])], environment)
        with open(part, "rb") as stream:
            os.fsync(stream.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
    return path, kind


def _compared(connection: Any, wanted: Wanted, names: Sequence[str]) -> list[str]:
    """The tables whose rows are compared: those that were named, as far as they are in the dump."""
    if wanted.compare:
        there = _existing(connection, wanted.compare)
        return [name for name in there if not wanted.tables or name in names]
    if wanted.tables:
        return list(names)
    rows = query(
        connection,
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 1",
    )
    return [str(row[0]) for row in rows]


def _digests(connection: Any, names: Sequence[str]) -> list[Table]:
    """Number of rows, and one digest over all of them that does not depend on their order."""
    found = []
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"'
        rows, digest = query(
            connection,
            "SELECT count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0)"
            f" FROM {quoted} AS t",
        )[0]
        found.append(Table(name, int(rows), str(digest)))
    return found


def _verified(
    connection: Any, wanted: Wanted, path: str, tables: Sequence[Table], environment: Mapping[str, str], run: Run
) -> int:  # fmt: skip
    """Restore into a database of its own and compare; gives the bytes that it took. Raises DatabaseError."""
    name = f"bluegreen_verify_{os.getpid()}_{int(time.time())}"
    try:
        query(connection, f'CREATE DATABASE "{name}" TEMPLATE template0')
    except DatabaseError as error:
        raise DatabaseError(
            f"{error}. To prove that a dump restores, the role of release_database needs CREATEDB (ALTER ROLE"
            f" {wanted.login['user']} CREATEDB), or set backup_verify to false and say why in backup_reason"
        ) from None
    try:
        restore = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--dbname", name]
        # The rows that foreign keys refer to may not be there.
        restore += ["--section=pre-data", "--section=data"] if wanted.tables else []
        run([*restore, path], environment)
        login = {**wanted.login, "name": name}
        with contextlib.closing(database.connect(login, "bluegreen.release backup")) as scratch:
            query(scratch, "SET statement_timeout = 0")
            restored = _digests(scratch, [table.name for table in tables])
            peak = int(query(scratch, "SELECT pg_database_size(current_database())")[0][0])
    finally:
        query(connection, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    different = [
        f"{before.name}: {before.rows} rows dumped, {after.rows} restored"
        + ("" if before.rows != after.rows else ", with other content")
        for before, after in zip(tables, restored, strict=True)
        if before != after
    ]
    if different:
        raise DatabaseError(
            f"expected the restored dump to hold what was dumped, found {'; '.join(different)}. The dump was removed;"
            " look at the server's log and its disk"
        )
    return peak


def checksum(path: str) -> str:
    """The sha256 of a file. Raises OSError."""
    total = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def manifests(directory: str) -> list[dict[str, Any]]:
    """Every finished dump in the folder, newest first; ``problem`` says what is wrong with one."""
    try:
        names = [name for name in os.listdir(directory) if _FILE.fullmatch(name)]
    except FileNotFoundError:
        return []
    return [_manifest(directory, name) for name in sorted(names, reverse=True)]


def _manifest(directory: str, name: str) -> dict[str, Any]:
    path = os.path.join(directory, name)
    try:
        with open(path + _MANIFEST) as stream:
            known: dict[str, Any] = json.load(stream)
        if os.path.getsize(path) != known["bytes"]:
            problem = f"expected {known['bytes']} bytes, found {os.path.getsize(path)}: it is truncated or was changed"
        elif checksum(path) != known["sha256"]:
            problem = f"expected sha256 {known['sha256']}, found another: it was changed"
        else:
            problem = "" if known["verified"] else "it was never restored to prove it"
        return {**known, "problem": problem}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {"file": name, "problem": f"its manifest cannot be read: {error}"}


def prune(directory: str, keep_seconds: float, now: float) -> list[str]:
    """Remove dumps older than that, never the newest good one of each kind; gives their names."""
    newest: dict[str, str] = {}
    for known in manifests(directory):
        if not known["problem"]:
            newest.setdefault(known["kind"], known["file"])
    removed = []
    for name in sorted(filter(_FILE.fullmatch, os.listdir(directory))):
        path = os.path.join(directory, name)
        if os.path.getmtime(path) < now - keep_seconds and name not in newest.values():
            for one in (path + _MANIFEST, path):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(one)
            removed.append(name)
    return removed
