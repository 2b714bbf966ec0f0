# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that are not about a request: the process dies, spins or fills its memory while their file exists."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

from samokoder import resources
from samokoder.faults import Faults

STEP = 8 * 1024 * 1024
# Never more than this without a limit of the container: the lab must not bring down the machine it runs on.
MOST_WITHOUT_LIMIT = 512 * 1024 * 1024
MOST_SPINNERS = 4
EXIT_CODE = 70


class Torment:
    """Looks after the faults every 0.2 s until it is stopped."""

    def __init__(self, faults: Faults) -> None:
        """Nothing happens before `run`."""
        self._faults = faults
        self._ballast: list[bytes] = []
        self._spinners: list[subprocess.Popen[bytes]] = []

    async def run(self) -> None:
        """Apply faults until cancelled; leaves no process behind."""
        try:
            while True:
                active = self._faults.active()
                if "down" in active:
                    os._exit(EXIT_CODE)
                self._spin(min(MOST_SPINNERS, int(active.get("cpu", 0))))
                self._fill(active.get("memory", 0.0))
                await asyncio.sleep(0.2)
        finally:
            self._spin(0)

    def _spin(self, count: int) -> None:
        while len(self._spinners) < count:
            self._spinners.append(subprocess.Popen([sys.executable, "-I", "-S", "-c", "while True: pass"]))
        while len(self._spinners) > count:
            spinner = self._spinners.pop()
            spinner.kill()
            spinner.wait()

    def _fill(self, percent: float) -> None:
        if percent <= 0:
            self._ballast.clear()
            return
        room = min(MOST_WITHOUT_LIMIT, resources.memory_limit()) - len(self._ballast) * STEP
        if room > 2 * STEP and resources.memory_percent() < percent:
            self._ballast.append(os.urandom(1) * STEP)
