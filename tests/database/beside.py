# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command while somebody holds a table of the application in a transaction that goes on.

Usage: python -m tests.database.beside SECONDS TABLE COMMAND...

After SECONDS the transaction ends, or with the command, if that ends before. The exit code is the command's.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.database import connect, query

from lab.settings import read_settings

HOLDER = "a long report"


def login() -> dict[str, Any]:
    """How the lab's application reaches its database."""
    known = json.loads((read_settings(os.environ).state / "inventory.json").read_text())["all"]["vars"]
    return {
        "address": known["lab_db_address"], "port": 5432, "name": known["lab_db_name"], "user": known["lab_db_user"],
        "password": known["lab_db_password"], "parameters": {},
    }  # fmt: skip


def main(seconds: float, table: str, command: list[str]) -> int:
    """Hold the table, and run the command."""
    with contextlib.closing(connect(login(), HOLDER)) as connection:
        query(connection, "BEGIN")
        query(connection, f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        timer = threading.Timer(seconds, lambda: query(connection, "COMMIT"))
        timer.start()
        try:
            return subprocess.run(command, check=False).returncode
        finally:
            timer.cancel()
            timer.join()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
