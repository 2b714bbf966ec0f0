# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What actions share that make a plan out of one look at every host."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.module_utils import release_take
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options
from ansible_collections.bluegreen.release.plugins.module_utils.rollback_plan import Refused
from ansible_collections.bluegreen.release.plugins.plugin_utils.action_arguments import arguments_of


class Planning(ActionBase):
    """Gather the looks, have the pure plan made, and set what the tasks that take the lock read."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    SPEC: ClassVar[Options]

    @abstractmethod
    def plan(self, looks: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make the plan by the task's arguments. Refused with the reason."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the plan; fail with the reason where it is refused."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = arguments_of(self, self.SPEC)
        hostvars = (task_vars or {}).get("hostvars", {})
        looks = {
            host: look
            for host in {*given["lb_hosts"], *given["app_hosts"]}
            if "slots" in (look := hostvars[host].get(given["looks"]) or {})
        }
        try:
            plan = self.plan(looks, given)
        except Refused as error:
            return {**result, "failed": True, "msg": str(error)}
        result.update(changed=False, warnings=plan["notes"], **plan)
        if wish := plan["wish"]:
            # For every host: the wish is one, and the context goes on from what the record says now, if there is one.
            document, holder = wish["document"], wish["holder"]
            lock = {name: holder[name] for name in ("release_id", "epoch")}
            context = release_take.context(document, holder["epoch"]) if document else lock
            # What the lock is taken with, so that no host has to look through the records of all for it again.
            proxies = [host for host in given["lb_hosts"] if host in looks]
            views = {host: look["record"] for host, look in looks.items()}
            others = sorted(host for host in looks if host != proxies[0])
            taking = {"decider": proxies[0], "others": others, "leftovers": release_take.closed_of(views)}
            result["ansible_facts"] = {
                "__release_record_wish": {**wish, **taking},
                "__rollback_stamp": given["stamp"],
                "release_record_context": context,
            }
        return result
