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
  - Divides the longest wait of a request into equal steps, behind each of which nginx looks whether the door is open.
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

# nginx allows a request ten changes of its location: one into each wait, one out, and one is left, for X-Accel-Redirect
# say. Equal ones: a door that is open for a moment between two closures is to be seen by as many as can be.
STEPS = 8


def nginx_door_waits(seconds: float) -> list[int]:
    """Milliseconds of each wait; together *seconds*. ValueError for what is no length of time."""
    if seconds <= 0:
        raise ValueError(f"release_closed_door_seconds: expected more than 0 seconds, found {seconds:g}.")
    ends = [round(1000 * seconds * step / STEPS) for step in range(1, STEPS + 1)]
    return [end - begin for begin, end in zip([0, *ends], ends)]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"nginx_door_waits": nginx_door_waits}
