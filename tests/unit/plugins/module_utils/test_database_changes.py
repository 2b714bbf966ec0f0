# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lies between two looks at a schema, and what follows from it. tests/database has it on PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.database_changes import Changes, Column, changes
from ansible_collections.bluegreen.release.plugins.module_utils.database_loss import parts, told
from ansible_collections.bluegreen.release.plugins.module_utils.database_values import (
    Restored,
    in_order,
    in_words,
    problems,
)

INT, TEXT = Column(type="integer", default=""), Column(type="text", default="")
BEFORE = {"public.t": {"id": INT, "a": INT}}
AFTER = {"public.n": {"id": INT}, "public.t": {"id": INT, "a": TEXT, "b": TEXT}}


def test_added_and_altered() -> None:
    assert changes(BEFORE, AFTER, 7, []) == {
        "since": 7, "tables": ["public.n"], "columns": [{"table": "public.t", "column": "b"}],
        "altered": [{"table": "public.t", "column": "a"}], "dropped": [],
    }  # fmt: skip
    assert changes(AFTER, AFTER, 7, []) == {"since": 7, "tables": [], "columns": [], "altered": [], "dropped": []}
    assert changes(AFTER, BEFORE, 7, [])["dropped"] == ["public.n", "public.t.b"]


@pytest.mark.parametrize(
    ("writes", "columns"),
    [
        ([], []),
        ([{"table": "t", "column": "a"}, {"table": "t", "column": "gone"}, {"table": "u", "column": "id"}], ["a"]),
        ([{"table": "t", "column": 'A "b"'}], ['"A ""b"""']),
        (None, ["id", "a", '"A ""b"""']),
    ],
)
def test_what_a_migration_writes_counts_as_altered(writes: Any, columns: list[str]) -> None:
    known = {'"s p".t': {"id": INT, "a": INT, '"A ""b"""': INT}}
    assert [one["column"] for one in changes(known, known, 7, writes)["altered"]] == columns


def test_what_is_looked_for_is_only_what_is_there() -> None:
    found = changes(BEFORE, AFTER, 7, [])
    table, columns = parts(AFTER, {"public.t": ("id",)}, found, 9)
    assert (table.table, table.whole, table.where) == ("public.n", True, "age(t.xmin) <= age('7'::xid)")
    assert (columns.columns, columns.copied) == (("b", "a"), ("id", "b", "a"))
    assert columns.where == "age(t.xmin) <= age('7'::xid) AND (t.b IS NOT NULL OR t.a IS NOT NULL)"
    assert (
        parts(
            BEFORE,
            {},
            Changes(since=7, tables=["x; DROP TABLE t"], columns=found["columns"], altered=[], dropped=[]),
            9,
        )
        == []
    )


def test_without_a_key_the_whole_row_is_kept() -> None:
    assert parts(AFTER, {}, changes(BEFORE, AFTER, 7, []), 9)[1].copied == ("id", "a", "b")


@pytest.mark.parametrize(
    ("since", "next_one", "where"),
    [
        (2**32 + 5, 2**32 + 9, "age(t.xmin) <= age('5'::xid)"),
        (5, 2**31 + 5, "true"),
        (9, 5, "true"),
    ],
)
def test_numbers_of_transactions_turn_round(since: int, next_one: int, where: str) -> None:
    found = Changes(since=since, tables=["public.n"], columns=[], altered=[], dropped=[])
    assert parts(AFTER, {}, found, next_one)[0].where == where


@pytest.mark.parametrize(
    ("default", "said"),
    [
        ("", "t.c IS NOT NULL"),
        ("''::text", "t.c::text IS DISTINCT FROM (''::text)::text"),
        ("0", "t.c::text IS DISTINCT FROM (0)::text"),
        ("now()", "t.c IS NOT NULL"),
        ("CURRENT_TIMESTAMP", "t.c IS NOT NULL"),
        ("nextval('s'::regclass)", "t.c IS NOT NULL"),
    ],
)
def test_a_default_that_is_the_same_for_every_row_is_no_loss(default: str, said: str) -> None:
    assert told("c", default) == said


def kept(table: str, whole: bool = True, **more: Any) -> dict[str, Any]:
    return {"table": table, "whole": whole, "key": ["id"], "copied": ["id"], "file": "1.csv", **more}


def test_tables_that_others_refer_to_come_first_and_columns_last() -> None:
    refers = {"a": {"b"}, "b": {"c"}, "t": {"a"}}
    tables = [kept("t", False), kept("a"), kept("b"), kept("c")]
    assert [one["table"] for one in in_order(tables, refers)] == ["c", "b", "a", "t"]
    assert [one["table"] for one in in_order([kept("a"), kept("b")], {"a": {"b"}, "b": {"a"}})] == ["a", "b"]


def test_why_nothing_can_be_put_back() -> None:
    assert problems([kept("public.t", False)], AFTER) == []
    assert problems([kept("public.gone"), kept("public.t", copied=["id", "z"]), kept("public.n", key=[])], AFTER) == [
        "table public.gone is not there", "z of public.t is not there",
        "public.n has no primary key, so nobody knows which row is which: put 1.csv back by hand",
    ]  # fmt: skip


def test_in_words() -> None:
    rows = [Restored("public.t", 1200, 1000, 150, 50), Restored("public.n", 2, 2, 0, 0)]
    assert in_words(rows, False) == [
        "public.t: 1,000 of 1,200 rows put back, 150 left as they were written since, 50 not there any more",
        "public.n: 2 of 2 rows put back",
    ]
    assert in_words(rows, True)[1] == "public.n: 2 of 2 rows would be put back"
