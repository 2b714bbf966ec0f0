# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host has of what a dump needs: PostgreSQL's client, the driver, a role that may, and room."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import subprocess
from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import database, database_backup, preflight_proc
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError, query

TOOLS = ("pg_dump", "pg_restore")
_TOOL_SECONDS = 15
_VERSION = re.compile(r"\(PostgreSQL\) (\d+[.\w]*)")
_ROLE = """
SELECT current_setting('server_version'), rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user
"""


def look(login: Mapping[str, Any], directory: str, max_age: float, now: float) -> dict[str, Any]:
    """All of it; never fails for what is missing.

    max_age: how many seconds old a dump of everything may be, for none to be made. now: seconds since 1970.
    """
    driver = importlib.util.find_spec("psycopg2") is not None
    return {
        "tools": {name: _version(name) for name in TOOLS},
        "driver": driver,
        "database": _database(login) if driver else {"problem": ""},
        "directory": preflight_proc.directory(directory),
        "young": _has_young(directory, now - max_age),
    }


def _version(tool: str) -> str | None:
    """What a tool calls its version, in its own words where these are no version; None where there is no such tool."""
    try:
        done = subprocess.run(
            [tool, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TOOL_SECONDS,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout)
    return found.group(1) if found else " ".join((done.stderr or done.stdout).split())[:100] or "no version"


def _database(login: Mapping[str, Any]) -> dict[str, Any]:
    try:
        with contextlib.closing(database.connect(login, f"bluegreen.release look of {login['name']}")) as connection:
            version, creates = query(connection, _ROLE)[0]
            size = database_backup.size(connection)
    except DatabaseError as error:
        return {"problem": str(error)}
    return {"problem": "", "version": str(version), "creates": bool(creates), "bytes": size}


def _has_young(directory: str, oldest: float) -> bool:
    """Whether there is a good dump of everything that is younger, as far as that is seen without reading it all."""
    try:
        known = database_backup.manifests(directory, checked=False)
    except OSError:
        return False
    return any(one.get("kind") == "full" and not one["problem"] and one["made_at"] > oldest for one in known)
