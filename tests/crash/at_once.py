# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one playbook many times at once, half from a terminal and half by ansible-runner; exactly one may proceed.

Usage: python -m tests.crash.at_once COUNT PLAYBOOK ARGUMENTS...

Prints every output. Exit code 0 when one run ended with 0, and every other was refused before it touched anything.
"""

from __future__ import annotations

import concurrent.futures
import re
import shlex
import sys
import tempfile

from tests.crash.killed import ROOT, Run, killed

REFUSED = re.compile(
    r"another run was faster|a free release lock|no unfinished release|no other release at work|is live already"
)


def by_runner(playbook: str, arguments: list[str], folder: str) -> list[str]:
    """The command that runs a playbook as AWX does."""
    words = shlex.join(arguments)
    return ["ansible-runner", "run", folder, "--project-dir", str(ROOT), "-p", playbook, f"--cmdline={words}"]


def at_once(count: int, playbook: str, arguments: list[str]) -> list[Run]:
    """All runs, in the order in which they were begun."""
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(count) as pool:
        commands = [
            by_runner(playbook, arguments, f"{folder}/{number}")
            if number % 2
            else ["ansible-playbook", playbook, *arguments]
            for number in range(count)
        ]
        return list(pool.map(lambda command: killed("", "", command), commands))


if __name__ == "__main__":
    runs = at_once(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
    for number, run in enumerate(runs):
        print(f"RUN {number} ended with {run.code}:\n{run.output}")
    proceeded = [run for run in runs if run.code == 0]
    others = [run for run in runs if run.code != 0]
    refused = [run for run in others if REFUSED.search(" ".join(run.output.split()))]
    print(f"{len(proceeded)} proceeded, {len(refused)} of {len(others)} others were refused")
    sys.exit(0 if len(proceeded) == 1 and len(refused) == len(others) else 1)
