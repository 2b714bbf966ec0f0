# SPDX-License-Identifier: GPL-3.0-or-later
"""The processor goes to the estate before it goes to what acts on it.

Servers do not share a processor with the controller; the lab's hosts do. On control groups that Docker manages by
itself, every process outside weighs as much as all containers together, so a playbook would starve the users.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

GROUP = "bluegreen-lab"
# Sixteen times a process of its own, in the units of version 1 (default 1024) and 2 (default 100).
_WEIGHTS = (("cpu", "cpu.shares", "16384"), ("cpu,cpuacct", "cpu.shares", "16384"), ("", "cpu.weight", "1600"))


def parent_option(cgroup_driver: str) -> list[str]:
    """Options of `docker create` that put a host into the lab's control group; none where systemd manages them."""
    return ["--cgroup-parent", f"/{GROUP}"] if cgroup_driver == "cgroupfs" else []


def prefer_hosts(root: Path = Path("/sys/fs/cgroup")) -> bool:
    """Give the lab's control group its weight; whether there is one that takes it (only root can)."""
    done = False
    for controller, name, weight in _WEIGHTS:
        with contextlib.suppress(OSError):
            path = root / controller / GROUP / name
            if path.exists():
                path.write_text(weight)
                done = True
    return done
