# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What taking a migration back would lose: counted, and kept in a file from which it can be put back.

A row counts when its version is newer than the migration and one of the added columns holds something else than its
default, or one that the migration has written or given another type holds anything; of a table that the migration
added, every row that is newer. That is never too few where a downgrade writes only where the migration has. It is too
many where a row that the migration itself has filled was changed in another column since.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from ansible_collections.bluegreen.release.plugins.module_utils import database, database_changes, fence
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query
from ansible_collections.bluegreen.release.plugins.module_utils.database_changes import Changes, ColumnName, Schema
from ansible_collections.bluegreen.release.plugins.module_utils.downgrade_plan import Lost

MANIFEST = "manifest.json"
FILE = re.compile(r"[0-9]{8}T[0-9]{6}Z-values\.zip")
_UNFINISHED = re.compile(rf"\.{FILE.pattern}\.[0-9]+\.tmp")
# Numbers of transactions are compared in a ring of 32 bits, of which half lies behind.
_RING, _HALF = 2**32, 2**31
# A default that is the same for every row; one that calls a function is not.
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_CONSTANT = re.compile(r"(?!CURRENT_|LOCALTIME|SESSION_USER|USER\b)[^()]+", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """What of one table is lost.

    Attributes:
        whole: whether the table itself goes.
        key: its primary key; empty for none.
        columns: that go.
        copied: columns that are written down, the key first. Without a key all, for people to find the rows by.
        where: the rows, in SQL.
    """

    table: str
    whole: bool
    key: tuple[str, ...]
    columns: tuple[str, ...]
    copied: tuple[str, ...]
    where: str


_KEYS = """
SELECT format('%I.%I', n.nspname, c.relname), quote_ident(a.attname)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place) ON true
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
WHERE i.indisprimary AND c.relkind = 'r'
ORDER BY 1, k.place
"""


def keys(connection: Any) -> dict[str, tuple[str, ...]]:
    """The primary key of each table that has one. Raises DatabaseError."""
    found: dict[str, list[str]] = {}
    for table, column in query(connection, _KEYS):
        found.setdefault(str(table), []).append(str(column))
    return {table: tuple(columns) for table, columns in found.items()}


def parts(schema: Schema, known: Mapping[str, tuple[str, ...]], changes: Changes, next_one: int) -> list[Part]:
    """What to look for, by table; only of what is there. next_one: number of the next transaction."""
    newer = _newer(int(changes["since"]), next_one)
    found = [
        Part(table, True, known.get(table, ()), tuple(schema[table]), tuple(schema[table]), newer)
        for table in changes["tables"]
        if table in schema
    ]
    for table in dict.fromkeys(one["table"] for one in [*changes["columns"], *changes["altered"]]):
        added = _of(changes["columns"], table, schema)
        altered = _of(changes["altered"], table, schema)
        if not added and not altered:
            continue
        said = [told(column, schema[table][column]["default"]) for column in added]
        said += [f"t.{column} IS NOT NULL" for column in altered]
        where, key, columns = f"{newer} AND ({' OR '.join(said)})", known.get(table, ()), (*added, *altered)
        copied = (*key, *(one for one in columns if one not in key)) if key else tuple(schema[table])
        found.append(Part(table, False, key, columns, copied, where))
    return found


def _of(named: Sequence[ColumnName], table: str, schema: Schema) -> tuple[str, ...]:
    """The columns of a table that are there; what a record says is never put into SQL otherwise."""
    return tuple(one["column"] for one in named if one["table"] == table and one["column"] in schema.get(table, {}))


def _newer(since: int, next_one: int) -> str:
    if not 0 <= next_one - since < _HALF:
        return "true"  # so many transactions ago that the numbers say nothing any more
    return f"age(t.xmin) <= age('{since % _RING}'::xid)"


def told(column: str, default: str) -> str:
    """Whether somebody has said something in a column. As text, for not every type can be compared."""
    if _CONSTANT.fullmatch(_LITERAL.sub("''", default)):
        return f"t.{column}::text IS DISTINCT FROM ({default})::text"
    return f"t.{column} IS NOT NULL"


@contextlib.contextmanager
def snapshot(login: Mapping[str, Any], name: str) -> Iterator[Any]:
    """A connection that sees one state of the database and changes nothing. Raises DatabaseError."""
    with contextlib.closing(database.connect(login, name)) as connection:
        query(connection, "SET statement_timeout = 0")
        query(connection, "SET idle_in_transaction_session_timeout = 0")
        query(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


def look(connection: Any, changes: Changes) -> list[tuple[Part, int]]:
    """What is lost, with the number of rows; nothing of which no row is. Raises DatabaseError."""
    wanted = parts(
        database_changes.schema(connection), keys(connection), changes, database_changes.next_transaction(connection)
    )
    counted = [
        (part, int(query(connection, f"SELECT count(*) FROM {part.table} AS t WHERE {part.where}")[0][0]))
        for part in wanted
    ]
    return [(part, rows) for part, rows in counted if rows]


def lost(found: Sequence[tuple[Part, int]]) -> list[Lost]:
    """The same for the decision."""
    return [Lost(part.table, () if part.whole else part.columns, rows) for part, rows in found]


def keep(
    connection: Any, found: Sequence[tuple[Part, int]], directory: str, about: Mapping[str, Any], now: float
) -> str:
    """Write what is lost into a new file of the folder; gives its name. Raises DatabaseError and OSError.

    In the snapshot in which it was counted. The file is read again and counted before it has its name.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    for left in os.listdir(directory):
        if _UNFINISHED.fullmatch(left):  # of a run that was killed
            os.unlink(os.path.join(directory, left))
    name = time.strftime("%Y%m%dT%H%M%SZ-values.zip", time.gmtime(now))
    path = os.path.join(directory, name)
    tables = [
        {
            "table": part.table, "whole": part.whole, "key": list(part.key), "columns": list(part.columns),
            "copied": list(part.copied), "rows": rows, "file": f"{number}.csv",
        }
        for number, (part, rows) in enumerate(found, 1)
    ]  # fmt: skip
    with fence.replaced(path, 0o600) as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
            for (part, _), table in zip(found, tables, strict=True):
                with made.open(str(table["file"]), "w", force_zip64=True) as rows_of:
                    _copy(connection, part, rows_of)
            made.writestr(MANIFEST, json.dumps({**about, "tables": tables}, indent=1))
        read(stream, path)
    return name


def _copy(connection: Any, part: Part, stream: Any) -> None:
    columns = ", ".join(f"t.{column}" for column in part.copied)
    statement = f"COPY (SELECT {columns} FROM {part.table} AS t WHERE {part.where}) TO STDOUT (FORMAT csv)"
    database.copy(connection, statement, stream)


def read(source: str | IO[bytes], path: str) -> dict[str, Any]:
    """The manifest of a file that is whole. source: the file, or its path. Raises DatabaseError and OSError."""
    csv.field_size_limit(sys.maxsize)
    try:
        with zipfile.ZipFile(source) as known:
            broken = known.testzip()
            manifest: dict[str, Any] = json.loads(known.read(MANIFEST))
            for table in manifest["tables"]:
                with known.open(table["file"]) as stream:
                    rows = sum(1 for _ in csv.reader(io.TextIOWrapper(stream, "utf-8", newline="")))
                broken = broken or (table["file"] if rows != table["rows"] else None)
    except (zipfile.BadZipFile, KeyError, ValueError, csv.Error, zlib.error) as error:
        raise DatabaseError(f"expected values in {path}, found none that can be read ({error})") from None
    if broken:
        raise DatabaseError(f"expected {path} to be whole, found {broken} in it damaged or too short")
    return manifest
