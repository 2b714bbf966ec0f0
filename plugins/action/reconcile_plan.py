# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide on the controller what brings every host to what the last record says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import reconcile_plan
from ansible_collections.bluegreen.release.plugins.module_utils.options import LOOKS, Options
from ansible_collections.bluegreen.release.plugins.plugin_utils.planning import Planning

SPEC: Options = {**LOOKS, "patience_seconds": {"type": "float", "default": 600}}


class ActionModule(Planning):
    """The pure plan, made of what every host registered."""

    SPEC = SPEC

    def plan(self, looks: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make the plan. Refused with the reason."""
        hosts = given["lb_hosts"], given["app_hosts"]
        return reconcile_plan.plan(looks, *hosts, given["patience_seconds"], given["stamp"])
