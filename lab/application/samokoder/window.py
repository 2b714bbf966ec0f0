# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened in the last seconds, for the gauges that the release's watch reads (p95 and rates, per instance)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class Window:
    """Samples (duration, failed) of the last `seconds`, at most `most` of them."""

    def __init__(self, seconds: float = 30.0, most: int = 20_000, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds; a test gives its own."""
        self._seconds = seconds
        self._clock = clock
        self._started = clock()
        self._samples: deque[tuple[float, float, bool]] = deque(maxlen=most)

    def add(self, duration: float, failed: bool = False) -> None:
        """Record one sample of `duration` seconds."""
        self._samples.append((self._clock(), duration, failed))

    def p95(self) -> float:
        """Return the 95th percentile of the durations in seconds; 0 when nothing happened."""
        durations = sorted(duration for _, duration, _ in self._current())
        return durations[max(0, -(-len(durations) * 95 // 100) - 1)] if durations else 0.0

    def failed_ratio(self) -> float:
        """Return failed samples / all samples; 0 when nothing happened."""
        current = self._current()
        return sum(failed for _, _, failed in current) / len(current) if current else 0.0

    def per_second(self) -> float:
        """Return samples per second, over the time this window has existed when that is shorter than the window."""
        elapsed = min(self._seconds, max(1.0, self._clock() - self._started))
        return len(self._current()) / elapsed

    def _current(self) -> deque[tuple[float, float, bool]]:
        oldest = self._clock() - self._seconds
        while self._samples and self._samples[0][0] < oldest:
            self._samples.popleft()
        return self._samples
