# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from samokoder.context import Parts
from samokoder.database import profiles
from samokoder.security import TOKEN_SECONDS, issue_token, verify_password

router = APIRouter(prefix="/api/auth")


class Credentials(BaseModel):
    """What a user logs in with."""

    email: str = Field(max_length=320)
    password: str = Field(max_length=1024)


class Token(BaseModel):
    """What a user gets for it; `expires_in` in seconds."""

    access_token: str
    token_type: str = "bearer"
    expires_in: int = TOKEN_SECONDS


@router.post("/login")
async def login(credentials: Credentials, context: Parts) -> Token:
    """Give a token for the right email and password."""
    if context.faults.hits("login"):
        raise HTTPException(500, "login failed: fault login is on")
    found = await context.database.rows(
        sa.select(profiles.c.id, profiles.c.password_hash).where(profiles.c.email == credentials.email)
    )
    if not found or not verify_password(credentials.password, found[0]["password_hash"]):
        raise HTTPException(401, "wrong email or password")
    profile: int = found[0]["id"]
    context.metrics.user(str(profile))
    return Token(access_token=issue_token(profile, context.settings.secret))
