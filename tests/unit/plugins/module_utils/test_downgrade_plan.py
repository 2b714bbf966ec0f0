# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way down, and what a person agrees to with a token."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.downgrade_plan import (
    DowngradeError,
    Lost,
    agreed,
    bound,
    comes_back_empty,
    in_words,
    refusal,
    steps_back,
    token,
    too_early,
)
from hypothesis import given
from hypothesis import strategies as st

COLUMNS = Lost("public.projects", ("tags", "archived_at"), 12)
TABLE = Lost("public.labels", (), 1)


def step(revision: str, phase: str = "expand", autocommit: bool = False) -> dict[str, Any]:
    return {"revision": revision, "phase": phase, "autocommit": autocommit}


def document(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "release_id": "r1", "version": "1.0.0", "phase": "closed", "outcome": "rolled_back", "revision_before": "0001",
        "revision_after": steps[-1]["revision"] if steps else "0001", "migration": {"steps": list(steps)}, **more,
    }  # fmt: skip


def test_one_call_for_each_revision_the_newest_first() -> None:
    known = document(step("0002", autocommit=True), step("0003"), step("0004"))
    assert steps_back(known, "0004") == [
        {"revision": "0003", "autocommit": False},
        {"revision": "0002", "autocommit": False},
        {"revision": "0001", "autocommit": True},
    ]
    assert [one["revision"] for one in steps_back(known, "0002")] == ["0001"], "stopped half-way"
    assert steps_back(known, "0001") == []


@pytest.mark.parametrize(
    ("known", "now", "said"),
    [
        (document(step("0002")), "0007", "(0001, 0002), found 0007: somebody has migrated it since"),
        (document(step("0002")), "", "found none"),
        (document(step("0002"), revision_before=None), "0002", "Expected a recorded revision to go back to"),
        (document(step("0002"), step("0003", "irreversible")), "0003", "Revision 0003 is `irreversible`"),
        (document(revision_before="0001", migration=None), "0002", "(0001), found 0002"),
    ],
)
def test_no_way_down(known: dict[str, Any], now: str, said: str) -> None:
    with pytest.raises(DowngradeError) as raised:
        steps_back(known, now)
    assert said in str(raised.value)


def test_what_is_irreversible_and_never_came_is_not_in_the_way() -> None:
    known = document(step("0002"), step("0003", "irreversible"))
    assert [one["revision"] for one in steps_back(known, "0002")] == ["0001"]


def test_token_says_what_is_agreed_to() -> None:
    said = token("0002", "0001", [COLUMNS, TABLE])
    assert said == "0002..0001/public.labels,public.projects.archived_at,public.projects.tags/20"


@pytest.mark.parametrize(("rows", "most"), [(0, 10), (1, 10), (9, 10), (10, 20), (95, 200), (181, 200), (182, 500)])
def test_token_is_good_for_some_more_rows(rows: int, most: int) -> None:
    assert bound(rows) == most


@given(st.integers(0, 10**9))
def test_a_row_more_never_makes_a_token_stale(rows: int) -> None:
    said = token("b", "a", [Lost("t", ("c",), rows)])
    assert agreed(said, "b", "a", [Lost("t", ("c",), rows + max(1, rows // 10) - (rows > 9))])
    assert not agreed(said, "b", "a", [Lost("t", ("c",), rows * 3 + 100)])


@pytest.mark.parametrize(
    ("said", "way", "lost", "good"),
    [
        ("0002..0001/t.c/10", ("0002", "0001"), [Lost("t", ("c",), 10)], True),
        ("0002..0001/t.c/10", ("0002", "0001"), [Lost("t", ("c",), 11)], False),
        ("0002..0001/t.c/10", ("0002", "0001"), [Lost("t", ("c", "d"), 1)], False),
        ("0002..0001/t.c,t.d/10", ("0002", "0001"), [Lost("t", ("c",), 1)], True),
        ("0002..0001/t.c/10", ("0003", "0001"), [Lost("t", ("c",), 1)], False),
        ("0002..0001/t.c/10", ("0002", "0000"), [Lost("t", ("c",), 1)], False),
        ("0002..0001/t/10", ("0002", "0001"), [Lost("t", (), 3), Lost("u", (), 1)], False),
        ("0002..0001/t,u/4", ("0002", "0001"), [Lost("t", (), 3), Lost("u", (), 1)], True),
        ("", ("0002", "0001"), [Lost("t", (), 1)], False),
        ("yes", ("0002", "0001"), [Lost("t", (), 1)], False),
        ("0002..0001/t/-1", ("0002", "0001"), [Lost("t", (), 1)], False),
        ("0002..0001/uncounted", ("0002", "0001"), None, True),
        ("0002..0001/uncounted", ("0002", "0001"), [Lost("t", (), 1)], False),
        ("0002..0001/t/10", ("0002", "0001"), None, False),
    ],
)
def test_agreement(said: str, way: tuple[str, str], lost: list[Lost] | None, good: bool) -> None:
    assert agreed(said, *way, lost) is good
    assert bool(refusal(said, *way, lost)) is not good


def test_nothing_lost_needs_no_token() -> None:
    assert refusal("", "0002", "0001", []) == ""


def test_refusal_says_what_is_lost_and_how_to_agree() -> None:
    said = refusal("0001..0000/t/10", "0002", "0001", [COLUMNS, Lost("public.labels", (), 1)])
    assert "12 rows with values in tags, archived_at of public.projects; 1 row of the new table public.labels" in said
    assert "and rollback_accept_data_loss 0001..0000/t/10, which is not that" in said
    assert f"-e 'rollback_accept_data_loss={token('0002', '0001', [COLUMNS, TABLE])}'" in said
    assert "nothing of it is kept" in refusal("", "0002", "0001", None)


def test_in_words() -> None:
    assert in_words([COLUMNS, TABLE]) == [
        "12 rows with values in tags, archived_at of public.projects", "1 row of the new table public.labels",
    ]  # fmt: skip


def test_what_was_dropped_comes_back_empty() -> None:
    assert comes_back_empty(None) == comes_back_empty({"dropped": []}) == []
    assert "public.t.c was dropped or renamed by the migration" in comes_back_empty({"dropped": ["public.t.c"]})[0]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (None, "found none: there is nothing to take back"),
        (document(step("0002"), outcome="live"), "found release r1 of 1.0.0 live: its code needs the schema"),
        (document(step("0002"), outcome=None, phase="migrating"), "in phase migrating"),
        (document(), "which had nothing to migrate"),
        (document(migration=None), "which had nothing to migrate"),
        (document(step("0002"), revision_after="0001"), "has left it there"),
        (document(step("0002")), ""),
        (document(step("0002"), revision_after=None), ""),
        (document(step("0002"), outcome="failed"), ""),
    ],
)
def test_when_it_may_be_taken_back(known: dict[str, Any] | None, said: str) -> None:
    found = too_early(known)
    assert said in found and bool(said) == bool(found)
