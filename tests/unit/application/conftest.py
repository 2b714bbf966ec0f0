# SPDX-License-Identifier: GPL-3.0-or-later
"""The application's packages are found as in its image; settings and a context without any engine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

APPLICATION = Path(__file__).resolve().parents[3] / "lab" / "application"
sys.path.insert(0, str(APPLICATION))

from samokoder.settings import Settings, read  # noqa: E402


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of version 1.2.3 whose database and cache nobody listens at."""
    return read(
        {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
            "REDIS_URL": "redis://127.0.0.1:9/0",
            "SAMOKODER_SECRET": "s" * 32,
            "APP_VERSION": "1.2.3",
            "SAMOKODER_FAULTS": str(tmp_path),
        }
    )
