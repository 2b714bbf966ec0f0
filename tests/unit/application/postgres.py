# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away PostgreSQL for tests, where the machine has its programs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found and shutil.which("psql") else None


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run a server for one test module and yield its URL; it never runs as root."""
    folder = programs()
    assert folder is not None
    port = free_port()
    place = Path(tempfile.mkdtemp(prefix="samokoder-postgres-"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(place, "postgres")
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data, options = place / "data", f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"

    def run(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, cwd=place, stdout=subprocess.DEVNULL, timeout=60)

    try:
        run(str(folder / "initdb"), "--auth=trust", "--username=postgres", "--no-sync", "-D", str(data))
        run(str(folder / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(place / "log"), "-w", "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            run(str(folder / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)
