# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a second command while a first one is at a task of its own.

Usage: python -m tests.crash.beside TASK FIRST... -- SECOND...

Prints both outputs. Exit code 0 when the second ended with 0 and the first, which lost its lock to it, did not.
"""

from __future__ import annotations

import concurrent.futures
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.killed import Run, killed

LONGEST_SECONDS = 300


def beside(task: str, first: list[str], second: list[str]) -> tuple[Run, Run]:
    """Run both; the second begins a moment after the first has come to *task*."""
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor() as pool:
        log = Path(folder) / "tasks"
        one = pool.submit(killed, "", "", first, 1, log)
        until = time.monotonic() + LONGEST_SECONDS
        while not (log.exists() and task in log.read_text()):
            if one.done() or time.monotonic() > until:
                sys.exit(f"expected {' '.join(first)} to come to «{task}»; it did not:\n{one.result().output}")
            time.sleep(0.05)
        other = killed("", "", second)
        return one.result(), other


if __name__ == "__main__":
    middle = sys.argv.index("--")
    lost, won = beside(sys.argv[1], sys.argv[2:middle], sys.argv[middle + 1 :])
    print(f"FIRST ended with {lost.code}:\n{lost.output}\nSECOND ended with {won.code}:\n{won.output}")
    sys.exit(0 if won.code == 0 and lost.code != 0 else 1)
