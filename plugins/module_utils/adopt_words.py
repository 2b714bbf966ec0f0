# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of an adoption, or of its undoing, line by line for a person. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.adopt_hosts import Running
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_nginx import Routing
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import Views, Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import listed


def adoption_lines(
    wanted: Wanted, views: Views, running: Running, routings: dict[str, Routing], twin: bool
) -> list[str]:
    """What stays, what is started, which files of nginx change, what is stopped at the end."""
    slot = running.slot
    others = sorted(
        {str(one["service"]) for host in wanted.app_hosts for one in views[host].containers(wanted.project)}
        - set(wanted.services)
    )
    lines = [f"{wanted.application} {running.version} is adopted from project {wanted.project}."]
    if twin:
        lines += [
            f"  started: {listed(list(wanted.services))} in slot {slot} (project {wanted.projects[slot]}, port "
            f"{wanted.ports[slot]}) on {listed(list(wanted.app_hosts))}",
            f"  image:   {running.digest}",
        ]
        if wanted.limits:
            told = ", ".join(f"{name} {value}" for name, value in wanted.limits.items())
            lines.append(f"  limits:  {told} for each container (release_slot_limits)")
    else:
        lines.append(f"  in place: project {wanted.project} is slot {slot}; no container is touched")
    if others:
        lines.append(f"  stays:   {listed(others)} of {wanted.project}, as it is")
    for host, routing in routings.items():
        ours = [one for one in wanted.site_files if one not in routing.replaces]
        if ours:
            lines.append(f"  nginx on {host}: {listed(ours)} {'are' if ours[1:] else 'is'} ours")
        lines += [f"  nginx on {host}: {line}" for line in routing.lines]
    if twin:
        lines.append(
            f"  stopped at the end, not removed: {listed(list(wanted.services))} of {wanted.project}, once nobody is "
            "connected"
        )
    return lines


def undo_lines(document: dict[str, Any] | None) -> list[str]:
    """What an undo does."""
    if document is None:
        return []
    facts, slot = document["adoption"], document["to_slot"]
    twin = facts["way"] == "twin"
    lines = [f"The adoption of {document['application']} {document['version']} is undone."]
    if twin:
        lines.append(f"  started: the old containers of {facts['project']}, and healthy before anything else")
    for host, paths in sorted(facts["replaced"].items()):
        lines.append(f"  nginx on {host}: our files go away" + (f", {listed(paths)} come back" if paths else ""))
    lines.append(
        f"  stopped at the end: slot {slot}, once nobody is connected" if twin else "  no container is touched"
    )
    return lines


def left_lines(document: dict[str, Any]) -> list[str]:
    """What becomes of an adoption that did not end."""
    return [
        f"An earlier run began to adopt {document['application']} and did not end ({document['release_id']}, phase "
        f"{document['phase']}).",
        "It is taken back first: the old containers run, nginx as it was, the twin stopped.",
    ]
