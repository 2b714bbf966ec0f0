"""What a migration tool says, and what may follow from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bluegreen.release.plugins.filter.migration import (
    migration_answer,
    migration_facts,
    migration_proof,
    migration_questions,
    migration_settings,
    migration_slow_facts,
    migration_tool_commands,
)
from ansible_collections.bluegreen.release.plugins.module_utils.migration_plan import reached

ROLE = Path(__file__).parents[4] / "roles" / "migration" / "defaults" / "main.yml"
DEFAULTS = yaml.safe_load(ROLE.read_text())
COMMANDS = {
    "current": ["alembic", "current"],
    "heads": ["alembic", "heads"],
    "upgrade": ["alembic", "upgrade", "head"],
}


def answer(verb: str, stdout: str = "", rc: int | None = 0, stderr: str = "", **more: Any) -> dict[str, str]:
    result = {"stdout": stdout, "stderr": stderr, "rc": rc, **more}
    if rc is None and "timed_out" not in more:
        del result["rc"]
    pattern, unknown = DEFAULTS["migration_revision_pattern"], DEFAULTS["migration_unknown_pattern"]
    return migration_answer(result, verb, COMMANDS, pattern, unknown)


@pytest.mark.parametrize(
    ("stdout", "revision"),
    [
        ("0001", "0001"),
        ("ae1027a6acf (head)\n", "ae1027a6acf"),
        ("INFO  [alembic] Context impl\r\n0002_add (head)\r\n", "0002_add"),
        ("0002 (head) (mergepoint)", "0002"),
    ],
)
def test_revision_as_alembic_prints_it(stdout: str, revision: str) -> None:
    assert answer("current", stdout) == {"revision": revision, "problem": ""}


def test_empty_database_has_no_revision_and_an_image_has_one() -> None:
    assert answer("current", "") == {"revision": "", "problem": ""}
    assert "expected a revision from `heads`, found none" in answer("heads", "")["problem"]


def test_several_heads_are_refused() -> None:
    problem = answer("heads", "0002 (head)\n0003 (head)\n")["problem"]
    assert "expected one revision from `heads`, found 2: 0002, 0003" in problem


def test_database_ahead_of_the_image() -> None:
    problem = answer("current", rc=1, stderr="FAILED: Can't locate revision identified by '0009'")["problem"]
    assert "one that is ahead of it" in problem and "'0009'" in problem


def test_failure_has_the_tools_last_lines_without_compose() -> None:
    stderr = " Network x_default  Created\n Container x-run  Creating\n" + "\n".join(
        f"line {number}" for number in range(40)
    )
    problem = answer("upgrade", rc=1, stderr=stderr)["problem"]
    assert "`alembic upgrade head` (upgrade) to succeed, found exit code 1" in problem
    assert (
        "line 39" in problem and "line 19\n" not in problem and "Container" not in problem and "Network" not in problem
    )


def test_module_that_never_ran_is_a_failure() -> None:
    """A refusal by the fence has a message and no exit code."""
    assert "epoch 3 is stale" in answer("upgrade", rc=None, msg="epoch 3 is stale")["problem"]


def test_output_of_the_upgrade_is_no_revision() -> None:
    assert answer("upgrade", "0002") == {"revision": "", "problem": ""}


@pytest.mark.parametrize(("pattern", "found"), [("(", "regular expression"), ("^x$", "group")])
def test_pattern_that_cannot_be_used(pattern: str, found: str) -> None:
    assert found in migration_answer({"rc": 0, "stdout": "x"}, "current", COMMANDS, pattern)["problem"]


# As Django 5.2 prints it: manage.py showmigrations --plan, and migrate --plan.
DJANGO = r"^\[[X ]\]\s+(\S+)"
WAITING = r"^\[ \]"
APPLIED = "[X]  contenttypes.0001_initial\n[X]  sessions.0001_initial\n[X]  shop.0001_initial\n"


def listed(verb: str, stdout: str, pattern: str = DJANGO, pending: str = WAITING) -> dict[str, str]:
    return migration_answer({"rc": 0, "stdout": stdout}, verb, COMMANDS, pattern, "", pending)


@pytest.mark.parametrize(
    ("stdout", "current", "head"),
    [
        (APPLIED, "shop.0001_initial", "shop.0001_initial"),
        (APPLIED + "[ ]  shop.0002_a_m\r\n", "shop.0001_initial", "shop.0002_a_m"),
        ("[ ]  contenttypes.0001_initial\n[ ]  shop.0001_initial\n", "", "shop.0001_initial"),
        # An application with migrations of its own stands after the pending one, applied or not.
        ("[X]  a.0001_x\n[ ]  a.0002_y\n[X]  b.0001_z\n", "a.0001_x", "b.0001_z"),
        ("[X]  a.0001_x\n[ ]  a.0002_y\n[ ]  b.0001_z\n", "a.0001_x", "b.0001_z"),
    ],
)
def test_tool_that_lists_every_migration(stdout: str, current: str, head: str) -> None:
    assert listed("current", stdout) == {"revision": current, "problem": ""}
    assert listed("heads", stdout) == {"revision": head, "problem": ""}
    assert (current == head) is ("[ ]" not in stdout)


def test_list_without_a_migration_has_no_head() -> None:
    assert listed("current", "(no migrations)\n") == {"revision": "", "problem": ""}
    assert "expected a revision from `heads`, found none" in listed("heads", "(no migrations)\n")["problem"]


def test_pending_line_whose_revision_is_not_found_is_not_passed_over() -> None:
    """Else nothing would look pending, and a database behind would be taken for one at the head."""
    problem = listed("heads", APPLIED + "[ ]  shop.0002_a_m\n", pattern=r"^\[X\]\s+(\S+)")["problem"]
    assert "found none in `[ ]  shop.0002_a_m`" in problem and "migration_pending_pattern" in problem


def test_pending_pattern_that_cannot_be_used() -> None:
    assert "regular expression as migration_pending_pattern" in listed("current", APPLIED, pending="(")["problem"]


def test_list_without_a_pending_pattern_is_several_revisions() -> None:
    assert "found 3: contenttypes.0001_initial" in listed("current", APPLIED, pending="")["problem"]


def test_proof() -> None:
    assert migration_proof("0002", "0002") == ""
    assert "expected the database at revision 0002" in migration_proof("0001", "0002")
    assert "found none" in migration_proof("", "0002")


def test_questions_change_nothing() -> None:
    commands = {**COMMANDS, "settings": ["show"], "preview": ["sql"], "downgrade": ["alembic", "downgrade"]}
    assert list(migration_questions(commands)) == ["current", "heads", "settings"]
    assert list(migration_questions({**commands, "look": ["look"]})) == ["look"]
    assert migration_questions({}) == {}


def test_commands_of_alembic_and_what_an_inventory_says_instead() -> None:
    known = migration_tool_commands({"upgrade": ["mine"]}, "alembic", ["poetry", "run", "python"], "db/alembic.ini")
    assert known["current"] == ["poetry", "run", "python", "-m", "alembic", "--config", "db/alembic.ini", "current"]
    assert known["look"][:4] == ["poetry", "run", "python", "-c"] and known["look"][-1] == "db/alembic.ini"
    assert known["upgrade"] == ["mine"]
    assert migration_tool_commands({}, "", ["python"], "") == {}


def test_statement_of_a_revision_that_commits_by_itself_has_no_time_limit() -> None:
    assert migration_settings(2, 30, False) == "-c lock_timeout=2000 -c statement_timeout=30000"
    assert migration_settings(0.5, 30, True) == "-c lock_timeout=500 -c statement_timeout=0"


def test_run_that_took_too_long_names_who_stood_in_its_way() -> None:
    blockers = ["server process 7 (app, no name, from 10.0.0.1) is idle in transaction in a transaction of 40 s"]
    found = answer("upgrade", rc=None, timed_out=True, seconds=600.0, blockers=blockers, attempts=3)["problem"]
    assert "to end within its time, found that it did not in 600.0 s" in found
    assert "It was tried 3 times. In its way: server process 7" in found and "Still there" not in found
    left = ["server process 9 (app, bluegreen.release tool of shop, from 10.0.0.1)"]
    found = answer("upgrade", rc=None, timed_out=True, seconds=600.0, left=left)["problem"]
    assert "Still there, with what they have locked: server process 9" in found


@pytest.mark.parametrize(
    "said",
    [
        "psycopg.OperationalError: consuming input failed: server closed the connection unexpectedly",
        "psycopg.errors.AdminShutdown: terminating connection due to administrator command",
        'connection to server at "10.0.0.1", port 5432 failed: Connection refused',
        'connection to server at "db", port 5432 failed: FATAL:  the database system is starting up',
        "SQLSTATE 57P01",
    ],
)
def test_database_that_went_away(said: str) -> None:
    problem = answer("upgrade", rc=1, stderr=said)["problem"]
    assert "The connection to the database was lost" in problem and "Bring it back" in problem and said in problem
    assert "Correct the migration" not in problem


def test_failure_that_is_none_of_the_connection() -> None:
    said = 'connection to server at "db", port 5432 failed: FATAL:  password authentication failed'
    assert "was lost" not in answer("upgrade", rc=1, stderr=said)["problem"]


def test_facts_for_the_record() -> None:
    plan = {
        "before": "0001",
        "target": "0002",
        "head": "0003",
        "steps": [],
        "postponed": [],
        "rollback_class": "switch",
    }
    kept: dict[str, Any] = {"target": "0002", "head": "0003", "steps": [], "postponed": [], "proof": None}
    assert migration_facts({"plan": plan}) == {
        "revision_before": "0001", "rollback_class": "switch", "migration": kept, "backup": None,
    }  # fmt: skip
    assert migration_facts({"plan": None}) == {
        "revision_before": None, "rollback_class": "switch", "migration": None, "backup": None,
    }  # fmt: skip
    step = {"revision": "0002"}
    assert migration_facts({"plan": {**plan, "steps": [step]}}, {"mode": "none"})["backup"] == {"mode": "none"}


def test_record_learns_what_a_migration_has_added_and_a_downgrade_has_lost() -> None:
    decided = {"target": "0002", "steps": []}
    up = {"after": "0002", "changed": True, "changes": {"since": 7}, "lost": None}
    learned = reached(up, decided)
    assert learned == {"revision_after": "0002", "migration": {**decided, "changes": {"since": 7}}}
    down = {"after": "0001", "changed": True, "changes": None, "lost": {"rows": 1}}
    assert reached(down, learned["migration"])["migration"] == {**learned["migration"], "lost": {"rows": 1}}
    assert reached({**down, "changed": False}, decided) == {"revision_after": "0001"}


def test_facts_of_a_revision_that_took_too_long() -> None:
    """Of a record whose release did not migrate, as an adoption's, the field is what was decided now."""
    entry = {"revision": "0003", "seconds": 30.2, "by": "migration_statement_timeout_seconds", "limit": 30.0}
    plan = {"before": "1", "target": "3", "head": "3", "steps": [], "postponed": [], "rollback_class": "switch"}
    assert migration_slow_facts({"migration": None}, [], {"plan": None}) == {}
    found = migration_slow_facts({"migration": None}, [entry], {"plan": plan})["migration"]
    assert found == {"target": "3", "head": "3", "steps": [], "postponed": [], "proof": None, "slow": [entry]}
    waiting = {"target": "2", "head": "3", "steps": [], "postponed": [{"revision": "0003"}]}
    found = migration_slow_facts({"migration": waiting}, [entry], {"plan": plan})["migration"]
    assert found == {**waiting, "slow": [entry]}


@pytest.mark.parametrize(
    ("result", "decided", "facts"),
    [
        ({"after": "0002", "proof": None}, {"target": "0002", "proof": None}, {}),
        ({"after": "0002", "proof": {"state": "failed"}}, {"target": "0002", "proof": None},
         {"migration": {"target": "0002", "proof": {"state": "failed"}}}),
        ({"after": None, "proof": None}, None, {}),
        ({"after": "0002", "proof": {"state": "proved"}}, None, {}),
    ],
)  # fmt: skip
def test_what_the_record_learns_behind_a_migration(result: Any, decided: Any, facts: Any) -> None:
    assert reached(result, decided) == {"revision_after": result["after"], **facts}
