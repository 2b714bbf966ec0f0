# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PostgreSQL's own programs, pg_dump and pg_restore: how they get the password, and what is said where they are not."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError

_LAST = 600


def missing(name: str) -> DatabaseError:
    """What is wrong on a host that does not have the program."""
    return DatabaseError(
        f"expected {name} on this host, found none: install PostgreSQL's client (Debian: postgresql-client), of the"
        " server's version or newer, or set backup_host to a host that has it"
    )


def failed(name: str, code: int, said: str) -> DatabaseError:
    """What is wrong with a program that has failed."""
    return DatabaseError(f"expected {name} to succeed, found exit code {code}: {' '.join(said.split())[-_LAST:]}")


@contextlib.contextmanager
def password_file(login: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The environment with which PostgreSQL's tools find the password; the file is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bluegreen-backup-") as folder:
        path = os.path.join(folder, "pgpass")
        escaped = str(login["password"]).replace("\\", "\\\\").replace(":", "\\:")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(f"*:*:*:*:{escaped}\n")
        known = {"PGPASSFILE": path, "PGHOST": str(login["address"]), "PGPORT": str(login["port"])}
        more = {f"PG{name.upper()}": str(value) for name, value in (login.get("parameters") or {}).items()}
        yield {**known, "PGUSER": str(login["user"]), "PGAPPNAME": "pg_dump", **more}


def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run one to its end. Raises DatabaseError."""
    try:
        done = subprocess.run(
            list(command), env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise missing(command[0]) from None
    if done.returncode:
        raise failed(command[0], done.returncode, done.stderr or done.stdout)
