# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The functions of module_utils/hooks.py as filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import hooks


class FilterModule:
    """Filters of the role hook."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "hook_list": hooks.hooks_of,
            "hook_targets": hooks.hook_targets,
            "hook_payload": hooks.payload,
            "hook_task_file": hooks.task_file,
            "hook_ending": hooks.ending,
        }
