# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values that a downgrade has removed, put back into a database that has their columns again.

Nothing that was written since is overwritten: a value goes only where there is none, a row only where its key is free.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import database, database_changes, database_loss
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query
from ansible_collections.bluegreen.release.plugins.module_utils.database_changes import Schema


@dataclass(frozen=True)
class Restored:
    """What came of a table. kept: rows of which something was written since; gone: rows that are not there any more."""

    table: str
    rows: int
    restored: int
    kept: int
    gone: int


def newest(directory: str) -> str:
    """The path of the youngest file in the folder. Raises DatabaseError."""
    try:
        names = sorted(name for name in os.listdir(directory) if database_loss.FILE.fullmatch(name))
    except OSError:
        names = []
    if not names:
        raise DatabaseError(f"expected values in {directory} that a downgrade has kept there, found none")
    return os.path.join(directory, names[-1])


def problems(tables: Iterable[Mapping[str, Any]], schema: Schema) -> list[str]:
    """Why nothing can be put back; empty when it can."""
    found = []
    for one in tables:
        missing = [column for column in one["copied"] if column not in schema.get(one["table"], {})]
        if one["table"] not in schema:
            found.append(f"table {one['table']} is not there")
        elif missing:
            found.append(f"{', '.join(missing)} of {one['table']} is not there")
        elif not one["key"]:
            found.append(
                f"{one['table']} has no primary key, so nobody knows which row is which: put {one['file']} back by hand"
            )
    return found


def put_back(connection: Any, path: str, check: bool) -> list[Restored]:
    """Put everything back, or nothing. check: undo it again. Raises DatabaseError and OSError."""
    manifest = database_loss.read(path, path)
    schema = database_changes.schema(connection)
    found = problems(manifest["tables"], schema)
    if found:
        raise DatabaseError(
            f"expected a database that can take back the values of {path}, found that {'; and that '.join(found)}."
            " Release a version whose migrations add them again first"
        )
    query(connection, "BEGIN")
    with zipfile.ZipFile(path) as known:
        restored = [_table(connection, known, one, schema) for one in in_order(manifest["tables"], _refers(connection))]
    query(connection, "ROLLBACK" if check else "COMMIT")
    return restored


_NAMES = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"


def _refers(connection: Any) -> dict[str, set[str]]:
    """Which tables each table refers to."""
    rows = query(
        connection,
        f"SELECT ({_NAMES} WHERE c.oid = f.conrelid), ({_NAMES} WHERE c.oid = f.confrelid)"
        " FROM pg_constraint f WHERE f.contype = 'f'",
    )
    found: dict[str, set[str]] = {}
    for table, other in rows:
        if table != other:
            found.setdefault(str(table), set()).add(str(other))
    return found


def in_order(tables: Sequence[Mapping[str, Any]], refers: Mapping[str, set[str]]) -> list[Mapping[str, Any]]:
    """Tables that others refer to first, then those others, then columns; a circle stays as it is written."""
    waiting = [one for one in tables if one["whole"]]
    ordered: list[Mapping[str, Any]] = []
    while waiting:
        names = {one["table"] for one in waiting}
        free = [one for one in waiting if not refers.get(one["table"], set()) & names] or waiting
        ordered += free
        waiting = [one for one in waiting if one not in free]
    return ordered + [one for one in tables if not one["whole"]]


def _table(connection: Any, known: zipfile.ZipFile, one: Mapping[str, Any], schema: Schema) -> Restored:
    columns = ", ".join(one["copied"])
    query(connection, f"CREATE TEMPORARY TABLE bluegreen_values AS SELECT {columns} FROM {one['table']} WITH NO DATA")
    with known.open(one["file"]) as stream:
        database.copy(connection, f"COPY bluegreen_values ({columns}) FROM STDIN (FORMAT csv)", stream)
    made = _rows(connection, one) if one["whole"] else _columns(connection, one, schema)
    query(connection, "DROP TABLE bluegreen_values")
    return made


def _rows(connection: Any, one: Mapping[str, Any]) -> Restored:
    columns = ", ".join(one["copied"])
    made = _count(
        connection,
        f"INSERT INTO {one['table']} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM bluegreen_values"
        " ON CONFLICT DO NOTHING RETURNING 1",
    )
    for column in one["copied"]:
        _count_on(connection, one["table"], column)
    return Restored(one["table"], one["rows"], made, one["rows"] - made, 0)


def _count_on(connection: Any, table: str, column: str) -> None:
    """Let the sequence of a column go on behind what is there now."""
    bare = query(connection, "SELECT (parse_ident(%s))[1]", [column])[0][0]
    sequence = query(connection, "SELECT pg_get_serial_sequence(%s, %s)", [table, bare])[0][0]
    if sequence:
        query(
            connection,
            f"SELECT setval(%s, top) FROM (SELECT max({column}) AS top FROM {table}) AS t, {sequence} AS s"
            " WHERE top > s.last_value",
            [sequence],
        )


def _columns(connection: Any, one: Mapping[str, Any], schema: Schema) -> Restored:
    table, same = one["table"], " AND ".join(f"t.{column} = v.{column}" for column in one["key"])
    said = {column: database_loss.told(column, schema[table][column]["default"]) for column in one["columns"]}
    other = {column: f"t.{column}::text IS DISTINCT FROM v.{column}::text" for column in one["columns"]}
    joined = f"{table} AS t JOIN bluegreen_values AS v ON {same}"
    here = int(query(connection, f"SELECT count(*) FROM {joined}")[0][0])
    kept = " OR ".join(f"({said[column]}) AND {other[column]}" for column in one["columns"])
    written = int(query(connection, f"SELECT count(*) FROM {joined} WHERE {kept}")[0][0])
    settings = ", ".join(
        f"{column} = CASE WHEN {said[column]} THEN t.{column} ELSE v.{column} END" for column in one["columns"]
    )
    wanted = " OR ".join(f"NOT ({said[column]}) AND {other[column]}" for column in one["columns"])
    made = _count(
        connection,
        f"UPDATE {table} AS t SET {settings} FROM bluegreen_values AS v WHERE {same} AND ({wanted}) RETURNING 1",
    )
    return Restored(table, one["rows"], made, written, one["rows"] - here)


def _count(connection: Any, statement: str) -> int:
    return int(query(connection, f"WITH done AS ({statement}) SELECT count(*) FROM done")[0][0])


def in_words(restored: Sequence[Restored], check: bool) -> list[str]:
    """What came of it, for people."""
    verb = "would be put back" if check else "put back"
    return [
        f"{one.table}: {one.restored:,} of {one.rows:,} rows {verb}"
        + (f", {one.kept:,} left as they were written since" if one.kept else "")
        + (f", {one.gone:,} not there any more" if one.gone else "")
        for one in restored
    ]
