# SPDX-License-Identifier: GPL-3.0-or-later
"""Sharing, for versions that have it: they differ in the roles that they know."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter

from samokoder.context import Parts, Profile


def of(roles: Sequence[str]) -> APIRouter:
    """Return the API of a version that knows `roles`; what it shares, it shares in the newest of them.

    As with any enumeration of SQLAlchemy's, a row with a role that is not among them cannot be read: LookupError.
    """
    router = APIRouter(prefix="/api/shares")
    shares = sa.Table(
        "shares",
        sa.MetaData(),
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("role", sa.Enum(*roles, name="share_role", create_type=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    columns = (shares.c.id, shares.c.role, shares.c.created_at)

    @router.post("", status_code=201)
    async def share(context: Parts, owner: Profile) -> dict[str, Any]:
        """Share everything with the newest role."""
        values = {"owner_id": owner, "role": roles[-1], "created_at": datetime.datetime.now(datetime.UTC)}
        return dict((await context.database.rows(sa.insert(shares).values(values).returning(*columns)))[0])

    @router.get("")
    async def newest(context: Parts, owner: Profile) -> list[dict[str, Any]]:
        """List the newest shares of the user, whichever version made them."""
        statement = sa.select(*columns).where(shares.c.owner_id == owner).order_by(shares.c.id.desc()).limit(20)
        return [dict(row) for row in await context.database.rows(statement)]

    return router
