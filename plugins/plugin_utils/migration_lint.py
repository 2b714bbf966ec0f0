# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the SQL of a migration means for code that was written before it.

Two readers, both of the controller's requirements: ``squawk`` names what breaks clients, and ``pglast``, PostgreSQL's
own parser, names every statement, so that a kind that nobody judged passes nobody unseen.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.migration_books import BOOKS
from ansible_collections.bluegreen.release.plugins.module_utils.migration_plan import ROWS, UNKNOWN, Finding, Linted
from ansible_collections.bluegreen.release.plugins.plugin_utils.migration_writes import written

_SECONDS = 60
_SHOWN = 160
_BOOKS = frozenset(BOOKS)
# A comment by which squawk is told to look away: a phase is marked, and not hidden.
_LOOK_AWAY = re.compile(r"squawk-ignore", re.IGNORECASE)

# squawk's rules for what breaks clients; its others are about locks, which a lock timeout bounds.
_BREAKING = frozenset((
    "adding-not-nullable-field", "adding-required-field", "ban-add-composite-attribute",
    "ban-alter-domain-with-add-constraint", "ban-drop-column", "ban-drop-constraint", "ban-drop-database",
    "ban-drop-default", "ban-drop-domain", "ban-drop-extension", "ban-drop-function", "ban-drop-generated-expression",
    "ban-drop-not-null", "ban-drop-schema", "ban-drop-sequence", "ban-drop-table", "ban-drop-type", "ban-drop-view",
    "ban-set-schema", "ban-truncate-cascade", "changing-column-type", "renaming-column", "renaming-object",
    "renaming-table",
))  # fmt: skip
# It could not read a statement, so it judged nothing of it.
_UNREAD = "syntax-error"

# Statements that code which does not know of them never meets.
_ADDING = frozenset((
    "AlterStatsStmt", "CommentStmt", "CompositeTypeStmt", "CreateDomainStmt", "CreateEnumStmt", "CreateExtensionStmt",
    "CreateRangeStmt", "CreateSchemaStmt", "CreateSeqStmt", "CreateStatsStmt", "ReindexStmt", "TransactionStmt",
    "VacuumStmt", "VariableSetStmt", "VariableShowStmt",
))  # fmt: skip
_MAKING = frozenset(("CreateStmt", "CreateTableAsStmt"))
_ADDING_TO_TABLE = frozenset((
    "AT_AddColumn", "AT_ColumnDefault", "AT_SetOptions", "AT_SetRelOptions", "AT_SetStatistics", "AT_SetStorage",
    "AT_ValidateConstraint",
))  # fmt: skip
_BREAKING_TABLE = frozenset((
    "AT_AddConstraint", "AT_AlterColumnType", "AT_DropColumn", "AT_DropConstraint", "AT_DropNotNull", "AT_SetNotNull",
))  # fmt: skip
_CHANGING_ROWS = frozenset(("CopyStmt", "InsertStmt", "MergeStmt", "UpdateStmt"))
_REMOVING_ROWS = frozenset(("DeleteStmt", "TruncateStmt"))
# What is dropped with its rows.
_WITH_ROWS = frozenset(("OBJECT_EXTENSION", "OBJECT_FOREIGN_TABLE", "OBJECT_SCHEMA", "OBJECT_TABLE"))
# Functions that a SELECT of a migration may call: they change nothing, or what no row holds.
_HARMLESS_FUNCTIONS = frozenset((
    "clock_timestamp", "count", "gen_random_uuid", "max", "min", "nextval", "pg_get_serial_sequence", "random",
    "set_config", "setval",
))  # fmt: skip
# What a revision that looks before it acts reads there is no table that users are on.
_CATALOGS = ("pg_catalog.", "information_schema.")


class LintError(Exception):
    """The SQL cannot be judged on this controller; the text says why, and what to do."""


def lint(texts: Mapping[str, str], calm: frozenset[str] = frozenset()) -> dict[str, Linted]:
    """What the SQL of each revision means. Raises LintError.

    texts: in the order in which they are applied. calm: functions that change nothing besides those known here.
    """
    made: set[str] = set()
    read = {name: _read(text, made, _HARMLESS_FUNCTIONS | calm) for name, text in texts.items()}
    broken = _squawk(texts) if texts else {}
    return {name: replace(found, findings=(*broken.get(name, ()), *found.findings)) for name, found in read.items()}


def _squawk(texts: Mapping[str, str]) -> dict[str, list[Finding]]:
    """What breaks clients, by revision; one run for all of them."""
    with tempfile.TemporaryDirectory(prefix="bluegreen-lint-") as folder:
        files = {str(Path(folder, f"{number}.sql")): name for number, name in enumerate(texts)}
        for path, name in files.items():
            Path(path).write_text(_LOOK_AWAY.sub("(not ignored)", texts[name]))
        done = _run([_program(), "--reporter", "json", "--no-error-on-unmatched-pattern", *files], folder)
    try:
        said: list[dict[str, Any]] = json.loads(done)
    except ValueError as error:
        raise LintError(f"expected JSON from squawk, found {done[-_SHOWN:]!r}. Run it by hand") from error
    found: dict[str, list[Finding]] = {}
    for one in said:
        name, rule = files[one["file"]], one["rule_name"]
        if rule in _BREAKING or rule == _UNREAD:
            statement = _line(texts[name], int(one["line"]))
            phase = UNKNOWN if rule == _UNREAD else "contract"
            found.setdefault(name, []).append(Finding(phase, f"{statement} ({rule})"))
    return found


def _program() -> str:
    beside = Path(sys.executable).with_name("squawk")
    return str(beside) if beside.exists() else "squawk"


def _run(command: list[str], folder: str) -> str:
    try:
        done = subprocess.run(command, text=True, capture_output=True, timeout=_SECONDS, check=False, cwd=folder)
    except FileNotFoundError:
        raise LintError("expected squawk on the controller, found none: pip install -r requirements.txt") from None
    except subprocess.TimeoutExpired:
        raise LintError(f"expected squawk to end within {_SECONDS} s, found that it did not") from None
    if done.returncode not in (0, 1):
        raise LintError(f"expected squawk to end with 0 or 1, found {done.returncode}: {done.stderr[-_SHOWN:]}")
    return done.stdout


def _line(text: str, number: int) -> str:
    lines = text.split("\n")
    return " ".join(lines[number].split())[:_SHOWN] if number < len(lines) else ""


def _read(text: str, made: set[str], calm: frozenset[str]) -> Linted:
    """Every statement by its kind.

    made: tables that no code before knows, as they were named; grows. calm: functions that change nothing.
    """
    try:
        import pglast
    except ImportError:
        raise LintError("expected pglast on the controller, found none: pip install -r requirements.txt") from None
    try:
        statements = pglast.parse_sql(text)
    except pglast.parser.ParseError as error:
        return Linted(
            (Finding(UNKNOWN, f"PostgreSQL's parser does not read it: {error.args[0]}"),), False, None, UNKNOWN, None
        )
    findings: list[Finding] = []
    tables: set[str] = set()
    writes: set[tuple[str, str]] = set()
    rows: set[str] = {ROWS[0]}
    commits = 0
    for raw in statements:
        statement: Any = raw.stmt
        kind = type(statement).__name__
        commits += kind == "TransactionStmt" and statement.kind.name == "TRANS_STMT_COMMIT"
        used = set(_tables(statement))
        if used and {_bare(name) for name in used} <= _BOOKS:
            continue
        made |= set(_made_by(kind, statement))
        tables |= {_bare(name) for name in used - made}
        new = bool(used) and used <= made
        effect = ROWS[0] if new else _effect(statement)
        writes |= set() if new else written(statement)
        phases = _with_effect(list(_phases(statement, new, calm)), effect)
        findings += [Finding(phase, _shown(text, raw)) for phase in phases]
        rows.add(UNKNOWN if UNKNOWN in phases else effect)
    # What a statement does that nobody can judge is not known either.
    known = UNKNOWN not in rows
    worst = max(rows, key=ROWS.index)
    return Linted(
        tuple(findings), commits > 1, tuple(sorted(tables)) if known else None, worst,
        tuple(sorted(writes)) if known else None,
    )  # fmt: skip


def _effect(statement: Any) -> str:
    """What a statement does to rows that are there, one of ROWS; also inside of another, as WITH can have it."""
    from pglast.visitors import Visitor

    found = {ROWS[0]}

    class Effects(Visitor):
        def visit_UpdateStmt(self, _ancestors: Any, _node: Any) -> None:
            found.add("changed")

        def visit_OnConflictClause(self, _ancestors: Any, node: Any) -> None:
            found.add("changed" if node.action.name == "ONCONFLICT_UPDATE" else ROWS[0])

        def _remove(self, _ancestors: Any, _node: Any) -> None:
            found.add("removed")

        visit_DeleteStmt = visit_MergeStmt = visit_TruncateStmt = _remove

        def visit_DropStmt(self, _ancestors: Any, node: Any) -> None:
            found.add("removed" if node.removeType.name in _WITH_ROWS else ROWS[0])

    Effects()(statement)
    return max(found, key=ROWS.index)


def _with_effect(phases: list[str], effect: str) -> list[str]:
    """The phases of a statement with that of what it does to rows, where it does so inside of another."""
    if effect == "removed" and "contract" not in phases:
        return [*phases, "contract"]
    return [*phases, "data"] if effect == "changed" and not phases else phases


def _shown(text: str, raw: Any) -> str:
    """The text of a statement, for a message; its place is counted in bytes."""
    encoded = text.encode()
    end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(encoded)
    words = (line.partition("--")[0] for line in encoded[raw.stmt_location : end].decode(errors="replace").split("\n"))
    return " ".join(" ".join(words).split())[:_SHOWN]


def _tables(statement: Any) -> Iterator[str]:
    """The tables that a statement names, with their schema where it does."""
    from pglast.visitors import referenced_relations

    names = (name.replace('"', "") for name in referenced_relations(statement))
    yield from (name for name in names if not name.startswith(_CATALOGS))


def _bare(name: str) -> str:
    return name.rpartition(".")[2]


def _made_by(kind: str, statement: Any) -> Iterator[str]:
    """The table that a statement makes; none where it may be there already, with what users have in it."""
    if kind not in _MAKING or statement.if_not_exists:
        return
    table = statement.relation if kind == "CreateStmt" else statement.into.rel
    yield f"{table.schemaname}.{table.relname}" if table.schemaname else table.relname


def _phases(statement: Any, new: bool, calm: frozenset[str]) -> Iterator[str]:
    """The phases of a statement that are worse than ``expand``.

    new: whether it is about new tables alone. calm: functions that change nothing.
    """
    kind = type(statement).__name__
    # PostgreSQL allows what changes rows inside another statement only in its WITH, at the top.
    for inner in getattr(getattr(statement, "withClause", None), "ctes", None) or ():
        yield from _phases(inner.ctequery, new, calm)
    if kind in _CHANGING_ROWS:
        yield from [] if new else ["data"]
    elif kind in _REMOVING_ROWS:
        yield from [] if new else ["contract"]
    elif kind == "AlterTableStmt":
        yield from (phase for command in statement.cmds for phase in _of_command(command.subtype.name, new))
    elif kind == "IndexStmt":
        # What the old code writes may be refused by it.
        yield from ["contract"] if statement.unique and not new else []
    elif kind in ("SelectStmt", "CreateTableAsStmt"):
        yield from [] if _called_by(statement) <= calm else [UNKNOWN]
    elif kind not in _ADDING and kind not in _MAKING:
        yield from _seldom(kind, statement)


def _of_command(name: str, new: bool) -> Iterator[str]:
    if name in _BREAKING_TABLE:
        yield from [] if new else ["contract"]
    elif name not in _ADDING_TO_TABLE:
        yield UNKNOWN


def _called_by(statement: Any) -> set[str]:
    """The functions that a statement calls."""
    from pglast.visitors import Visitor

    called: set[str] = set()

    class Calls(Visitor):
        def visit_FuncCall(self, _ancestors: Any, node: Any) -> None:
            called.add(node.funcname[-1].sval)

    Calls()(statement)
    return called


def _seldom(kind: str, statement: Any) -> Iterator[str]:
    """The phases of kinds of which some statements are harmless."""
    if kind == "AlterEnumStmt":
        yield from ["contract"] if statement.oldVal else []
    elif kind == "DropStmt":
        yield from [] if statement.removeType.name == "OBJECT_INDEX" else ["contract"]
    elif kind == "RenameStmt":
        yield from [] if statement.renameType.name == "OBJECT_INDEX" else ["contract"]
    elif kind in ("ViewStmt", "CreateFunctionStmt"):
        yield from [UNKNOWN] if statement.replace else []
    elif not (kind == "GrantStmt" and statement.is_grant):
        yield UNKNOWN
