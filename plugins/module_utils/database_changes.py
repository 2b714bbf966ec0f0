# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a migration has added to a database: what taking it back would remove, with all that was written there since."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from ansible_collections.bluegreen.release.plugins.module_utils.database import query


class Column(TypedDict):
    """A column. type: with the labels of an enum; default: as SQL, empty for none."""

    type: str
    default: str


# By the table's name, then by the column's, both as SQL writes them.
Schema = Mapping[str, Mapping[str, Column]]


class ColumnName(TypedDict):
    """A column that is there now and was not, or not so."""

    table: str
    column: str


class Changes(TypedDict):
    """What a migration has changed, of what holds rows.

    Attributes:
        since: the next transaction's number at its end. A row version of an older one holds what the migration put
            there, or code that did not know of it.
        tables: that it added.
        columns: that it added to tables that were there.
        altered: columns that were there, whose type it changed or whose values it wrote.
        dropped: tables and columns that are there no more, by their names. A downgrade brings them back empty.
    """

    since: int
    tables: list[str]
    columns: list[ColumnName]
    altered: list[ColumnName]
    dropped: list[str]


# A generated column holds nothing of its own.
_COLUMNS = """
SELECT format('%I.%I', n.nspname, c.relname), quote_ident(a.attname),
       format_type(a.atttypid, a.atttypmod) || coalesce(
         (SELECT ' (' || string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) || ')' FROM pg_enum e
          WHERE e.enumtypid = a.atttypid), ''),
       coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1, a.attnum
"""
_LAST = re.compile(r'(?:"(?:[^"]|"")*"|[^".]+)$')
_NEXT = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"


def schema(connection: Any) -> dict[str, dict[str, Column]]:
    """All tables that hold rows of the application, partitions too. Raises DatabaseError."""
    found: dict[str, dict[str, Column]] = {}
    for table, column, kind, default in query(connection, _COLUMNS):
        found.setdefault(str(table), {})[str(column)] = Column(type=str(kind), default=str(default))
    return found


def next_transaction(connection: Any) -> int:
    """The number of the next transaction. Raises DatabaseError."""
    return int(query(connection, _NEXT)[0][0])


def changes(before: Schema, after: Schema, since: int, writes: Sequence[ColumnName] | None) -> Changes:
    """What lies between two looks at a schema. A table or column that was renamed counts as added.

    writes: columns that the migration writes over rows that are there, by the table's name without its schema; None
    where nobody knows, which may be each.
    """
    written = None if writes is None else {(one["table"], one["column"]) for one in writes}
    kept = [table for table in after if table in before]
    return Changes(
        since=since,
        tables=[table for table in after if table not in before],
        columns=[
            ColumnName(table=table, column=column)
            for table in kept
            for column in after[table]
            if column not in before[table]
        ],
        altered=[
            ColumnName(table=table, column=column)
            for table in kept
            for column, known in after[table].items()
            if column in before[table]
            and (known["type"] != before[table][column]["type"] or written is None or _bare(table, column) in written)
        ],
        dropped=[
            *(table for table in before if table not in after),
            *(f"{table}.{column}" for table in kept for column in before[table] if column not in after[table]),
        ],
    )


def _bare(table: str, column: str) -> tuple[str, str]:
    """Both as a parser gives them: without the schema and without quotes."""
    last = _LAST.search(table)
    return _unquoted(last[0] if last else table), _unquoted(column)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
