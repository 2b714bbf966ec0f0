# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rows of a database, noted in one snapshot before a migration, and looked for in one after it.

What is noted is a file: of each row its key and one digest a column, made by PostgreSQL with a seed of the file, and no
value. Keys are in it as they are where they are numbers, times or UUIDs, so that a message can name a row.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any

from ansible_collections.bluegreen.release.plugins.module_utils import fence, proof_eval, record
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, copy, query, quoted
from ansible_collections.bluegreen.release.plugins.module_utils.proof_eval import (
    NULL,
    Comparison,
    Result,
    Table,
    Work,
    table_of,
)

FOLDER = "proof"
_SUFFIX = ".rows"
_END = b".\n"  # behind the rows of a table

# One spelling of every value, whatever the role or the database is set to. Row security is refused, not applied: it
# would hide rows.
_SETTINGS = """
SET search_path = pg_catalog; SET row_security = off; SET timezone = 'UTC';
SET intervalstyle = 'postgres'; SET extra_float_digits = 3; SET bytea_output = 'hex'; SET xmloption = content;
SET idle_in_transaction_session_timeout = 0
"""
# Tables of the application; partitions are looked at through their parent. Types of keys that a message may show:
# numbers, times, UUIDs.
_TABLES = """
WITH RECURSIVE part (root, oid) AS (
  SELECT oid, oid FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
  UNION SELECT part.root, i.inhrelid FROM pg_inherits i JOIN part ON part.oid = i.inhparent
        JOIN pg_class p ON p.oid = i.inhrelid AND p.relispartition)
SELECT c.oid::bigint, format('%I.%I', n.nspname, c.relname), c.relkind = 'p',
       (SELECT json_agg(p.relname ORDER BY p.oid <> c.oid, p.relname)
        FROM part JOIN pg_class p USING (oid) WHERE root = c.oid),
       (SELECT json_agg(json_build_object('number', a.attnum, 'name', a.attname,
                                          'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT json_agg(k.number ORDER BY k.place)
        FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
        WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts),
       NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                   WHERE i.indrelid = c.oid AND i.indisprimary AND a.atttypid <> ALL (ARRAY[
                     'int2', 'int4', 'int8', 'oid', 'numeric', 'bool', 'uuid', 'date', 'timestamp', 'timestamptz'
                   ]::regtype[])),
       (SELECT json_agg(pg_relation_filenode(oid)::bigint) FROM part
        WHERE root = c.oid AND pg_relation_filenode(oid) IS NOT NULL),
       has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 2
"""
# By which the rows of one table are removed or changed with those of another.
_FOLLOW = """
SELECT confrelid::bigint, conrelid::bigint FROM pg_constraint
WHERE contype = 'f' AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd'))
"""


@dataclass(frozen=True)
class Wanted:
    """What is noted.

    Attributes:
        tables: that the migration touches, without their schema; those that there are not are left out.
        more: tables to note besides; they have to be there.
        everything: whether all others are noted as well.
        books: tables in which tools keep their revisions; never noted.
        rows: how many rows of a table at most.
        seconds: how long that may take.
    """

    tables: tuple[str, ...]
    more: tuple[str, ...]
    everything: bool
    books: tuple[str, ...]
    rows: int
    seconds: float


@dataclass(frozen=True)
class Noted:
    """What was noted of a table. rows: how many it had. below: the hash of a key below which a row is in the sample."""

    table: Table
    rows: int
    below: int | None


def path_of(state_directory: str, release_id: str) -> str:
    """The file of a release. Raises RecordError for an id that is not one (it becomes a file name)."""
    if not record.RELEASE_ID.fullmatch(release_id):
        raise record.RecordError(f"expected a release_id like 20260131T235959Z-1.0.0-0a1b, found {release_id!r}.")
    return os.path.join(state_directory, FOLDER, release_id + _SUFFIX)


def remove(path: str) -> None:
    """Remove the file, and what runs that were killed have left beside it; the caller holds the fence."""
    folder = os.path.dirname(path)
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))


class _Clock:
    """Gives every statement what is left of the time of all."""

    def __init__(self, connection: Any, seconds: float) -> None:
        self._connection, self._seconds = connection, seconds
        self._deadline = time.monotonic() + seconds

    def go(self) -> None:
        """Let the next statement have the rest of it."""
        left = int((self._deadline - time.monotonic()) * 1000)
        query(self._connection, f"SET statement_timeout = {max(left, 1)}")

    def is_over(self) -> bool:
        return time.monotonic() >= self._deadline


@contextlib.contextmanager
def _snapshot(connection: Any, seconds: float) -> Iterator[_Clock]:
    """One view of all tables, and an end. Raises DatabaseError."""
    clock = _Clock(connection, seconds)
    try:
        query(connection, _SETTINGS)
        query(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        clock.go()
        yield clock
        query(connection, "COMMIT")
    except DatabaseError as error:
        if not clock.is_over():
            raise
        raise DatabaseError(
            f"{error}. The proof of rows has {seconds:g} s: raise migration_proof_seconds, or lower"
            " migration_proof_rows"
        ) from None


def note(connection: Any, wanted: Wanted, path: str) -> list[Noted]:
    """Write down the rows that are there. Raises DatabaseError and OSError, and then leaves no file."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    remove(path)
    with fence.replaced(path, 0o600) as stream:
        found = _noted(connection, wanted, stream)
    return found


def lines(found: Sequence[Noted]) -> list[str]:
    """What was noted, for people."""
    return [
        f"table {one.table.name}: {one.rows:,} rows"
        + ("" if one.table.key else ", counted only, for it has no primary key")
        + ("" if one.below is None else ", of which a sample is compared")
        for one in found
    ] or ["The migration touches no table that is there."]


def _noted(connection: Any, wanted: Wanted, stream: IO[bytes]) -> list[Noted]:
    seeds = (secrets.randbits(62), secrets.randbits(62))
    stream.write(json.dumps({"seeds": seeds}).encode() + b"\n")
    found = []
    with _snapshot(connection, wanted.seconds) as clock:
        for table in _wanted(connection, wanted):
            clock.go()
            rows = _count(connection, table)
            one = Noted(table, rows, _below(rows, wanted.rows))
            stream.write(json.dumps(asdict(one)).encode() + b"\n")
            if table.key:
                clock.go()
                copy(connection, _select(table, one, seeds, [column.name for column in table.values]), stream)
            stream.write(_END)
            found.append(one)
    return found


def _tables(connection: Any) -> tuple[list[Table], set[int]]:
    """The application's tables, and which of them the role may not read."""
    tables, closed = [], set()
    for oid, name, partitioned, names, columns, key, plain, files, may in query(connection, _TABLES):
        known = {
            "oid": int(oid), "name": name, "names": names, "partitioned": partitioned, "columns": columns or [],
            "key": key or [], "plain": plain, "files": files or [],
        }  # fmt: skip
        tables.append(table_of(known))
        closed |= set() if may else {int(oid)}
    return tables, closed


def _wanted(connection: Any, wanted: Wanted) -> list[Table]:
    tables, closed = _tables(connection)
    tables = [one for one in tables if one.names[0] not in wanted.books]
    missing = sorted(set(wanted.more) - {name for one in tables for name in one.names})
    if missing:
        raise DatabaseError(
            f"expected the tables of migration_proof_tables in the database, found no {', '.join(missing)}: correct"
            " the names"
        )
    named = {*wanted.tables, *wanted.more}
    if wanted.everything:
        named |= {one.names[0] for one in tables}
    found = proof_eval.chosen(tables, named, [(int(one), int(other)) for one, other in query(connection, _FOLLOW)])
    secret = [one.name for one in found if one.oid in closed]
    if secret:
        raise DatabaseError(
            f"expected a role that may read the tables whose rows are proved, found that it may not read"
            f" {', '.join(secret)}: GRANT SELECT ON {secret[0]}, and USAGE of its schema, to the role of"
            " release_database, or set migration_proof_rows to 0 to go without the proof"
        )
    return found


def _below(rows: int, most: int) -> int | None:
    """The hash below which about so many of the keys are; None where all rows are taken."""
    return None if rows <= most else int(2**64 * most / rows) - 2**63


def _from(table: Table) -> str:
    return f"{table.name} AS t" if table.partitioned else f"ONLY {table.name} AS t"


def _count(connection: Any, table: Table) -> int:
    return int(query(connection, f"SELECT count(*) FROM {_from(table)}")[0][0])


def _text(name: str) -> str:
    return f"t.{quoted(name)}::text"


def _hash(text: str, seed: int) -> str:
    """The hash of a text, in whatever collation its column has."""
    return f"encode(int8send(hashtextextended(({text}) COLLATE \"C\", {seed})), 'hex')"


def _select(table: Table, noted: Noted, seeds: Sequence[int], values: Sequence[str]) -> str:
    """The statement that writes of each row its key, the transaction that wrote it, and its digests.

    table: as it is now. values: names of the columns.
    """
    names = _key_names(noted.table, table)
    digests = ", ".join(f"coalesce({_hash(_text(name), seeds[0])}, '{NULL}')" for name in values)
    columns = f"{_key(names, noted.table.plain, seeds)}, t.xmin::text, array_to_string(ARRAY[{digests}]::text[], '')"
    sample = ""
    if noted.below is not None:
        sample = f' WHERE hashtextextended(({_spelled(names)}) COLLATE "C", {seeds[0]}) < {noted.below}'
    return f"COPY (SELECT {columns} FROM {_from(table)}{sample}) TO STDOUT"


def _spelled(names: Sequence[str]) -> str:
    """A key as JSON."""
    return f"json_build_array({', '.join(map(_text, names))})::text"


def _key(names: Sequence[str], plain: bool, seeds: Sequence[int]) -> str:
    """What stands for a key: itself, or its hash and the part of an md5 by which somebody can find the row."""
    if plain:
        return _spelled(names)
    row = ", ".join(f"t.{quoted(name)}" for name in names)
    text = f"({row})::text"
    return f"{_hash(_spelled(names), seeds[0])} || {_hash(_spelled(names), seeds[1])} || left(md5({text}), 8)"


def _key_names(before: Table, now: Table) -> list[str]:
    """What the columns of the key are called now; none when one of them is gone."""
    found = [proof_eval.renamed(column, now) for column in before.key_columns]
    return [one.name for one in found if one] if all(found) else []


class _Rows:
    """Takes the rows of a COPY as they come."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def write(self, line: bytes) -> None:
        """Take one row."""
        key, transaction, digests = line.rstrip(b"\n").split(b"\t")
        self._comparison.see(key, transaction, digests)


def prove(connection: Any, path: str, done: Work, seconds: float) -> list[Result]:
    """Look for the rows that were noted. Raises DatabaseError, and OSError where nothing can be read."""
    with open(path, "rb") as stream, _snapshot(connection, seconds) as clock:
        seeds = json.loads(stream.readline())["seeds"]
        tables, _ = _tables(connection)
        return [_proved(connection, one, rows, tables, seeds, done, clock) for one, rows in _read(stream)]


def _read(stream: IO[bytes]) -> Iterator[tuple[Noted, dict[bytes, bytes]]]:
    """What was noted, a table after the other. Raises DatabaseError for a file that was cut off."""
    while head := stream.readline():
        known: Mapping[str, Any] = json.loads(head)
        rows: dict[bytes, bytes] = {}
        while (line := stream.readline()) != _END:
            if not line:
                raise DatabaseError(f"expected the whole of what was noted before the migration in {stream.name}, found"
                                    " that it ends in the middle")  # fmt: skip
            key, _, digests = line.rstrip(b"\n").partition(b"\t")
            rows[key] = digests
        yield Noted(table_of(known["table"]), int(known["rows"]), known["below"]), rows


def _proved(
    connection: Any, noted: Noted, rows: dict[bytes, bytes], tables: Sequence[Table], seeds: Sequence[int],
    done: Work, clock: _Clock,
) -> Result:  # fmt: skip
    now = proof_eval.present(noted.table, tables)
    if now is None:
        return proof_eval.counted(noted.table, noted.rows, None, 0)
    clock.go()
    count = _count(connection, now)
    if not _key_names(noted.table, now):
        return proof_eval.counted(noted.table, noted.rows, now, count)
    wrote = proof_eval.writers(noted.table, now, done)
    columns = proof_eval.shared(noted.table, now)
    seen = Comparison(rows, columns, wrote)
    clock.go()
    copy(connection, _select(now, noted, seeds, [one.now for one in columns]), _Rows(seen))
    return proof_eval.compared(noted.table, noted.rows, now, count, seen, wrote)
