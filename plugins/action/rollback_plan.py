# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide on the controller what going back has to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import rollback_plan
from ansible_collections.bluegreen.release.plugins.module_utils.options import LOOKS, Options
from ansible_collections.bluegreen.release.plugins.plugin_utils.planning import Planning

SPEC: Options = {
    **LOOKS,
    "to": {"type": "str", "default": ""},
    "force": {"type": "bool", "default": False},
    "takeover": {"type": "bool", "default": False},
    "database": {"type": "str", "choices": ["auto", "never", "always"], "default": "auto"},
    "unfinished": {"type": "bool", "default": False},
}


class ActionModule(Planning):
    """The pure plan, made of what every host registered."""

    SPEC = SPEC

    def plan(self, looks: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make the plan. Refused with the reason."""
        asked = rollback_plan.Asked(
            given["to"], given["force"], given["takeover"], given["unfinished"], given["database"]
        )
        return rollback_plan.plan(looks, given["lb_hosts"], given["app_hosts"], asked, given["stamp"])
