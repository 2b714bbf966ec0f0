# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The slot that the proxies of a first install begin with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import other_slot

DOCUMENTATION = r"""
name: nginx_initial_slot
short_description: The slot that the proxies of a first install begin with
version_added: 0.1.0
author: bluegreen.release maintainers (@bluegreen-release)
description:
  - On a first install the slot that is not the candidate, so that the first release is checked through the preview and
    switched to like any other. Otherwise empty, so that a proxy that lost its flag is refused and not guessed for.
options:
  _input:
    description: The release context.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show where a first install begins
  ansible.builtin.debug:
    msg: "{{ release_record_context | bluegreen.release.nginx_initial_slot }}"
"""

RETURN = r"""
_value:
  description: V(blue), V(green), or empty when this is no first install.
  type: str
"""


def nginx_initial_slot(context: Mapping[str, Any]) -> str:
    """The slot beside the candidate on a first install, else an empty text."""
    return other_slot(str(context["candidate"])) if context.get("first") else ""


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"nginx_initial_slot": nginx_initial_slot}
