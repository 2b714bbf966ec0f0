# SPDX-License-Identifier: GPL-3.0-or-later
"""What this container uses of what it may use: control group v2 or v1, else the machine."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60


def _number(*paths: str) -> int | None:
    """Return the first readable number among files below the control group."""
    for path in paths:
        try:
            return int((CGROUP / path).read_text(encoding="ascii").split()[0])
        except (OSError, ValueError, IndexError):
            continue
    return None


def memory_limit() -> int:
    """Return the bytes this container may use; the machine's memory when there is no limit."""
    limit = _number("memory.max", "memory/memory.limit_in_bytes")
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return limit if limit is not None and limit < min(UNLIMITED, machine) else machine


def memory_used() -> int:
    """Return the bytes in use by this container (page cache included, as the limit counts it), or by this process."""
    used = _number("memory.current", "memory/memory.usage_in_bytes")
    if used is not None:
        return used
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def memory_percent() -> float:
    """Return memory used in percent of the limit."""
    return 100.0 * memory_used() / memory_limit()


def disk_percent() -> float:
    """Return the disk used in percent."""
    usage = shutil.disk_usage("/")
    return 100.0 * usage.used / usage.total


def cpu_limit() -> float:
    """Return the CPUs this container may use."""
    try:
        quota, period = (CGROUP / "cpu.max").read_text(encoding="ascii").split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        quota_v1 = _number("cpu/cpu.cfs_quota_us")
        period_v1 = _number("cpu/cpu.cfs_period_us")
    if quota_v1 is not None and period_v1 and quota_v1 > 0:
        return quota_v1 / period_v1
    return float(os.cpu_count() or 1)


def cpu_seconds() -> float:
    """Return the CPU seconds this container has used, or this process."""
    nanoseconds = _number("cpuacct/cpuacct.usage", "cpu,cpuacct/cpuacct.usage")
    if nanoseconds is not None:
        return nanoseconds / 1e9
    try:
        first = (CGROUP / "cpu.stat").read_text(encoding="ascii").split("\n")[0].split()
        return int(first[1]) / 1e6
    except (OSError, ValueError, IndexError):
        return time.process_time()


class CpuMeter:
    """CPU used in percent of what the container may use, over the time between two askings (at least a second)."""

    def __init__(self) -> None:
        """Begin to measure."""
        self._at = time.monotonic()
        self._seconds = cpu_seconds()
        self._percent = 0.0

    def percent(self) -> float:
        """Return the percentage, 0 to 100."""
        elapsed = time.monotonic() - self._at
        if elapsed >= 1.0:
            seconds = cpu_seconds()
            self._percent = 100.0 * (seconds - self._seconds) / (elapsed * cpu_limit())
            self._at, self._seconds = time.monotonic(), seconds
        return max(0.0, min(100.0, self._percent))
