# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of playbooks/status.yml: the views of all hosts as one document, and that document for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import estate

PARTS = {"record": "release_record_view", "proxy": "nginx_switchover_view", "probe": "__status_probe"}


def host_views(hosts: Sequence[str], hostvars: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What each host answered in this run; what it did not answer is left out."""
    views: dict[str, dict[str, Any]] = {}
    for host in hosts:
        facts = hostvars.get(host, {})
        answers = {part: facts.get(name) for part, name in PARTS.items()}
        views[host] = {
            part: value
            for part, value in answers.items()
            if isinstance(value, Mapping) and not any(value.get(key) for key in ("unreachable", "failed", "skipped"))
        }
    return views


def of_hostvars(
    lb_hosts: Sequence[str],
    app_hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    application: str,
    environment: str,
    singletons: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The estate document: see module_utils/estate.py."""
    views = host_views(list(dict.fromkeys([*lb_hosts, *app_hosts])), hostvars)
    return estate.estate(views, lb_hosts, app_hosts, application, environment, singletons)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"release_estate": of_hostvars, "release_estate_lines": estate.lines}
