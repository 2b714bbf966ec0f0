# SPDX-License-Identifier: GPL-3.0-or-later
"""The processor goes to the estate and its users before it goes to what acts on it.

Servers and users do not share a processor with the controller; the lab's do. On control groups that Docker manages by
itself, every process outside weighs as much as all containers together, so a playbook would starve them.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

GROUP = "bluegreen-lab"
# Sixteen times a process of its own, in the units of version 1 (default 1024) and 2 (default 100).
_WEIGHTS = (("cpu", "cpu.shares", "16384"), ("cpu,cpuacct", "cpu.shares", "16384"), ("", "cpu.weight", "1600"))

# How nice (-20 to 19) the users are: one step is about a quarter more of the processor.
_USERS = -15


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


def prefer_users() -> bool:
    """Give this process, which plays the users, the processor before the controller's; whether it may (only root)."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _USERS)
        return True
    return False
