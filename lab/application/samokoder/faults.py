# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that the lab turns on: a file <faults>/<version>/<name> exists while the fault is on.

The file's text is the fault's amount (a rate, seconds or megabytes); empty means the fault's default.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

DEFAULTS = {
    "errors": 1.0,  # share of requests answered 500
    "latency": 3.0,  # seconds added to every answer
    "down": 1.0,  # the process exits and refuses to start
    "unhealthy": 1.0,  # share of health checks answered 503
    "login": 1.0,  # share of logins answered 500
    "ai": 1.0,  # share of generations answered 500
    "db_errors": 1.0,  # share of database requests that fail
    "cpu": 2.0,  # processes that spin
    "memory": 97.0,  # percent of the container's limit to fill
    "migration": 1.0,  # the newest revision fails half-way
    "slow_boot": 15.0,  # seconds before serving
}
FRESH_SECONDS = 0.2


class Faults:
    """The faults that are on, read from a directory at most every 0.2 s, so that asking costs nothing."""

    def __init__(self, directory: Path) -> None:
        """`directory` may be missing: no fault is on then."""
        self._directory = directory
        self._read_at = float("-inf")
        self._active: dict[str, float] = {}

    def active(self) -> dict[str, float]:
        """Return the faults that are on, each with its amount."""
        now = time.monotonic()
        if now - self._read_at >= FRESH_SECONDS:
            self._active = self._read()
            self._read_at = now
        return self._active

    def hits(self, name: str) -> bool:
        """Tell whether fault `name` strikes this time: always at amount 1, in that share of cases below it."""
        share = self.active().get(name, 0.0)
        return share >= 1.0 or random.random() < share

    def _read(self) -> dict[str, float]:
        try:
            names = [entry.name for entry in self._directory.iterdir() if entry.name in DEFAULTS]
        except OSError:
            return {}
        return {name: self._amount(name) for name in names}

    def _amount(self, name: str) -> float:
        try:
            return float((self._directory / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return DEFAULTS[name]
