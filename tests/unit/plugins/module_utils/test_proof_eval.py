# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which rows are kept, changed, updated or gone, and which of that a migration may do."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.proof_eval import (
    NULL,
    Column,
    Comparison,
    Result,
    Table,
    Writers,
    chosen,
    compared,
    counted,
    key_in_words,
    lines,
    message,
    present,
    problems,
    shared,
    table_of,
    work,
    writers,
)
from hypothesis import given
from hypothesis import strategies as st

COLUMNS = (Column(1, "id", "bigint"), Column(2, "a", "integer"), Column(3, "b", "text"))
TABLE = Table(
    oid=7, name="public.t", names=("t",), partitioned=False, columns=COLUMNS, key=(1,), plain=True, files=(100,)
)
OLD, OWN, USER = b"5", b"8", b"9"


def changed_to(*columns: tuple[int, str, str], **other: Any) -> Table:
    """The table with other columns."""
    return dataclasses.replace(TABLE, columns=tuple(Column(*one) for one in columns), **other)


def step(revision: str = "0002", phase: str = "expand", rows: str = "kept", autocommit: bool = False) -> dict[str, Any]:
    return {"revision": revision, "phase": phase, "rows": rows, "autocommit": autocommit}


def digest(*values: str | None) -> bytes:
    """Digests of the values of a row."""
    return "".join(NULL if one is None else one.rjust(len(NULL), "0") for one in values).encode()


def key(number: int) -> bytes:
    return json.dumps([str(number)]).encode()


def test_table_comes_back_out_of_json() -> None:
    assert table_of(json.loads(json.dumps(dataclasses.asdict(TABLE)))) == TABLE


def test_tables_that_follow_by_foreign_keys() -> None:
    tables = [dataclasses.replace(TABLE, oid=number, names=(f"t{number}",)) for number in range(5)]
    follow = [(0, 1), (1, 2), (2, 1), (4, 0)]
    assert [one.oid for one in chosen(tables, ["t0", "nowhere"], follow)] == [0, 1, 2]
    assert chosen(tables, [], follow) == []


def test_table_is_found_by_its_name_and_else_by_what_it_is() -> None:
    other = dataclasses.replace(TABLE, oid=8)
    assert present(TABLE, [dataclasses.replace(TABLE, name="public.old"), other]) is other
    moved = dataclasses.replace(TABLE, name="public.people")
    assert present(TABLE, [moved]) is moved
    assert present(TABLE, [dataclasses.replace(TABLE, oid=9, name="public.u")]) is None


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (TABLE, [(0, "a", False), (1, "b", False)]),
        (changed_to((1, "id", "bigint"), (3, "b", "text"), (4, "c", "text")), [(1, "b", False)]),
        (changed_to((1, "id", "bigint"), (2, "z", "integer"), (3, "b", "text")), [(0, "z", False), (1, "b", False)]),
        (changed_to((1, "id", "bigint"), (2, "a", "bigint"), (3, "b", "text")), [(0, "a", True), (1, "b", False)]),
        (changed_to((1, "id", "bigint"), (2, "old", "integer"), (4, "a", "integer")), [(0, "a", False)]),
        (changed_to((1, "id", "bigint")), []),
    ],
)
def test_columns_that_both_have(now: Table, found: list[tuple[int, str, bool]]) -> None:
    assert [(one.place, one.now, one.retyped) for one in shared(TABLE, now)] == found


@pytest.mark.parametrize(
    ("steps", "transactions", "removes", "keeps", "untold"),
    [
        ([step()], {"0002": [8]}, [], True, ""),
        ([step(rows="changed")], {"0002": [8]}, [], False, ""),
        ([step(), step("0003", rows="unknown")], {"0002": [8]}, [], False, "the transaction of revision 0003 is not"),
        ([step(autocommit=True)], {"0002": [8]}, [], True, "revision 0002 has more than one transaction"),
        ([step()], {"0002": []}, ["0002"], True, "the transaction of revision 0002 is not known"),
        ([step()], {"0002": [8]}, ["0003"], True, ""),
    ],
)
def test_what_the_revisions_may_have_done(
    steps: list[Any], transactions: Any, removes: list[str], keeps: bool, untold: str
) -> None:
    done = work(steps, transactions, removes)
    assert (done.keeps, done.removes) == (keeps, "0002" in removes)
    assert done.untold.startswith(untold) and bool(done.untold) == bool(untold)


REWRITTEN = dataclasses.replace(TABLE, files=(101,))


@pytest.mark.parametrize(
    ("now", "rows", "transactions", "own", "undecided"),
    [
        (TABLE, "kept", [8], True, ""),
        (TABLE, "unknown", [8], True, ""),
        (TABLE, "kept", [], False, ""),
        (TABLE, "unknown", [], False, "the transaction of revision 0002 is not known"),
        (REWRITTEN, "kept", [8], False, ""),
        (REWRITTEN, "changed", [8], True, "the table was rewritten"),
        (dataclasses.replace(TABLE, files=(99, 100)), "unknown", [8], True, ""),
    ],
)
def test_who_wrote_is_told_by_transactions_where_they_tell(
    now: Table, rows: str, transactions: list[int], own: bool, undecided: str
) -> None:
    found = writers(TABLE, now, work([step(rows=rows)], {"0002": transactions}, []))
    assert (OWN in found.own, found.undecided) == (own, undecided)


def seen(before: dict[int, bytes], after: dict[int, tuple[bytes, bytes]], **other: Any) -> Comparison:
    """Rows of which TABLE has a and b."""
    rows = {key(number): OLD + b"\t" + digests for number, digests in before.items()}
    found = Comparison(rows, shared(TABLE, other.get("now", TABLE)), other.get("wrote", Writers(frozenset([OWN]))))
    for number, (wrote, digests) in after.items():
        found.see(key(number), wrote, digests)
    return found


def test_rows_are_told_apart() -> None:
    before = {number: digest("1", None) for number in range(1, 8)}
    after = {
        1: (OLD, digest("1", None)), 2: (OWN, digest("1", None)), 3: (OWN, digest("2", None)),
        4: (USER, digest("1", "7")), 5: (OLD, digest("1", "7")), 7: (OWN, digest("2", "3")), 8: (OWN, digest("1", "1")),
    }  # fmt: skip
    found = seen(before, after)
    assert (found.equal, found.changed, found.updated, list(found.rows)) == (2, 3, 1, [key(6)])
    assert dict(found.names) == {"a": 2, "b": 2}


def test_column_that_is_gone_is_not_compared() -> None:
    now = changed_to((1, "id", "bigint"), (3, "b", "text"), (4, "c", "text"))
    found = seen({1: digest("1", "2"), 2: digest("1", "2")}, {1: (OWN, digest("2")), 2: (OWN, digest("1"))}, now=now)
    assert (found.equal, found.changed, dict(found.names)) == (1, 1, {"b": 1})


def test_column_of_another_type_is_counted_apart() -> None:
    now = changed_to((1, "id", "bigint"), (2, "a", "bigint"), (3, "b", "text"))
    after = {1: (OWN, digest("9", "2")), 2: (OWN, digest("9", "9"))}
    found = seen({1: digest("1", "2"), 2: digest("1", "2")}, after, now=now)
    assert (found.equal, found.retyped, found.changed, dict(found.names)) == (1, 1, 1, {"b": 1})


def test_who_cannot_be_told_is_taken_for_the_migration() -> None:
    found = seen({1: digest("1", "2")}, {1: (USER, digest("1", "3"))}, wrote=Writers(frozenset(), "it is so"))
    assert (found.changed, found.updated) == (1, 0)


VALUES = st.tuples(*[st.sampled_from([None, "1", "2"])] * 2)
ROWS = st.dictionaries(st.integers(1, 9), VALUES, max_size=9)
EVENT = st.tuples(st.sampled_from(["user", "migration"]), st.integers(1, 9), st.none() | VALUES)


@given(ROWS, st.lists(EVENT, max_size=12))
def test_whatever_happens_every_row_is_counted_once_and_the_last_writer_is_told(
    rows: dict[int, Any], events: list[tuple[str, int, Any]]
) -> None:
    """Against a model: a database in which users and a migration write, row by row."""
    state = {number: (OLD, values) for number, values in rows.items()}
    for who, number, values in events:
        if values is None:
            state.pop(number, None)
        else:
            state[number] = (USER if who == "user" else OWN, values)
    found = seen(
        {number: digest(*values) for number, values in rows.items()},
        {number: (wrote, digest(*values)) for number, (wrote, values) in state.items()},
    )
    other = {number for number in rows.keys() & state.keys() if state[number][1] != rows[number]}
    assert {int(json.loads(one)[0]) for one in found.rows} == rows.keys() - state.keys()
    assert found.equal == len(rows.keys() & state.keys()) - len(other)
    assert found.changed == sum(state[number][0] == OWN for number in other)
    assert found.updated == sum(state[number][0] == USER for number in other)
    assert found.equal + found.changed + found.updated + len(found.rows) == found.compared == len(rows)


LOST = Result("public.t", "public.t", 10, 8, 10, False, 5, 1, 2, 2, columns=("a",), changed_keys=("(id=1)",),
              gone_keys=("(id=4)", "(id=5)"))  # fmt: skip
GONE = "2 of 10 are gone, such as (id=4), (id=5)"
CHANGED = "2 of 10 were changed by the migration, in a, such as (id=1)"


@pytest.mark.parametrize(
    ("phase", "rows", "removes", "said"),
    [
        ("expand", "kept", [], [CHANGED]),
        ("expand", "unknown", [], [GONE, CHANGED]),
        ("data", "changed", [], [GONE]),
        ("contract", "removed", [], [GONE]),
        ("data", "removed", ["0002"], []),
        ("expand", "unknown", ["0002"], [CHANGED]),
    ],
)
def test_what_a_migration_may_do_to_rows(phase: str, rows: str, removes: list[str], said: list[str]) -> None:
    found = problems([LOST], work([step(phase=phase, rows=rows)], {"0002": [8]}, removes))
    head = "table public.t, 10 rows before and 8 after: "
    assert found == [head + one for one in said]
    told = message(found)
    assert bool(told) == bool(said) and all(one in told for one in said)


@pytest.mark.parametrize(("phase", "refused"), [("expand", True), ("data", True), ("contract", False),
                                                ("irreversible", False)])  # fmt: skip
def test_tables_and_keys_go_in_a_contract_alone(phase: str, refused: bool) -> None:
    done = work([step(phase=phase)], {"0002": [8]}, [])
    table, its_key = counted(TABLE, 10, None, 0), counted(TABLE, 10, TABLE, 10)
    assert [bool(problems([one], done)) for one in (table, its_key)] == [refused, refused]
    assert (table.gone, its_key.gone, its_key.compared) == (10, 0, None)


def test_table_without_a_key_has_no_fewer_rows() -> None:
    bare = counted(dataclasses.replace(TABLE, key=()), 10, TABLE, 9)
    assert problems([bare], work([step(rows="kept")], {}, [])) == []
    assert "10 rows before and 9 after: rows are gone" in problems([bare], work([step(rows="removed")], {}, []))[0]


@pytest.mark.parametrize(
    ("names", "given_key", "plain", "said"),
    [
        (["id"], b'["7"]', True, "(id=7)"),
        (["a", "b"], b'["7", "x"]', True, "(a=7, b=x)"),
        (["mail"], b"00" * 16 + b"12345678", False, "(the one of which md5(mail::text) begins with 12345678)"),
        (["a", "b"], b"12345678", False, "(the one of which md5((a, b)::text) begins with 12345678)"),
    ],
)
def test_keys_in_words(names: list[str], given_key: bytes, plain: bool, said: str) -> None:
    assert key_in_words(names, given_key, plain) == said


def test_at_most_three_keys_are_named() -> None:
    found = seen({number: digest("1", "1") for number in range(9)}, {n: (OWN, digest("2", "1")) for n in range(5)})
    told = compared(TABLE, 20, TABLE, 16, found, Writers(frozenset([OWN])))
    assert (told.changed_keys, told.gone_keys) == (("(id=0)", "(id=1)", "(id=2)"), ("(id=5)", "(id=6)", "(id=7)"))
    assert told.as_dict() == {
        "table": "public.t", "before": 20, "after": 16, "compared": 9, "sampled": True, "equal": 0, "updated": 0,
        "changed": 5, "gone": 4,
    }  # fmt: skip


def test_lines() -> None:
    kept, removed = work([step()], {"0002": [8]}, []), work([step(rows="removed")], {}, [])
    sample = dataclasses.replace(LOST, before=1000, sampled=True, now="public.u", undecided="it is so", retyped=3)
    assert lines([], kept) == ["The migration touches no table that was there before it."]
    assert lines([LOST], kept) == [
        "table public.t: 10 rows before, 8 after; all 10 compared, 5 equal, 1 updated by users since,"
        " 2 changed by the migration in a, 2 removed by users since"
    ]
    assert lines([sample], removed) == [
        "table public.t, now public.u: 1,000 rows before, 8 after; a sample of 10 compared, 5 equal, 1 updated by users"
        " since, 2 changed by the migration or users in a, 2 gone,"
        " 3 of the equal read differently in a column of another type"
    ]


def test_nothing_wrong_is_no_message() -> None:
    assert message([]) == ""
