# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of pending migrations from what a tool with commands said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.action.migration_plan import outlook
from ansible_collections.bluegreen.release.plugins.module_utils import migration_alembic, migration_rehearsal

COMMANDS = {"current": ["m", "current"], "heads": ["m", "heads"], "upgrade": ["m", "upgrade"]}
LISTED = {"revision_pattern": r"^\[[X ]\]\s+(\S+)", "pending_pattern": r"^\[ \]"}


def said(text: str, rc: int = 0) -> dict[str, Any]:
    return {"rc": rc, "stdout": text, "stderr": ""}


def ask(results: dict[str, str], failed: str = "", **more: Any) -> dict[str, Any]:
    answers = {verb: said(text) for verb, text in results.items()}
    given: dict[str, Any] = {
        "results": {**answers, failed: said("", 1)} if failed else answers, "commands": COMMANDS, "phases": {},
        "revision_pattern": r"^(\d+)", "unknown_pattern": "", "pending_pattern": "", "live": [], "unasked": "",
        "contract": False, "irreversible": False, "closed_door": False, "uncopied": "",
        "left": [], "lock_timeout_seconds": 0.0, "limits": {}, "slow": [], "slow_accepted": [], **more,
    }  # fmt: skip
    return outlook(given)


def test_tool_that_prints_one_revision_needs_a_phase_for_it() -> None:
    found = ask({"current": "1", "heads": "2"})
    assert (found["known"], found["before"], found["after"], found["pending"]) == (True, "1", "2", ["2"])
    assert "Revision 2: expected a mark" in found["problem"] and "no command preview" in found["problem"]
    assert not found["asks_preview"] and not found["asks_live"]
    assert ask({"current": "1", "heads": "2"}, phases={"2": "expand"})["plan"]["target"] == "2"


def test_preview_is_asked_for_where_there_is_one() -> None:
    commands = {**COMMANDS, "preview": ["m", "sql"]}
    assert ask({"current": "1", "heads": "2"}, commands=commands)["asks_preview"]
    answer = {"current": "1", "heads": "2", "preview": "noise\n-- revision 2\nALTER TABLE t ADD COLUMN c text;"}
    assert ask(answer, commands=commands)["lines"] == ["2: expand (its SQL)"]


ALEMBIC = {"look": ["look"], "rehearse": ["rehearse"], "upgrade": ["upgrade"]}


def looked(*pending: dict[str, Any]) -> str:
    """The answer of the program beside Alembic."""
    rows = [{"revision": "2", "doc": "", "sql": None, "problem": "it reads rows", **one} for one in pending]
    known = ["1", *(str(one["revision"]) for one in rows)]
    found = {"current": ["1"], "heads": known[-1:], "known": known, "pending": rows, "settings": {}, "user": "shop"}
    return migration_alembic.MARK + json.dumps(found)


def seen(*statements: str, **more: Any) -> str:
    """The answer of the program that runs revisions on a copy."""
    rows = [{"revision": "2", "seconds": 0.84, "statements": list(statements)}]
    found = {"seen": rows, "calm": ["lower"], "failed": "", "refused": "", "problem": "", **more}
    return migration_rehearsal.MARK + json.dumps(found)


def test_revision_without_sql_asks_for_a_copy_and_is_what_was_seen_there() -> None:
    look = looked({}, {"revision": "3", "sql": "ALTER TABLE t ADD COLUMN c text"})
    first = ask({"look": look}, commands=ALEMBIC)
    assert (first["asks_copy"], first["unknown"], first["user"]) == (True, ["2"], "shop")
    assert "Revision 2: expected a mark" in first["problem"]
    found = ask({"look": look, "rehearse": seen("SELECT lower(a) FROM t", "UPDATE t SET a = NULL")}, commands=ALEMBIC)
    assert found["lines"] == ["2: data (seen running on a copy, 0.8 s)", "3: expand (its SQL)"]
    assert found["plan"]["steps"][0] == {
        "revision": "2", "phase": "data", "by": "copy", "autocommit": False, "tables": ["t"], "rows": "changed",
        "seconds_on_copy": 0.84,
    }  # fmt: skip
    assert not found["asks_copy"] and found["unknown"] == []


def test_revision_that_is_seen_to_take_away_waits_or_is_refused() -> None:
    results = {"look": looked({}), "rehearse": seen("ALTER TABLE t DROP COLUMN a")}
    found = ask(results, commands=ALEMBIC)
    assert found["lines"] == ["2: contract (seen running on a copy, 0.8 s), waits until no slot runs older code"]
    results["look"] = looked({}, {"revision": "3", "sql": "CREATE TABLE n (id int)"})
    assert "Revision 2 is `contract`: `ALTER TABLE t DROP COLUMN a" in ask(results, commands=ALEMBIC)["problem"]


def test_function_that_the_server_does_not_vouch_for_is_not_known() -> None:
    found = ask({"look": looked({}), "rehearse": seen("SELECT upper(a) FROM t")}, commands=ALEMBIC)
    assert "known to be harmless or harmful, found `SELECT upper(a) FROM t`" in found["problem"]
    assert not found["asks_copy"]


def test_copy_that_is_not_made_says_why_and_asks_for_a_mark() -> None:
    found = ask({"look": looked({})}, commands=ALEMBIC, uncopied="release_database is not set")
    assert not found["asks_copy"] and "mark it" in found["problem"]
    assert "it was not seen running on a copy of the database, because release_database is not set" in found["problem"]


def test_run_on_the_copy_that_failed_is_the_problem() -> None:
    results = {"look": looked({}), "rehearse": seen(failed="2", problem="KeyError: a")}
    found = ask(results, commands=ALEMBIC)
    assert found["known"] and found["plan"] is None and not found["asks_copy"]
    assert "Revision 2: expected it to run on a copy of the database, found KeyError: a" in found["problem"]


def test_nothing_is_copied_for_what_is_marked_or_refused_anyway() -> None:
    assert ask({"look": looked({"doc": "Release-Phase: data"})}, commands=ALEMBIC)["lines"] == ["2: data (its mark)"]
    assert ask({"look": looked({})}, commands=ALEMBIC, phases={"2": "data"})["plan"]
    wrong = {"sql": "DROP TABLE t", "doc": "Release-Phase: expand"}
    found = ask({"look": looked(wrong, {"revision": "3"})}, commands=ALEMBIC)
    assert "expected what its mark" in found["problem"] and not found["asks_copy"]


def test_tool_that_lists_every_migration() -> None:
    lines = "[X]  a.1\n[ ]  a.2\n[X]  b.1\n[ ]  b.2\n"
    found = ask({"current": lines, "heads": lines}, phases={"a.2": "expand", "b.2": "contract"}, **LISTED)
    assert found["pending"] == ["a.2", "b.2"]
    assert (found["before"], found["plan"]["target"], found["plan"]["head"]) == ("a.1", "b.1", "b.2")
    assert found["lines"][1] == "b.2: contract (migration_phases), waits until no slot runs older code"


def test_contract_before_what_is_needed_asks_what_the_live_code_was_written_for() -> None:
    lines = "[X]  a.1\n[ ]  a.2\n[ ]  a.3\n"
    results, phases = {"current": lines, "heads": lines}, {"a.2": "contract", "a.3": "expand"}
    assert ask(results, phases=phases, **LISTED)["asks_live"]
    for known, planned in (("[X]  a.1\n[ ]  a.2\n", True), ("[X]  a.1\n", False)):
        live = [{"__migration_verb": verb, **said(known)} for verb in ("current", "heads")]
        found = ask(results, phases=phases, live=live, **LISTED)
        assert bool(found["plan"]) is planned and not found["asks_live"]
    failed = [{"__migration_verb": "current", **said("", 1)}, {"__migration_verb": "heads", "msg": "no host"}]
    assert "is not known to have it" in ask(results, phases=phases, live=failed, **LISTED)["problem"]


def test_the_door_is_closed_for_what_the_live_code_was_not_written_for_and_for_nothing_else() -> None:
    lines = "[X]  a.1\n[ ]  a.2\n[ ]  a.3\n"
    results, phases = {"current": lines, "heads": lines}, {"a.2": "contract", "a.3": "expand"}
    back: dict[str, Any] = {
        "commands": {**COMMANDS, "downgrade": ["m", "down"]},
        "phases": phases,
        "closed_door": True,
        **LISTED,
    }
    found = ask(results, **back)
    assert found["problem"] == "" and found["plan"]["breaking"] == ["a.2"]
    assert found["plan"]["rollback_class"] == "behind_closed_door"
    assert found["asks_live"], "the live image may have it, and then nobody waits"
    for known, breaking in (("[X]  a.1\n[ ]  a.2\n", []), ("[X]  a.1\n", ["a.2"])):
        live = [{"__migration_verb": verb, **said(known)} for verb in ("current", "heads")]
        again = ask(results, live=live, **back)
        assert again["plan"]["breaking"] == breaking and not again["asks_live"]
    refused = ask(results, **{**back, "commands": COMMANDS})
    assert "migration_commands.downgrade, found none" in refused["problem"] and refused["plan"] is None


@pytest.mark.parametrize(
    ("shown", "refused"), [("2s", False), ("500ms", False), ("0", True), ("5s", True), ("x", True)]
)
def test_lock_timeout_as_show_prints_it(shown: str, refused: bool) -> None:
    results = {"current": "1", "heads": "2", "settings": f"{shown}\n"}
    commands = {**COMMANDS, "settings": ["show"]}
    found = ask(results, commands=commands, phases={"2": "expand"}, lock_timeout_seconds=2.0)
    assert bool(found["problem"]) is refused


def test_nothing_to_apply_needs_no_proof_of_settings() -> None:
    found = ask({"current": "2", "heads": "2"}, lock_timeout_seconds=2.0)
    assert (found["problem"], found["lines"], found["plan"]["steps"]) == ("", [], [])


def test_phase_of_a_revision_that_the_image_does_not_have() -> None:
    found = ask({"current": "[X]  a.1", "heads": "[X]  a.1"}, phases={"a.9": "expand"}, **LISTED)
    assert not found["known"] and "found a.9, which it does not have" in found["problem"]


def test_phase_that_there_is_not() -> None:
    assert (
        "out of expand, contract, data, irreversible, found `safe`"
        in ask({"current": "1", "heads": "2"}, phases={"2": "safe"})["problem"]
    )


def test_without_a_tool_and_without_asking() -> None:
    assert ask({}, commands={})["known"] and not ask({}, commands={})["problem"]
    unasked = ask({}, unasked="migration_plan is false")
    assert not unasked["known"] and unasked["problem"] == "migration_plan is false"


def test_tool_that_failed_is_not_known() -> None:
    found = ask({"heads": "2"}, failed="current")
    assert not found["known"] and "`m current` (current) to succeed, found exit code 1" in found["problem"]


def test_revision_that_a_limit_has_ended_before_is_refused_where_it_would_be_applied() -> None:
    name = "migration_statement_timeout_seconds"
    slow = [{"revision": "2", "seconds": 30.1, "by": name, "limit": 30.0, "release_id": "r1"}]
    given: dict[str, Any] = {"slow": slow, "limits": {name: 30.0, "migration_timeout_seconds": 600.0}}
    results = {"current": "1", "heads": "2"}
    found = ask(results, phases={"2": "expand"}, **given)
    assert found["known"] and found["plan"] is None and not found["asks_live"]
    assert "2, which migration_statement_timeout_seconds (30) ended" in found["problem"]
    assert ask(results, phases={"2": "expand"}, **given, slow_accepted=["2"])["problem"] == ""
    assert ask(results, phases={"2": "contract"}, **given)["problem"] == "", "what waits is not applied"
    assert ask(results, phases={"2": "contract"}, **given, contract=True)["plan"] is None
