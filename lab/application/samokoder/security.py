# SPDX-License-Identifier: GPL-3.0-or-later
"""Password hashes and access tokens. Standard library and PyJWT only, so that migrations can use the hashes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time

import jwt

TOKEN_SECONDS = 24 * 3600
# Cheap on purpose (about 2 ms): the lab's load is not meant to measure scrypt.
COST, BLOCK, PARALLEL = 1024, 8, 1


def hash_password(password: str, salt: bytes | None = None) -> str:
    """Return `password` hashed with scrypt, its parameters and salt in front."""
    salt = salt if salt is not None else os.urandom(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=PARALLEL)
    parts = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("scrypt", str(COST), str(BLOCK), str(PARALLEL), *parts))


def verify_password(password: str, stored: str) -> bool:
    """Tell whether `password` gives the hash `stored`; False for a hash of unknown form."""
    try:
        kind, cost, block, parallel, salt, digest = stored.split("$")
        if kind != "scrypt":
            return False
        found = hashlib.scrypt(
            password.encode(), salt=base64.b64decode(salt), n=int(cost), r=int(block), p=int(parallel)
        )
        return hmac.compare_digest(found, base64.b64decode(digest))
    except ValueError:
        return False


def issue_token(profile_id: int, secret: str, now: float | None = None) -> str:
    """Return a signed token for a profile; `now` is Unix time in seconds. Every instance accepts it."""
    issued = int(now if now is not None else time.time())
    return jwt.encode({"sub": str(profile_id), "iat": issued, "exp": issued + TOKEN_SECONDS}, secret, "HS256")


def read_token(token: str, secret: str) -> int | None:
    """Return the profile a token was issued for; None when it is forged, broken or has expired."""
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp", "sub"]})
        return int(claims["sub"])
    except (jwt.InvalidTokenError, ValueError):
        return None
