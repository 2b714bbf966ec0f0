# SPDX-License-Identifier: GPL-3.0-or-later
"""Revisions that a limit has ended: what is remembered of them, and when one may be tried again."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.migration_eval import MigrationError, tool_output
from ansible_collections.bluegreen.release.plugins.module_utils.migration_slow import (
    RUN,
    STATEMENT,
    ended,
    kept,
    remembered,
    require,
)

LIMITS = {STATEMENT: 30.0, RUN: 600.0}
STEP: dict[str, Any] = {"revision": "0007", "autocommit": False}
TIMED_OUT = {"rc": None, "timed_out": True, "seconds": 700.0, "last_seconds": 600.2}
CANCELED = "psycopg.errors.QueryCanceled: canceling statement due to statement timeout"
SLOW = {"revision": "0007", "seconds": 30.4, "by": STATEMENT, "limit": 30.0, "release_id": "r1"}


def failed(stderr: str, **more: Any) -> dict[str, Any]:
    return {"rc": 1, "timed_out": False, "stderr": stderr, "stdout": "", "last_seconds": 30.4, **more}


@pytest.mark.parametrize(
    ("result", "step", "found"),
    [
        ({"rc": 0, "stderr": CANCELED}, STEP, None),
        (failed("psycopg.errors.LockNotAvailable: canceling statement due to lock timeout"), STEP, None),
        (failed("QueryCanceled: canceling statement due to user request"), STEP, None),
        (failed("syntax error"), STEP, None),
        ({"msg": "epoch 3 is stale"}, STEP, None),
        (TIMED_OUT, STEP, {"seconds": 600.2, "by": RUN, "limit": 600.0}),
        (failed(CANCELED), STEP, {"seconds": 30.4, "by": STATEMENT, "limit": 30.0}),
        # As a tool on standard output says it, and as a server in German does.
        (failed("", stdout="ERROR: canceling statement due to statement timeout"), STEP, {"limit": 30.0}),
        (failed("psycopg2.errors.QueryCanceled: storniere Anfrage wegen Zeitüberschreitung"), STEP, {"by": STATEMENT}),
        # Of a revision that commits by itself we limit no statement: it was somebody else's limit.
        (failed(CANCELED), {**STEP, "autocommit": True}, {"by": STATEMENT, "limit": None}),
    ],
)
def test_what_is_remembered(result: dict[str, Any], step: dict[str, Any], found: dict[str, Any] | None) -> None:
    told = ended(result, step, LIMITS)
    assert [one["revision"] for one in told] == ([] if found is None else ["0007"])
    assert all(told[0][name] == value for name, value in (found or {}).items())


def test_a_statement_without_a_limit_of_ours() -> None:
    assert ended(failed(CANCELED), STEP, {**LIMITS, STATEMENT: 0.0})[0]["limit"] is None


def test_the_message_of_such_a_failure_says_what_to_do() -> None:
    with pytest.raises(MigrationError, match=r"backfill in batches after the switch, .* and release again"):
        tool_output("upgrade", failed(CANCELED), ["m"], "")
    with pytest.raises(MigrationError) as caught:
        tool_output("upgrade", failed("syntax error"), ["m"], "")
    assert "backfill" not in str(caught.value)


def test_the_record_keeps_each_revision_once() -> None:
    first = kept({"target": "0007", "steps": []}, [{"revision": "0007", "seconds": 30.0}])
    again = kept(first, [{"revision": "0008", "seconds": 1.0}, {"revision": "0007", "seconds": 60.0}])
    assert again["target"] == "0007"
    assert [(one["revision"], one["seconds"]) for one in again["slow"]] == [("0008", 1.0), ("0007", 60.0)]


def test_the_newest_record_that_tells_of_a_revision_counts() -> None:
    entry = {name: SLOW[name] for name in ("revision", "seconds", "by", "limit")}
    documents: list[dict[str, Any]] = [
        {"release_id": "r4", "migration": None},
        {"release_id": "r3", "migration": {"slow": [{**entry, "limit": 60.0}]}},
        {"release_id": "r2"},
        {"release_id": "r1", "migration": {"slow": [entry, {**entry, "revision": "0006"}]}},
    ]
    found = remembered(documents)
    assert [(one["revision"], one["limit"], one["release_id"]) for one in found] == [
        ("0007", 60.0, "r3"), ("0006", 30.0, "r1"),
    ]  # fmt: skip


def refusal(known: list[dict[str, Any]], step: dict[str, Any] = STEP, **more: Any) -> str:
    """What is said against applying the step."""
    given = {"limits": LIMITS, "accepted": [], **more}
    try:
        require([{"revision": "0006", "autocommit": False}, step], known, **given)
    except MigrationError as error:
        return str(error)
    return ""


def test_a_revision_that_was_ended_is_refused_with_the_advice() -> None:
    said = refusal([SLOW])
    assert "0007, which migration_statement_timeout_seconds (30) ended after 30.4 s in release r1" in said
    assert "backfill the rows in batches after the switch, by a job of its own" in said
    assert "migration_slow_accepted (0007), or raise migration_statement_timeout_seconds" in said


@pytest.mark.parametrize(
    ("known", "step", "more"),
    [
        ([], STEP, {}),
        ([{**SLOW, "revision": "0009"}], STEP, {}),
        ([SLOW], STEP, {"accepted": ["0007"]}),
        ([SLOW], STEP, {"limits": {**LIMITS, STATEMENT: 31.0}}),
        ([SLOW], STEP, {"limits": {**LIMITS, STATEMENT: 0.0}}),
        # It was made to commit by itself, and has no limit for its statements any more.
        ([SLOW], {**STEP, "autocommit": True}, {}),
        ([{**SLOW, "by": RUN, "limit": 600.0}], STEP, {"limits": {**LIMITS, RUN: 601.0}}),
    ],
)
def test_what_is_not_refused(known: list[dict[str, Any]], step: dict[str, Any], more: dict[str, Any]) -> None:
    assert refusal(known, step, **more) == ""


@pytest.mark.parametrize(
    ("known", "more"),
    [
        ([SLOW], {"accepted": ["0006"]}),
        ([SLOW], {"limits": {**LIMITS, STATEMENT: 29.0}}),
        # Another limit than the one that ended it.
        ([SLOW], {"limits": {**LIMITS, RUN: 6000.0}}),
        ([{**SLOW, "by": RUN, "limit": 600.0}], {"limits": {**LIMITS, STATEMENT: 6000.0}}),
        # A limit of the server: whether it is larger now is not known.
        ([{**SLOW, "limit": None}], {"limits": {STATEMENT: 0.0, RUN: 6000.0}}),
    ],
)
def test_what_is_refused_still(known: list[dict[str, Any]], more: dict[str, Any]) -> None:
    assert "0007, which" in refusal(known, **more)


def test_a_limit_of_the_server_is_not_to_be_raised_here() -> None:
    said = refusal([{**SLOW, "limit": None}])
    assert "a limit of the server, its role or its own ended after" in said and "or raise" not in said


def test_all_of_them_are_named_at_once() -> None:
    said = refusal([SLOW, {**SLOW, "revision": "0006", "by": RUN, "limit": 600.0}])
    assert "(0006, 0007), or raise migration_statement_timeout_seconds and migration_timeout_seconds" in said
