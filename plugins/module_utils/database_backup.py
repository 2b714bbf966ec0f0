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
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import database, fence
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query
from ansible_collections.bluegreen.release.plugins.module_utils.database_lock import alone
from ansible_collections.bluegreen.release.plugins.module_utils.database_programs import password_file, run

_CHUNK = 1024 * 1024
_MANIFEST = ".json"
_PART = ".part"
_FILE = re.compile(r"[0-9]{8}T[0-9]{6}Z-(full|tables)\.dump")
_WAIT_SECONDS = 600
_SCRATCH = "bluegreen_verify_"


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


def make(wanted: Wanted) -> Manifest:
    """Dump, restore, compare; gives the manifest, which is written. Raises DatabaseError and OSError.

    One at a time of a database, so that whatever a run that was killed has left is nobody's, and is removed first.
    """
    work = f"backup of {wanted.login['name']}"
    os.makedirs(wanted.directory, mode=0o700, exist_ok=True)
    with contextlib.closing(database.connect(wanted.login, f"bluegreen.release {work}")) as connection:
        query(connection, "SET statement_timeout = 0")
        query(connection, "SET idle_in_transaction_session_timeout = 0")
        with alone(connection, work, _WAIT_SECONDS), password_file(wanted.login) as environment:
            database.drop(connection, _scratch(wanted))
            _remove_unfinished(wanted.directory)
            return _made(connection, wanted, environment)


def _made(connection: Any, wanted: Wanted, environment: Mapping[str, str]) -> Manifest:
    dumped, compared = _chosen(connection, wanted)
    _require_space(connection, wanted, dumped)
    query(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    snapshot = query(connection, "SELECT pg_export_snapshot()")[0][0]
    made_at, began = time.time(), time.monotonic()
    path, kind = _dump(wanted, _others(connection, dumped), snapshot, made_at, environment)
    seconds = time.monotonic() - began
    try:
        tables = _digests(connection, compared)
        query(connection, "COMMIT")
        began = time.monotonic()
        peak = _verified(connection, wanted, path, tables, environment) if wanted.verify else 0
        found = Manifest(
            os.path.basename(path), kind, made_at, os.path.getsize(path), checksum(path), tuple(tables), wanted.verify,
            round(seconds, 1), round(time.monotonic() - began, 1), peak, wanted.label,
        )  # fmt: skip
        fence.write_durably(path + _MANIFEST, json.dumps(asdict(found), indent=1).encode(), 0o600)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    return found


# Tables of the application, partitions too, as SQL names them; their bare names.
_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname), c.relname::text, c.relkind = 'm'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1
"""


def _chosen(connection: Any, wanted: Wanted) -> tuple[list[str], list[str]]:
    """The tables whose rows are dumped, and those that are compared. Raises DatabaseError for one that there is not."""
    rows = query(connection, _TABLES)
    # A migration also names what it is about to make.
    dumped = [str(name) for name, bare, _ in rows if not wanted.tables or bare in wanted.tables]
    missing = sorted(set(wanted.compare) - {str(bare) for _, bare, _ in rows})
    if missing:
        raise DatabaseError(
            f"expected the tables of backup_tables in {wanted.login['name']}, found no {', '.join(missing)}: correct"
            " the names"
        )
    compared = [
        str(name)
        for name, bare, derived in rows
        if str(name) in dumped and not derived and (not wanted.compare or bare in wanted.compare)
    ]
    return dumped, compared


def _others(connection: Any, dumped: Sequence[str]) -> list[str]:
    """The tables whose rows are left out; what they are made of is not, for other tables refer to it."""
    return [str(name) for name, _, _ in query(connection, _TABLES) if str(name) not in dumped]


def _remove_unfinished(directory: str) -> None:
    """Remove what runs that were killed have left: parts, and dumps without a manifest."""
    for name in os.listdir(directory):
        unfinished = _FILE.fullmatch(name) and not os.path.exists(os.path.join(directory, name + _MANIFEST))
        if unfinished or (_FILE.fullmatch(name.removesuffix(_PART)) and name.endswith(_PART)):
            os.unlink(os.path.join(directory, name))


def _scratch(wanted: Wanted) -> str:
    """The name of the database in which dumps of this one are proved."""
    return database.beside(_SCRATCH, str(wanted.login["name"]))


def size(connection: Any, names: Sequence[str] | None = None) -> int:
    """Bytes of these tables and their indexes, or of all of the application. Raises DatabaseError."""
    wanted = [str(name) for name, _, _ in query(connection, _TABLES)] if names is None else list(names)
    sizes = query(connection, "SELECT pg_total_relation_size(name::regclass) FROM unnest(%s::text[]) AS name", [wanted])
    return sum(int(one) for (one,) in sizes)


def _require_space(connection: Any, wanted: Wanted, dumped: Sequence[str]) -> None:
    """The dump is taken to be no larger than the tables that it is of. Raises DatabaseError."""
    needed = size(connection, dumped) + wanted.spare_megabytes * 1024**2
    free = shutil.disk_usage(wanted.directory).free
    if free < needed:
        raise DatabaseError(
            f"expected {needed / 1024**2:,.0f} MiB free in {wanted.directory} for the dump, found"
            f" {free / 1024**2:,.0f} MiB: make room there, or set backup_directory to a larger disk"
        )


def _dump(
    wanted: Wanted, others: Sequence[str], snapshot: str, made_at: float, environment: Mapping[str, str]
) -> tuple[str, str]:
    """The finished file and its kind. others: tables whose rows are left out."""
    kind = "tables" if wanted.tables else "full"
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(made_at))
    path = os.path.join(wanted.directory, f"{stamp}-{kind}.dump")
    part = path + _PART
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


def _digests(connection: Any, names: Sequence[str]) -> list[Table]:
    """Number of rows, and one digest over all of them that does not depend on their order."""
    found = []
    for name in names:
        rows, digest = query(
            connection,
            "SELECT count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0)"
            f" FROM {name} AS t",
        )[0]
        found.append(Table(name, int(rows), str(digest)))
    return found


def _verified(
    connection: Any, wanted: Wanted, path: str, tables: Sequence[Table], environment: Mapping[str, str]
) -> int:
    """Restore into a database of its own and compare; gives the bytes that it took. Raises DatabaseError."""
    scratch = _scratch(wanted)
    try:
        query(connection, f"CREATE DATABASE {database.quoted(scratch)} TEMPLATE template0")
    except DatabaseError as error:
        raise DatabaseError(
            f"{error}. To prove that a dump restores, the role of release_database needs CREATEDB (ALTER ROLE"
            f" {wanted.login['user']} CREATEDB); backup_verify set to false goes without the proof"
        ) from None
    try:
        # The rows that foreign keys refer to may not be there.
        sections = ["--section=pre-data", "--section=data"] if wanted.tables else []
        restore = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", *sections]
        run([*restore, "--dbname", scratch, path], environment)
        with contextlib.closing(
            database.connect({**wanted.login, "name": scratch}, "bluegreen.release proof")
        ) as there:
            query(there, "SET statement_timeout = 0")
            restored = _digests(there, [table.name for table in tables])
            peak = int(query(there, "SELECT pg_database_size(current_database())")[0][0])
    finally:
        database.drop(connection, _scratch(wanted))
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


def manifests(directory: str, checked: bool = True) -> list[dict[str, Any]]:
    """Every finished dump in the folder, newest first; ``problem`` says what is wrong with one.

    checked: whether the files are read, to compare their checksums. Raises OSError.
    """
    try:
        names = [name for name in os.listdir(directory) if _FILE.fullmatch(name)]
    except FileNotFoundError:
        return []
    return [_manifest(directory, name, checked) for name in sorted(names, reverse=True)]


def _manifest(directory: str, name: str, checked: bool) -> dict[str, Any]:
    path = os.path.join(directory, name)
    try:
        with open(path + _MANIFEST) as stream:
            known: dict[str, Any] = json.load(stream)
        if os.path.getsize(path) != known["bytes"]:
            problem = f"expected {known['bytes']} bytes, found {os.path.getsize(path)}: it is truncated or was changed"
        elif checked and checksum(path) != known["sha256"]:
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
