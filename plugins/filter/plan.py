# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of the collection around the plan of a release."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.release_plan import plan_lines


def release_plan(
    hosts: Sequence[str], hostvars: Mapping[str, Mapping[str, Any]], inputs: Mapping[str, Any], diff: bool = False
) -> str:
    """The plan of a release, from what the run left in the variables of the *hosts*."""
    facts = {host: hostvars[host] for host in hosts}
    first = facts[inputs["release_app_hosts"][0]]
    seen = {
        "context": first["release_record_context"],
        "inputs": inputs,
        "images": {host: (one.get("__preflight_probe") or {}).get("image") for host, one in facts.items()},
        "provision": first.get("green_provision_plan"),
        "sites": {host: _result(one.get("nginx_switchover_site")) for host, one in facts.items()},
        "migration": first.get("migration_outlook"),
        "rollback_database": inputs.get("rollback_database"),
    }
    return "\n".join(plan_lines(seen, bool(diff)))


def _result(value: Any) -> Mapping[str, Any] | None:
    """A registered result; None for a task that was skipped or did not succeed."""
    usable = isinstance(value, Mapping) and not value.get("skipped") and not value.get("failed")
    return value if usable else None


class FilterModule:
    """Filters of the collection around the plan of a release."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"release_plan": release_plan}
