# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the SQL of a migration means for code that was written before it.

Two readers, both of the controller's requirements: ``squawk`` names what breaks clients, and ``pglast``, PostgreSQL's
own parser, names every statement, so that a kind that neither of them knows passes nobody unseen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.migration_plan import UNKNOWN, Finding, Linted

_SECONDS = 60
_SHOWN = 160
# The tools' own books.
_BOOKS = frozenset(("alembic_version", "django_migrations"))

# squawk's rules for what breaks clients; those that are about locks are told by `slow`.
_BREAKING = frozenset((
    "adding-not-nullable-field", "adding-required-field", "ban-add-composite-attribute",
    "ban-alter-domain-with-add-constraint", "ban-drop-column", "ban-drop-constraint", "ban-drop-database",
    "ban-drop-default", "ban-drop-domain", "ban-drop-extension", "ban-drop-function", "ban-drop-generated-expression",
    "ban-drop-not-null", "ban-drop-schema", "ban-drop-sequence", "ban-drop-table", "ban-drop-type", "ban-drop-view",
    "ban-set-schema", "ban-truncate-cascade", "changing-column-type", "renaming-column", "renaming-object",
    "renaming-table",
))  # fmt: skip

# Statements that code which does not know of them never meets.
_ADDING = frozenset((
    "AlterStatsStmt", "CommentStmt", "CompositeTypeStmt", "CreateDomainStmt", "CreateEnumStmt", "CreateExtensionStmt",
    "CreateRangeStmt", "CreateSchemaStmt", "CreateSeqStmt", "CreateStatsStmt", "CreateStmt", "CreateTableAsStmt",
    "ReindexStmt", "SelectStmt", "TransactionStmt", "VacuumStmt", "VariableSetStmt", "VariableShowStmt",
))  # fmt: skip
_ADDING_TO_TABLE = frozenset((
    "AT_AddColumn", "AT_ColumnDefault", "AT_SetOptions", "AT_SetRelOptions", "AT_SetStatistics", "AT_SetStorage",
    "AT_ValidateConstraint",
))  # fmt: skip
# squawk judges these, and knows when they are harmless.
_JUDGED_IN_TABLE = frozenset((
    "AT_AlterColumnType", "AT_DropColumn", "AT_DropConstraint", "AT_DropNotNull", "AT_SetNotNull",
))  # fmt: skip
_CHANGING_ROWS = frozenset(("CopyStmt", "InsertStmt", "MergeStmt", "UpdateStmt"))
_REMOVING_ROWS = frozenset(("DeleteStmt", "TruncateStmt"))


class LintError(Exception):
    """The SQL cannot be judged on this controller; the text says why, and what to do."""


def lint(texts: Mapping[str, str]) -> dict[str, Linted]:
    """What the SQL of each revision means. texts: in the order in which they are applied. Raises LintError."""
    made: set[str] = set()
    read = {name: _read(text, made) for name, text in texts.items()}
    broken = _squawk(texts) if texts else {}
    return {
        name: Linted(
            findings=(*broken.get(name, ()), *found.findings), autocommit=found.autocommit, tables=found.tables
        )
        for name, found in read.items()
    }


def _squawk(texts: Mapping[str, str]) -> dict[str, list[Finding]]:
    """What breaks clients, by revision; one run for all of them."""
    with tempfile.TemporaryDirectory(prefix="bluegreen-lint-") as folder:
        files = {str(Path(folder, f"{number}.sql")): name for number, name in enumerate(texts)}
        for path, name in files.items():
            Path(path).write_text(texts[name])
        done = _run([_program(), "--reporter", "json", "--no-error-on-unmatched-pattern", *files], folder)
    try:
        said: list[dict[str, Any]] = json.loads(done)
    except ValueError as error:
        raise LintError(f"expected JSON from squawk, found {done[-_SHOWN:]!r}. Run it by hand") from error
    found: dict[str, list[Finding]] = {}
    for one in said:
        if one["rule_name"] in _BREAKING:
            name = files[one["file"]]
            statement = _line(texts[name], int(one["line"]))
            found.setdefault(name, []).append(Finding("contract", f"{statement} ({one['rule_name']})"))
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


def _read(text: str, made: set[str]) -> Linted:
    """Every statement by its kind. made: tables that no code before knows; grows."""
    try:
        import pglast
    except ImportError:
        raise LintError("expected pglast on the controller, found none: pip install -r requirements.txt") from None
    try:
        statements = pglast.parse_sql(text)
    except pglast.parser.ParseError as error:
        return Linted((Finding(UNKNOWN, f"PostgreSQL's parser does not read it: {error.args[0]}"),), False, ())
    findings: list[Finding] = []
    tables: set[str] = set()
    commits = 0
    for raw in statements:
        statement: Any = raw.stmt
        kind = type(statement).__name__
        commits += kind == "TransactionStmt" and statement.kind.name == "TRANS_STMT_COMMIT"
        used = set(_tables(statement))
        new = used <= made and bool(used)
        if kind in ("CreateStmt", "CreateTableAsStmt"):
            made |= used
            continue
        if used & _BOOKS:
            continue
        tables |= used - made
        findings += [Finding(phase, _shown(text, raw)) for phase in _phases(statement, new)]
    return Linted(tuple(findings), commits > 1, tuple(sorted(tables)))


def _shown(text: str, raw: Any) -> str:
    """The text of a statement, for a message; its place is counted in bytes."""
    encoded = text.encode()
    end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(encoded)
    words = (line.partition("--")[0] for line in encoded[raw.stmt_location : end].decode(errors="replace").split("\n"))
    return " ".join(" ".join(words).split())[:_SHOWN]


def _tables(statement: Any) -> Iterator[str]:
    """The tables that a statement names."""
    from pglast.visitors import referenced_relations

    try:
        yield from (name.rpartition(".")[2].strip('"') for name in referenced_relations(statement))
    except (TypeError, ValueError, AttributeError):
        return


def _phases(statement: Any, new: bool) -> Iterator[str]:
    """The phases of a statement that are worse than ``expand``. new: whether it is about new tables alone."""
    kind = type(statement).__name__
    if kind in _ADDING or (new and kind in _CHANGING_ROWS | _REMOVING_ROWS):
        return
    if kind in _CHANGING_ROWS:
        yield "data"
    elif kind in _REMOVING_ROWS:
        yield "contract"
    elif kind == "AlterTableStmt":
        yield from (phase for command in statement.cmds for phase in _of_command(command, new))
    elif kind == "IndexStmt":
        # What the old code writes may be refused by it.
        yield from ["contract"] if statement.unique and not new else []
    elif not _harmless(kind, statement):
        yield UNKNOWN


def _of_command(command: Any, new: bool) -> Iterator[str]:
    name = command.subtype.name
    if name in _ADDING_TO_TABLE or name in _JUDGED_IN_TABLE:
        return
    if name == "AT_AddConstraint":
        yield from [] if new else ["contract"]
    else:
        yield UNKNOWN


def _harmless(kind: str, statement: Any) -> bool:
    """Whether a kind that is sometimes harmless is so here; what squawk judges is left to it."""
    if kind == "AlterEnumStmt":
        return True  # a renamed value is squawk's
    if kind == "DropStmt":
        return True  # an index is nobody's business, everything else is squawk's
    if kind == "RenameStmt":
        return True
    if kind in ("ViewStmt", "CreateFunctionStmt"):
        return not statement.replace
    return kind == "GrantStmt" and bool(statement.is_grant)
