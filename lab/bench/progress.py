# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a measurement, on standard error; and commands that are timed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from lab.errors import LabError
from lab.process import last_lines
from lab.settings import ROOT

_BEGUN = time.monotonic()
BUSY = 2.0


def say(text: str) -> None:
    """One line, with the seconds since the start of everything."""
    print(f"bench {time.monotonic() - _BEGUN:4.0f} s: {text}", file=sys.stderr, flush=True)


def timed(words: Sequence[str], remedy: str = "read the message above") -> float:
    """Run a command of this repository that has to succeed; its seconds.

    Raises:
        LabError: it failed, with the last lines of what it said.
    """
    begun = time.monotonic()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begun
    if done.returncode:
        said = last_lines(done.stdout + done.stderr)
        raise LabError(f"success of: {' '.join(words)}", f"exit code {done.returncode}: {said}", remedy)
    return seconds


def load_average() -> float:
    """Processes at work on this machine, over the last minute."""
    return os.getloadavg()[0]


def machine() -> str:
    """The machine in general terms."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, load {load_average():.1f}"
