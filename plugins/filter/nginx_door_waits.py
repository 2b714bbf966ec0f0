# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long a request waits from step to step behind the closed door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DOCUMENTATION = r"""
name: nginx_door_waits
short_description: The waits behind the closed door
version_added: 0.1.0
author: bluegreen.release maintainers (@bluegreen-release)
description:
  - Divides the longest wait of a request into steps, behind each of which nginx looks whether the door is open. Each is
    half as long again as the one before it.
options:
  _input:
    description: Longest wait in seconds.
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Show the steps
  ansible.builtin.debug:
    msg: "{{ 30 | bluegreen.release.nginx_door_waits }}"
"""

RETURN = r"""
_value:
  description: The waits in milliseconds.
  type: list
  elements: int
"""

# nginx allows a request ten changes of its location: one in, one out, and the rest is left to the configuration that
# ours is part of, and to the answer of the application (X-Accel-Redirect, an error page).
STEPS = 6
GROWTH = 1.5


def nginx_door_waits(seconds: float) -> list[int]:
    """Milliseconds of each wait; together *seconds*. ValueError for what is no length of time."""
    if seconds <= 0:
        raise ValueError(f"release_closed_door_seconds: expected more than 0 seconds, found {seconds:g}.")
    weights = [GROWTH**step for step in range(STEPS)]
    ends = [round(1000 * seconds * sum(weights[: step + 1]) / sum(weights)) for step in range(STEPS)]
    return [end - begin for begin, end in zip([0, *ends], ends)]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"nginx_door_waits": nginx_door_waits}
