# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating a project once, however often the request is sent with the same Idempotency-Key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from samokoder.context import Context


async def create_once(
    context: Context, table: sa.Table, columns: Sequence[sa.Column[Any]], values: Mapping[str, Any]
) -> tuple[sa.RowMapping, bool]:
    """Insert `values` and return (row, created); the row of the first time when the key was used before.

    `columns` are named explicitly, so that a column added by a later version does not matter.
    """
    statement = insert(table).values(**values)
    if values["idempotency_key"] is not None:
        statement = statement.on_conflict_do_nothing(index_elements=["owner_id", "idempotency_key"])
    rows = await context.database.rows(statement.returning(*columns))
    if rows:
        context.metrics.projects_created.inc()
        return rows[0], True
    earlier = await context.database.rows(
        sa.select(*columns).where(
            table.c.owner_id == values["owner_id"], table.c.idempotency_key == values["idempotency_key"]
        )
    )
    return earlier[0], False
