# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The arguments of an action that runs on the controller, checked as Ansible checks those of a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.plugin_utils import filters_loaded as filters_loaded


def arguments_of(action: ActionBase, spec: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Give the task's arguments, converted and with defaults. Raises Ansible's own error for a wrong one."""
    given: dict[str, Any]
    _, given = action.validate_argument_spec(argument_spec=spec)
    return given
