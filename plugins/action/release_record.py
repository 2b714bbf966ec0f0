# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write and read records by the program that is resident on the host, or by the module."""

from __future__ import annotations

from typing import Any

from ansible_collections.bluegreen.release.plugins.modules.release_record import REQUIRED_IF, SPEC
from ansible_collections.bluegreen.release.plugins.plugin_utils.resident import Resident


class ActionModule(Resident):
    """The module of the same name."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give what the module returns."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        return {**result, **self.execute("release_record", self._task.args, SPEC, REQUIRED_IF, task_vars or {})}
