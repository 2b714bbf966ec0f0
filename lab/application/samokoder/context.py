# SPDX-License-Identifier: GPL-3.0-or-later
"""What every request needs, hung on the application's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, HTTPException
from fastapi.requests import HTTPConnection
from redis.asyncio import Redis

from samokoder.database import Database
from samokoder.faults import Faults
from samokoder.metrics import Metrics
from samokoder.security import read_token
from samokoder.settings import Settings


@dataclass(frozen=True)
class Context:
    """The parts of one running application."""

    settings: Settings
    faults: Faults
    metrics: Metrics
    database: Database
    redis: Redis


async def current_context(connection: HTTPConnection) -> Context:
    """Return the application's parts."""
    context: Context = connection.app.state.context
    return context


Parts = Annotated[Context, Depends(current_context)]


async def current_profile(context: Parts, authorization: Annotated[str, Header()] = "") -> int:
    """Return the id of the profile whose token came with the request; 401 without a valid one."""
    scheme, _, token = authorization.partition(" ")
    profile = read_token(token, context.settings.secret) if scheme.lower() == "bearer" else None
    if profile is None:
        raise HTTPException(401, "expected a valid bearer token; log in at /api/auth/login")
    context.metrics.user(str(profile))
    return profile


Profile = Annotated[int, Depends(current_profile)]
