# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which revisions a release applies, which wait, and which it refuses."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.migration_eval import MigrationError
from ansible_collections.bluegreen.release.plugins.module_utils.migration_plan import (
    Linted,
    Plan,
    contract,
    contract_refusal,
    in_words,
    plan,
    require_settings,
)
from ansible_collections.bluegreen.release.plugins.module_utils.migration_revisions import Revision, View
from ansible_collections.bluegreen.release.plugins.plugin_utils import migration_lint
from ansible_collections.bluegreen.release.plugins.plugin_utils.migration_lint import lint

# What it does, and its phase where nobody marks it; None: it must be marked.
STATEMENTS: dict[str, tuple[str, str | None]] = {
    "nothing": ("", "expand"),
    "column that may be null": ("ALTER TABLE t ADD COLUMN c text", "expand"),
    "column with a constant default": ("ALTER TABLE t ADD COLUMN c text NOT NULL DEFAULT ''", "expand"),
    "column that must be given": ("ALTER TABLE t ADD COLUMN c text NOT NULL", "contract"),
    "new table with its rows": ("CREATE TABLE n (id int UNIQUE); INSERT INTO n VALUES (1); DELETE FROM n", "expand"),
    "constraint of a new table": ("CREATE TABLE n (id int); ALTER TABLE n ADD CONSTRAINT x CHECK (id > 0)", "expand"),
    "index": ("CREATE INDEX i ON t (a)", "expand"),
    "index built beside users": ("COMMIT; CREATE INDEX CONCURRENTLY i ON t (a); BEGIN", "expand"),
    "unique index": ("CREATE UNIQUE INDEX i ON t (a)", "contract"),
    "constraint": ("ALTER TABLE t ADD CONSTRAINT x CHECK (a > 0) NOT VALID", "contract"),
    "foreign key": ("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id) NOT VALID", "contract"),
    "validation": ("ALTER TABLE t VALIDATE CONSTRAINT x", "expand"),
    "dropped index": ("DROP INDEX CONCURRENTLY i", "expand"),
    "dropped column": ("ALTER TABLE t DROP COLUMN a", "contract"),
    "dropped table": ("DROP TABLE t", "contract"),
    "renamed column": ("ALTER TABLE t RENAME COLUMN a TO b", "contract"),
    "renamed table": ("ALTER TABLE t RENAME TO u", "contract"),
    "changed type": ("ALTER TABLE t ALTER COLUMN a TYPE bigint", "contract"),
    "null no more": ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", "contract"),
    "new enum": ("CREATE TYPE e AS ENUM ('a')", "expand"),
    "new enum value": ("ALTER TYPE e ADD VALUE 'b'", "expand"),
    "renamed enum value": ("ALTER TYPE e RENAME VALUE 'a' TO 'b'", "contract"),
    "changed rows": ("UPDATE t SET a = 1", "data"),
    "new rows": ("INSERT INTO t VALUES (1)", "data"),
    "removed rows": ("DELETE FROM t WHERE a = 1", "contract"),
    "rows removed inside of a query": ("WITH d AS (DELETE FROM t RETURNING a) SELECT count(*) FROM d", "contract"),
    "rows moved": ("WITH d AS (DELETE FROM t RETURNING a) INSERT INTO u SELECT a FROM d", "contract"),
    "rows changed inside of a query": ("WITH d AS (UPDATE t SET a = 1 RETURNING a) SELECT count(*) FROM d", "data"),
    "rows moved to a new table": (
        "CREATE TABLE n AS WITH d AS (DELETE FROM t RETURNING a) SELECT a FROM d",
        "contract",
    ),
    "view": ("CREATE VIEW v AS SELECT 1", "expand"),
    "replaced view": ("CREATE OR REPLACE VIEW v AS SELECT 1", None),
    "trigger": ("CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", None),
    "block of code": ("DO $$ BEGIN DELETE FROM t; END $$", None),
    "row security": ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", None),
    "rows of a table that a new one refers to": ("CREATE TABLE n (u int REFERENCES u (id)); DELETE FROM u", "contract"),
    "rows of a table that a new one is filled from": ("CREATE TABLE n AS SELECT * FROM t; UPDATE t SET a = 1", "data"),
    "rows of a table that may be there": ("CREATE TABLE IF NOT EXISTS t (id int); DELETE FROM t", "contract"),
    "rows of a table of that name elsewhere": ("CREATE TABLE o.t (id int); DELETE FROM t", "contract"),
    "rows removed inside a SELECT": ("WITH d AS (DELETE FROM t RETURNING *) SELECT count(*) FROM d", "contract"),
    "rows changed inside a SELECT": ("WITH d AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM d", "data"),
    "catalog read": ("SELECT relname FROM pg_catalog.pg_class", "expand"),
    "rows chosen by the tool's own book": ("DELETE FROM t USING alembic_version", "contract"),
    "column dropped behind a comment": ("ALTER TABLE t -- squawk-ignore ban-drop-column\n DROP COLUMN a", "contract"),
    "default dropped behind a comment": (
        "-- squawk-ignore ban-drop-default\nALTER TABLE t ALTER COLUMN a DROP DEFAULT",
        "contract",
    ),
    "default dropped": ("ALTER TABLE t ALTER COLUMN a DROP DEFAULT", "contract"),
    "trigger dropped": ("DROP TRIGGER r ON t", "contract"),
    "function called": ("SELECT f(1)", None),
    "sequence set": ("SELECT setval('s', (SELECT max(id) FROM t))", "expand"),
    "granted": ("GRANT SELECT ON t TO r", "expand"),
    "revoked": ("REVOKE SELECT ON t FROM r", None),
    "tool's own book": ("UPDATE alembic_version SET version_num = '0002'", "expand"),
    "not SQL": ("DROP TABEL t", None),
}


def pending(*rows: tuple[str, str, str | None], told: str = "") -> View:
    """A database at 0001. rows: revision, mark, SQL. told: the inventory's phase of all of them."""
    revisions = tuple(
        Revision(name, mark, told, sql, "it reads rows" if sql is None else "") for name, mark, sql in rows
    )
    return View("0001", rows[-1][0] if rows else "0001", revisions, ("0001", *(row[0] for row in rows)))


def linted(view: View) -> dict[str, Linted]:
    return lint({one.name: one.sql for one in view.pending if one.sql is not None})


def planned(view: View, live: tuple[str, ...] | None = None) -> Plan:
    return plan(view, linted(view), live)


@pytest.mark.parametrize(("sql", "phase"), STATEMENTS.values(), ids=STATEMENTS)
def test_phase_of_a_revision_that_nobody_marked(sql: str, phase: str | None) -> None:
    view = pending(("0002", "", f"BEGIN;\n-- Running upgrade 0001 -> 0002\n{sql};\nCOMMIT;"))
    if phase is None:
        with pytest.raises(MigrationError, match=r"Revision 0002: expected .* mark it with a Release-Phase"):
            planned(view)
    else:
        found = planned(view)
        steps = found.steps + found.postponed
        assert [(step.phase, step.by) for step in steps] == [(phase, "lint")]
        assert bool(found.postponed) == (phase == "contract")


EFFECTS = {
    "": "kept",
    "ALTER TABLE t ADD COLUMN c text NOT NULL DEFAULT ''": "kept",
    "ALTER TABLE t DROP COLUMN a": "kept",
    "DROP INDEX i": "kept",
    "DROP VIEW v": "kept",
    "INSERT INTO t VALUES (1)": "kept",
    "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING": "kept",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1": "changed",
    "UPDATE t SET a = 1": "changed",
    "UPDATE alembic_version SET version_num = '0002'": "kept",
    "DELETE FROM t WHERE a = 1": "removed",
    "UPDATE t SET a = 1; TRUNCATE t; SELECT 1": "removed",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE": "removed",
    "WITH d AS (DELETE FROM t RETURNING a) SELECT count(*) FROM d": "removed",
    "DROP TABLE t": "removed",
    "DROP SCHEMA s CASCADE": "removed",
    "CREATE TABLE n (id int); INSERT INTO n VALUES (1); DELETE FROM n": "kept",
    "DO $$ BEGIN DELETE FROM t; END $$": "unknown",
    "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()": "unknown",
    "SELECT f(1); DELETE FROM t": "unknown",
    "DROP TABEL t": "unknown",
}


@pytest.mark.parametrize(("sql", "rows"), EFFECTS.items())
def test_what_its_sql_does_to_rows(sql: str, rows: str) -> None:
    view = pending(("0002", "contract", sql))
    assert [step.rows for step in planned(view).postponed] == [rows]
    assert [row["rows"] for row in planned(view).as_dict()["postponed"]] == [rows]


def test_who_names_the_phase_says_nothing_of_what_its_sql_does_to_rows() -> None:
    assert [step.rows for step in planned(pending(("0002", "", "DELETE FROM t"), told="expand")).steps] == ["removed"]
    assert [step.rows for step in planned(pending(("0002", "expand", None))).steps] == ["unknown"]


MARKS = ("expand", "data", "contract", "irreversible")
SQL = {"expand": "SELECT 1", "data": "UPDATE t SET a = 1", "contract": "DROP TABLE t", "unknown": "CALL f()"}


@pytest.mark.parametrize(("mark", "found"), list(itertools.product(MARKS, SQL)))
def test_mark_may_be_stricter_than_the_sql_never_milder(mark: str, found: str) -> None:
    order = ["expand", "data", "contract", "irreversible"]
    view = pending(("0002", mark, SQL[found]))
    if found != "unknown" and order.index(found) > order.index(mark):
        with pytest.raises(MigrationError, match=f"what its mark `{mark}` says, found `{SQL[found]}.*`{found}`"):
            planned(view)
        told = planned(pending(("0002", mark, SQL[found]), told=mark))
        assert [(step.phase, step.by) for step in told.steps + told.postponed] == [(mark, "inventory")]
    else:
        found_plan = planned(view)
        assert [step.phase for step in found_plan.steps + found_plan.postponed] == [mark]


def test_revision_without_sql_needs_a_mark() -> None:
    with pytest.raises(MigrationError, match=r"because its SQL is not known \(it reads rows\)"):
        planned(pending(("0002", "", None)))
    assert planned(pending(("0002", "data", None))).target == "0002"


def test_contract_at_the_end_waits() -> None:
    found = planned(pending(("0002", "expand", ""), ("0003", "contract", ""), ("0004", "irreversible", "")))
    assert (found.target, found.head) == ("0002", "0004")
    assert [step.revision for step in found.postponed] == ["0003", "0004"]


def test_only_contract_changes_nothing() -> None:
    found = planned(pending(("0002", "contract", "")))
    assert (found.target, found.steps) == ("0001", ())


@pytest.mark.parametrize("live", [None, ("0001",)])
def test_contract_before_what_is_needed_is_refused_while_the_live_code_uses_the_old(live: Any) -> None:
    view = pending(("0002", "", "ALTER TABLE t DROP COLUMN a"), ("0003", "expand", ""))
    with pytest.raises(MigrationError, match=r"Revision 0002 is `contract`: `ALTER TABLE t DROP COLUMN a.*`.* 0003"):
        planned(view, live=live)


def test_contract_that_the_live_code_was_written_for_is_applied() -> None:
    view = pending(("0002", "contract", ""), ("0003", "expand", ""))
    assert [step.revision for step in planned(view, live=("0001", "0002")).steps] == ["0002", "0003"]


def test_contract_before_what_is_needed_is_applied_behind_the_closed_door() -> None:
    view = pending(("0002", "expand", ""), ("0003", "contract", ""), ("0004", "expand", ""), ("0005", "contract", ""))
    found = plan(view, {}, None, closed_door=True)
    assert (found.rollback_class, found.breaking, found.target) == ("behind_closed_door", ("0003",), "0004")
    assert [step.revision for step in found.steps] == ["0002", "0003", "0004"]
    assert [step.revision for step in found.postponed] == ["0005"]
    assert "the live version does not survive 0003" in in_words(found)[-1]


@pytest.mark.parametrize(
    "phases", [("expand",), ("expand", "contract"), ("data", "irreversible"), ("contract",)], ids="-".join
)
def test_the_door_stays_open_for_what_the_live_code_survives(phases: tuple[str, ...]) -> None:
    view = pending(*((f"000{number}", phase, "") for number, phase in enumerate(phases, 2)))
    assert plan(view, {}, None, closed_door=True) == plan(view, {}, None)
    assert plan(view, {}, None, closed_door=True).rollback_class == "switch"


def test_the_door_stays_open_for_what_the_live_code_was_written_for() -> None:
    view = pending(("0002", "contract", ""), ("0003", "expand", ""))
    assert plan(view, {}, ("0001", "0002"), closed_door=True).breaking == ()


@pytest.mark.parametrize("phases", [("irreversible", "expand"), ("contract", "irreversible", "data")], ids="-".join)
def test_behind_the_door_nothing_is_applied_that_cannot_be_taken_back(phases: tuple[str, ...]) -> None:
    view = pending(*((f"000{number}", phase, "") for number, phase in enumerate(phases, 2)))
    with pytest.raises(MigrationError, match=r"is `irreversible`.*Nothing was migrated"):
        plan(view, {}, None, closed_door=True)


def test_what_commits_by_itself_and_what_is_touched_is_told() -> None:
    sql = "BEGIN; ALTER TABLE t ADD COLUMN c text; COMMIT; CREATE INDEX CONCURRENTLY i ON t (c); BEGIN; COMMIT;"
    (step,) = planned(pending(("0002", "", sql))).steps
    assert step.autocommit and step.tables == ("t",)


@pytest.mark.parametrize(
    ("settings", "pooled", "problem"),
    [
        ({"lock_timeout": 2000}, False, ""),
        ({"lock_timeout": 1}, None, ""),
        ({"lock_timeout": 2001}, False, "found 2001 ms"),
        ({"lock_timeout": 0}, False, "found none"),
        ({}, False, "found none"),
        (None, None, "expected proof"),
        ({"lock_timeout": 2000}, True, "found a pooler"),
    ],
)
def test_the_tool_must_be_seen_to_give_up_waiting(settings: Any, pooled: Any, problem: str) -> None:
    view = View("0001", "0002", settings=settings, pooled=pooled)
    if problem:
        with pytest.raises(MigrationError, match=problem):
            require_settings(view, 2)
    else:
        require_settings(view, 2)
    require_settings(view, 0)


def test_linted_knows_nothing_at_first() -> None:
    assert Linted() == Linted((), False, ())


@pytest.mark.parametrize(("irreversible", "applied"), [(False, ["0002", "0003"]), (True, ["0002", "0003", "0004"])])
def test_contract_applies_what_waited_and_what_is_irreversible_by_word_only(
    irreversible: bool, applied: list[str]
) -> None:
    view = pending(("0002", "contract", ""), ("0003", "expand", ""), ("0004", "irreversible", ""))
    found = contract(view, linted(view), irreversible)
    assert [step.revision for step in found.steps] == applied and found.target == applied[-1]


def document(**changes: Any) -> dict[str, Any]:
    known = {
        "release_id": "r1", "version": "1.1.0", "from_version": "1.0.0", "outcome": "live", "phase": "closed",
        "standby": {"slot": "blue", "state": "decommissioned", "since": "then"},
    }  # fmt: skip
    return {**known, **changes}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (document(), ""),
        (document(standby=None), ""),
        (document(standby={"slot": "blue", "state": "running", "since": "then"}), "1.0.0 in blue, the standby"),
        (document(outcome="rolled_back"), "release r1 of 1.1.0 rolled_back"),
        (document(outcome=None, phase="watching"), "in phase watching"),
        (None, "found none"),
    ],
)
def test_contract_waits_for_the_last_slot_with_older_code(found: Any, said: str) -> None:
    refusal = contract_refusal(found)
    assert (said in refusal) if said else refusal == ""


@pytest.mark.parametrize(
    ("sql", "mark", "tables"),
    [
        ("ALTER TABLE s.t ADD COLUMN c text; UPDATE u SET a = 1", "data", ("t", "u")),
        ("CREATE TABLE n (id int); INSERT INTO n VALUES (1)", "expand", ()),
        ("DO $$ BEGIN DELETE FROM t; END $$", "expand", None),
        (None, "expand", None),
    ],
)
def test_what_is_touched_is_known_or_said_not_to_be(sql: str | None, mark: str, tables: Any) -> None:
    found = planned(pending(("0002", mark, sql)))
    assert found.steps[0].tables == tables
    assert found.as_dict()["tables_known"] == (tables is not None)


@pytest.mark.parametrize(
    ("sql", "mark", "writes"),
    [
        ("UPDATE s.t SET a = 1, b = 2", "", ["t.a", "t.b"]),
        ("WITH x AS (UPDATE t SET a = 1 RETURNING id) SELECT count(*) FROM x", "", ["t.a"]),
        ("INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = 3", "", ["t.b"]),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING", "", []),
        ("CREATE TABLE n (id int); UPDATE n SET id = 1", "", []),
        ("DO $$ BEGIN UPDATE t SET a = 1; END $$", "data", None),
        ("DO $$ BEGIN UPDATE t SET a = 1; END $$", "expand", []),
        (None, "data", None),
        (None, "expand", []),
    ],
)
def test_what_is_written_over_rows_is_known_or_trusted_to_a_mark(sql: str | None, mark: str, writes: Any) -> None:
    found = planned(pending(("0002", mark, sql))).as_dict()["writes"]
    assert found == (None if writes is None else [{"table": t, "column": c} for t, c in (w.split(".") for w in writes)])


def test_what_a_merge_updates_is_written() -> None:
    into = "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = 1"
    sql = f"{into} WHEN NOT MATCHED THEN INSERT (b) VALUES (1)"
    assert migration_lint.lint({"0002": sql})["0002"].writes == (("t", "a"),)


def test_statement_that_squawk_cannot_read_is_not_harmless() -> None:
    """As a version of squawk that is older than PostgreSQL's parser."""
    with pytest.MonkeyPatch.context() as patch:
        said = '[{"file": "FILE", "line": 0, "rule_name": "syntax-error"}]'
        patch.setattr(migration_lint, "_run", lambda command, _folder: said.replace("FILE", command[-1]))
        with pytest.raises(MigrationError, match="mark it with a Release-Phase"):
            planned(pending(("0002", "", "ALTER TABLE t ADD COLUMN c text")))
