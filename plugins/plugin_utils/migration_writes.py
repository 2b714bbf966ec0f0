# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Into which columns the SQL of a migration writes over rows that are there, by PostgreSQL's own parser.

Its downgrade may write there as well, over what users have written since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def written(statement: Any) -> set[tuple[str, str]]:
    """Table, without its schema, and column of each; also of what a WITH has inside."""
    from pglast.visitors import Visitor

    found: set[tuple[str, str]] = set()

    def add(table: Any, targets: Iterable[Any] | None) -> None:
        found.update((table.relname, target.name) for target in targets or ())

    class Writes(Visitor):
        def visit_UpdateStmt(self, _ancestors: Any, node: Any) -> None:
            add(node.relation, node.targetList)

        def visit_InsertStmt(self, _ancestors: Any, node: Any) -> None:
            if node.onConflictClause:
                add(node.relation, node.onConflictClause.targetList)

        def visit_MergeStmt(self, _ancestors: Any, node: Any) -> None:
            for targets in _updates(node.mergeWhenClauses):
                add(node.relation, targets)

    Writes()(statement)
    return found


def _updates(clauses: Iterable[Any]) -> Iterator[Iterable[Any]]:
    from pglast.enums import CmdType

    for clause in clauses:
        if CmdType(clause.commandType) is CmdType.CMD_UPDATE:
            yield clause.targetList
