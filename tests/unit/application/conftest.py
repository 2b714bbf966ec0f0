# SPDX-License-Identifier: GPL-3.0-or-later
"""The application's packages are found as in its image; settings and a context without any engine."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from samokoder.settings import Settings

APPLICATION = Path(__file__).resolve().parents[3] / "lab" / "application"
sys.path.insert(0, str(APPLICATION))
LIBRARIES = ("fastapi", "uvicorn", "sqlalchemy", "psycopg", "alembic", "redis", "prometheus_client", "jwt")
MISSING = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
collect_ignore = ["test_gate.py", "test_security.py", "test_serving.py", "test_versions.py"] if MISSING else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so when the application itself was not tested."""
    if MISSING:
        remedy = "pip install -r lab/application/requirements.txt"
        terminalreporter.write_line(f"sample application: NOT TESTED, missing {', '.join(MISSING)}; {remedy}")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of version 1.2.3 whose database and cache nobody listens at."""
    from samokoder.settings import read

    return read(
        {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
            "REDIS_URL": "redis://127.0.0.1:9/0",
            "SAMOKODER_SECRET": "s" * 32,
            "APP_VERSION": "1.2.3",
            "SAMOKODER_FAULTS": str(tmp_path),
        }
    )
