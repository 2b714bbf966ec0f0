# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command while somebody holds a table of the application in a transaction that goes on.

Usage: python -m tests.database.beside SECONDS TABLE COMMAND...

After SECONDS the transaction ends, or with the command, if that ends before. The exit code is the command's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import psycopg
from psycopg import sql

from lab.settings import read_settings

HOLDER = "a long report"


def main(seconds: float, table: str, command: list[str]) -> int:
    """Hold the table, and run the command."""
    known = json.loads((read_settings(os.environ).state / "inventory.json").read_text())["all"]["vars"]
    with psycopg.connect(
        host=known["lab_db_address"], dbname=known["lab_db_name"], user=known["lab_db_user"],
        password=known["lab_db_password"], application_name=HOLDER,
    ) as connection:  # fmt: skip
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.Identifier(table)))
        timer = threading.Timer(seconds, connection.commit)
        timer.start()
        try:
            return subprocess.run(command, check=False).returncode
        finally:
            timer.cancel()
            timer.join()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
