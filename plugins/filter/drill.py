# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters by which the role drill judges a rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import drill


def looks(lb_hosts: Sequence[str], hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """What every proxy that answered knows and serves, by host."""
    found = {}
    for host in lb_hosts:
        facts = hostvars[host]
        if facts.get("release_record_view") and facts.get("nginx_switchover_view"):
            found[host] = {"record": facts["release_record_view"], "proxy": facts["nginx_switchover_view"]}
    return found


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"drill_looks": looks, "drill_judge": drill.judge, "drill_lines": drill.lines}
