# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the rows that were there before a migration are there after it; pure functions, no I/O.

Of each row there are its key and one digest a column. A value that differs was changed by the migration, or by a user
meanwhile: the transaction that wrote the row last tells which of them, where the transactions of the migration are
known. Of a row that is gone nothing is left to tell by: where the SQL of every revision is known and touches no row,
users have removed it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 16
NULL = "-" * WIDTH
_SHOWN = 3
_KEPT = "kept"
_NO_KEY, _KEY_GONE = "it has no primary key", "its primary key is gone"


@dataclass(frozen=True)
class Column:
    """A column of a table. number: which it keeps under another name."""

    number: int
    name: str
    type: str


@dataclass(frozen=True)
class Table:
    """A table as the catalog has it.

    Attributes:
        oid: which it keeps under another name.
        name: with its schema, as SQL names it.
        names: its name alone, and those of its partitions.
        partitioned: whether its rows are in partitions.
        columns: in their order.
        key: numbers of the columns of its primary key; none for a table without.
        plain: whether its keys are numbers, times or UUIDs, which a message may show.
        files: in which its rows are; others mean that it was rewritten.
    """

    oid: int
    name: str
    names: tuple[str, ...]
    partitioned: bool
    columns: tuple[Column, ...]
    key: tuple[int, ...]
    plain: bool
    files: tuple[int, ...]

    @property
    def key_columns(self) -> list[Column]:
        """The columns of the primary key, in its order."""
        by_number = {one.number: one for one in self.columns}
        return [by_number[number] for number in self.key]

    @property
    def values(self) -> list[Column]:
        """All other columns."""
        return [one for one in self.columns if one.number not in self.key]


def table_of(known: Mapping[str, Any]) -> Table:
    """A table out of JSON."""
    columns = tuple(Column(**one) for one in known["columns"])
    return Table(**{**known, "columns": columns, **{name: tuple(known[name]) for name in ("names", "key", "files")}})


def chosen(tables: Sequence[Table], named: Iterable[str], follow: Iterable[tuple[int, int]]) -> list[Table]:
    """The tables of these bare names, and those whose rows follow theirs.

    follow: pairs of oid; the rows of the second are removed or changed with those of the first, by a foreign key.
    """
    names, pairs = set(named), list(follow)
    found = {one.oid for one in tables if names & set(one.names)}
    while more := {second for first, second in pairs if first in found} - found:
        found |= more
    return [one for one in tables if one.oid in found]


def present(before: Table, tables: Sequence[Table]) -> Table | None:
    """What the table is now: the one of that name, else the one that was renamed; None where it is gone."""
    same = [one for one in tables if one.name == before.name] or [one for one in tables if one.oid == before.oid]
    return same[0] if same else None


def renamed(column: Column, now: Table) -> Column | None:
    """What the column is now: the one of that name, else the one that was renamed; None where it is gone."""
    same = [one for one in now.columns if one.name == column.name]
    same = same or [one for one in now.columns if one.number == column.number]
    return same[0] if same else None


@dataclass(frozen=True)
class Shared:
    """A column that is there before and after. place: among the values before. now: its name."""

    place: int
    name: str
    now: str
    retyped: bool


def shared(before: Table, now: Table) -> list[Shared]:
    """The columns beside the key that both have."""
    pairs = [(place, column, renamed(column, now)) for place, column in enumerate(before.values)]
    return [
        Shared(place, column.name, found.name, column.type != found.type) for place, column, found in pairs if found
    ]


@dataclass(frozen=True)
class Work:
    """What the revisions that were applied may have done to rows.

    Attributes:
        phases: of the revisions.
        keeps: whether the SQL of all of them is known, and none changes or removes a row.
        removes: whether one of them is to remove rows, as the inventory says.
        transactions: that wrote what the tool keeps of its revisions.
        untold: why not every transaction of theirs is known; empty where it is.
    """

    phases: frozenset[str]
    keeps: bool
    removes: bool
    transactions: frozenset[int]
    untold: str

    @property
    def changes(self) -> bool:
        """Whether a revision may change rows on purpose."""
        return self.phases != {"expand"}

    @property
    def takes(self) -> bool:
        """Whether a revision may take a table or a column away on purpose."""
        return bool(self.phases & {"contract", "irreversible"})


def work(steps: Sequence[Mapping[str, Any]], transactions: Mapping[str, Sequence[int]], removes: Iterable[str]) -> Work:
    """Of the steps of a plan. transactions: by revision. removes: revisions that are to remove rows."""
    silent = [str(one["revision"]) for one in steps if not transactions.get(str(one["revision"]))]
    several = [str(one["revision"]) for one in steps if one["autocommit"]]
    untold = f"the transaction of revision {silent[0]} is not known" if silent else ""
    untold = untold or (f"revision {several[0]} has more than one transaction" if several else "")
    return Work(
        phases=frozenset(str(one["phase"]) for one in steps),
        keeps=all(one["rows"] == _KEPT for one in steps),
        removes=bool({str(one["revision"]) for one in steps} & {str(name) for name in removes}),
        transactions=frozenset(number for numbers in transactions.values() for number in numbers),
        untold=untold,
    )


@dataclass(frozen=True)
class Writers:
    """Who wrote a row last. own: transactions of the migration. undecided: why it cannot be told, or nothing."""

    own: frozenset[bytes]
    undecided: str = ""

    def is_migration(self, before: bytes, after: bytes) -> bool:
        """Whether another value has to be taken for the migration's.

        before, after: the transactions that wrote the row. A row that nobody wrote since has another value where its
        column is another.
        """
        return bool(self.undecided) or after in self.own or after == before


def writers(before: Table, now: Table, done: Work) -> Writers:
    """Of the rows of one table."""
    own = frozenset(str(number).encode() for number in done.transactions)
    rewritten = not set(before.files) <= set(now.files)
    if done.keeps:
        # Where the table was rewritten, every row is the migration's, and only its SQL tells that no value is.
        return Writers(frozenset() if rewritten else own)
    return Writers(own, "the table was rewritten" if rewritten else done.untold)


class Comparison:
    """The rows of one table before, against those after as they come."""

    def __init__(self, rows: dict[bytes, bytes], columns: Sequence[Shared], wrote: Writers) -> None:
        """Begin. rows: transaction, tab and digests by key; those that are seen are taken out of it."""
        self.rows, self._columns, self._wrote = rows, columns, wrote
        self.compared = len(rows)
        self.equal = self.updated = self.changed = self.retyped = 0
        self.names: Counter[str] = Counter()
        self.keys: list[bytes] = []
        self._places = [slice(one.place * WIDTH, (one.place + 1) * WIDTH) for one in columns]

    def see(self, key: bytes, transaction: bytes, digests: bytes) -> None:
        """Take a row as it is after. digests: of the shared columns, in their order."""
        known = self.rows.pop(key, None)
        if known is None:
            return
        wrote, _, before = known.partition(b"\t")
        if before == digests:  # where nothing was taken away or put between
            self.equal += 1
            return
        different = [
            one
            for number, (one, place) in enumerate(zip(self._columns, self._places, strict=True))
            if before[place] != digests[number * WIDTH : (number + 1) * WIDTH]
        ]
        real = [one.name for one in different if not one.retyped]
        self.retyped += bool(different) and not real
        if not real:
            self.equal += 1
        elif self._wrote.is_migration(wrote, transaction):
            self.changed += 1
            self.names.update(real)
            self.keys += [key] if len(self.keys) < _SHOWN else []
        else:
            self.updated += 1


@dataclass(frozen=True)
class Result:
    """What became of the rows of one table.

    Attributes:
        table: its name before.
        now: its name after; empty where it is gone.
        before: number of rows; after: the same, after.
        compared: how many rows were compared; None where they could only be counted.
        sampled: whether that is a sample.
        equal: rows with the same values; updated: by users since; changed: by the migration, as far as can be told.
        gone: rows that are not there any more.
        retyped: equal rows that read differently in a column of another type.
        columns: in which values were changed.
        changed_keys: of some rows that were changed, in words; gone_keys: of some that are gone.
        undecided: why it cannot be told who changed a row.
        note: why they could only be counted.
    """

    table: str
    now: str
    before: int
    after: int
    compared: int | None = None
    sampled: bool = False
    equal: int = 0
    updated: int = 0
    changed: int = 0
    gone: int = 0
    retyped: int = 0
    columns: tuple[str, ...] = ()
    changed_keys: tuple[str, ...] = ()
    gone_keys: tuple[str, ...] = ()
    undecided: str = ""
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The figures, for the record; no keys."""
        names = ("table", "before", "after", "compared", "sampled", "equal", "updated", "changed", "gone")
        return {name: getattr(self, name) for name in names}


def counted(before: Table, rows: int, now: Table | None, rows_now: int) -> Result:
    """Of a table whose rows are not compared. now: None where the table is gone."""
    if now is None:
        return Result(before.name, "", rows, 0, gone=rows)
    note = _KEY_GONE if before.key else _NO_KEY
    return Result(before.name, now.name, rows, rows_now, gone=max(0, rows - rows_now), note=note)


def compared(before: Table, rows: int, now: Table, rows_now: int, seen: Comparison, wrote: Writers) -> Result:
    """Of a table whose rows were compared."""
    names = [one.name for one in before.key_columns]
    return Result(
        before.name, now.name, rows, rows_now, seen.compared, seen.compared < rows, seen.equal, seen.updated,
        seen.changed, len(seen.rows), seen.retyped, tuple(sorted(seen.names)),
        tuple(key_in_words(names, key, before.plain) for key in seen.keys),
        tuple(key_in_words(names, key, before.plain) for key in sorted(seen.rows)[:_SHOWN]), wrote.undecided,
    )  # fmt: skip


def key_in_words(names: Sequence[str], key: bytes, plain: bool) -> str:
    """The key of a row for a message. plain: whether *key* is JSON with its values; else it ends in part of an md5."""
    if plain:
        pairs = (f"{name}={value}" for name, value in zip(names, json.loads(key), strict=True))
        return f"({', '.join(pairs)})"
    text = f"{names[0]}::text" if len(names) == 1 else f"({', '.join(names)})::text"
    return f"(the one of which md5({text}) begins with {key.decode()[-8:]})"


def problems(found: Sequence[Result], done: Work) -> list[str]:
    """What the migration has done to rows that nobody asked it to, in words."""
    return [one for result in found for one in _problems(result, done)]


def _problems(found: Result, done: Work) -> Iterable[str]:
    if not found.now:
        if not done.takes:
            yield f"table {found.table} with {found.before:,} rows is gone"
        return
    if found.note == _KEY_GONE and not done.takes:
        yield f"the primary key of {found.table} is gone, so that its rows cannot be compared"
    if found.gone and not done.keeps and not done.removes:
        what = f"{found.gone:,} of {_sample(found)} are gone" if found.compared is not None else "rows are gone"
        yield f"table {found.table}, {_counts(found)}: {what}{_keys(found.gone_keys)}"
    if found.changed and not done.changes:
        who = f", by the migration or by users, for {found.undecided}" if found.undecided else " by the migration"
        yield (
            f"table {found.table}, {_counts(found)}: {found.changed:,} of {_sample(found)} were changed{who}, in"
            f" {', '.join(found.columns)}{_keys(found.changed_keys)}"
        )


def _counts(found: Result) -> str:
    return f"{found.before:,} rows before and {found.after:,} after"


def _sample(found: Result) -> str:
    return f"a sample of {found.compared:,}" if found.sampled else f"{found.compared:,}"


def _keys(keys: Sequence[str]) -> str:
    return f", such as {', '.join(keys)}" if keys else ""


def message(wrong: Sequence[str]) -> str:
    """The problems as one message; empty for none."""
    if not wrong:
        return ""
    return (
        "Expected every row that was there before the migration to be there after it with the same values, found: "
        f"{'; '.join(wrong)}. The backup that the record names has the rows as they were: bring them back from it, and"
        " correct the revision. One that changes rows on purpose is of phase data, and one that removes rows on purpose"
        " is named in migration_removes."
    )


def lines(found: Sequence[Result], done: Work) -> list[str]:
    """What became of the rows, for people, a line a table."""
    return [_line(one, done) for one in found] or ["The migration touches no table that was there before it."]


def _line(found: Result, done: Work) -> str:
    if not found.now:
        return f"table {found.table}: {found.before:,} rows before; the table is gone"
    name = found.table if found.now == found.table else f"{found.table}, now {found.now}"
    head = f"table {name}: {found.before:,} rows before, {found.after:,} after"
    if found.compared is None:
        return f"{head}; counted, not compared, for {found.note}"
    users = "removed by users since" if done.keeps else "gone"
    parts = [
        f"{number:,} {what}"
        for number, what in (
            (found.updated, "updated by users since"),
            (found.changed, _changed(found)),
            (found.gone, users),
            (found.retyped, "of the equal read differently in a column of another type"),
        )
        if number
    ]
    return ", ".join([f"{head}; {'all' if not found.sampled else 'a sample of'} {found.compared:,} compared",
                      f"{found.equal:,} equal", *parts])  # fmt: skip


def _changed(found: Result) -> str:
    who = "the migration or users" if found.undecided else "the migration"
    return f"changed by {who} in {' and '.join(found.columns)}"
