# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lab is meant: its name, its ports and its folder."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

ROOT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")
_LOWEST_PORT, _HIGHEST_PORT = 1024, 65000


@dataclass(frozen=True)
class Settings:
    """One lab of this machine.

    Attributes:
        name: prefix of everything that belongs to the lab.
        port: the first proxy's front door on 127.0.0.1; further proxies have the ports after it.
        state: folder of keys, inventory and shape.
    """

    name: str
    port: int
    state: Path

    def container(self, host: str) -> str:
        """The container that stands in for a host."""
        return f"{self.name}-{host}"

    @property
    def network(self) -> str:
        """Name of the lab's network."""
        return f"{self.name}-lab"

    @property
    def label(self) -> str:
        """The label that all of the lab's Docker objects carry."""
        return f"bluegreen.lab={self.name}"


def state_home(environment: Mapping[str, str]) -> Path:
    """Folder that holds the folders of all labs of this user."""
    base = environment.get("XDG_STATE_HOME") or os.path.join(environment.get("HOME", "/root"), ".local", "state")
    return Path(base) / "bluegreen-lab"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The lab that LAB_NAME (default demo) and LAB_PORT (default 8080) mean.

    Raises:
        LabError: one of them is not usable.
    """
    name = environment.get("LAB_NAME") or "demo"
    if not _NAME.fullmatch(name):
        raise LabError(
            "LAB_NAME: a lower-case letter, then up to 23 lower-case letters, digits and hyphens",
            repr(name),
            "export LAB_NAME=demo, or another name of that form",
        )
    port = environment.get("LAB_PORT") or "8080"
    if not port.isascii() or not port.isdigit() or not _LOWEST_PORT <= int(port) <= _HIGHEST_PORT:
        expected = f"LAB_PORT: a number from {_LOWEST_PORT} to {_HIGHEST_PORT}"
        raise LabError(expected, repr(port), "export LAB_PORT=8080, or another free port")
    return Settings(name=name, port=int(port), state=state_home(environment) / name)
