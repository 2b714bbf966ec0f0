# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of one process, read from the environment once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Where the application finds its parts. Addresses are URLs; `secret` signs the access tokens."""

    database_url: str
    redis_url: str
    secret: str
    version: str
    faults: Path


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that `environment` gives.

    Raises:
        ValueError: a required variable is missing or the secret is too short to sign with.
    """
    missing = [name for name in ("DATABASE_URL", "REDIS_URL", "SAMOKODER_SECRET") if not environment.get(name)]
    if missing:
        raise ValueError(f"expected in the environment: {', '.join(missing)}; found none; set them in the env file")
    secret = environment["SAMOKODER_SECRET"]
    if len(secret) < 32:
        raise ValueError(f"expected SAMOKODER_SECRET of at least 32 characters, found {len(secret)}; make a longer one")
    version = environment.get("APP_VERSION", "0.0.0")
    return Settings(
        database_url=driver_url(environment["DATABASE_URL"]),
        redis_url=environment["REDIS_URL"],
        secret=secret,
        version=version,
        faults=Path(environment.get("SAMOKODER_FAULTS", "/faults")) / version,
    )


def driver_url(url: str) -> str:
    """Return `url` with the driver named: postgres:// and postgresql:// become postgresql+psycopg://."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise ValueError(f"expected DATABASE_URL as postgresql://user:password@host/database, found scheme {scheme!r}")
    return f"postgresql+psycopg://{rest}"
