# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user is in the middle of, kept in Redis for his session: any version goes on with what another has begun."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from samokoder.context import Parts, Profile

router = APIRouter(prefix="/api/draft")
SESSION_SECONDS = 24 * 3600


class Draft(BaseModel):
    """What a user has typed and not yet saved."""

    text: str = Field(max_length=10_000)


@router.put("")
async def keep(draft: Draft, context: Parts, profile: Profile) -> Draft:
    """Keep it."""
    await context.redis.set(f"samokoder:draft:{profile}", draft.model_dump_json(), ex=SESSION_SECONDS)
    return draft


@router.get("")
async def read(context: Parts, profile: Profile) -> Draft:
    """Give it back; 404 when there is none."""
    kept = await context.redis.get(f"samokoder:draft:{profile}")
    if kept is None:
        raise HTTPException(404, "no draft of yours")
    return Draft.model_validate_json(kept)
