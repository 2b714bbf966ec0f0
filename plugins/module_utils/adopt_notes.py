# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the plan of an adoption has to say of the running containers that stops nothing. Pure."""

from __future__ import annotations

from ansible.module_utils.common.text.formatters import human_to_bytes
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import Views, Wanted


def notes_of(wanted: Wanted, views: Views, twin: bool) -> list[str]:
    """All notes. twin: whether a container of ours takes the place of the running one."""
    notes = [*_left_out_notes(wanted, views), *_memory_notes(wanted, views), *_environment_notes(wanted, views)]
    return [*notes, *(_reach_notes(wanted) if twin else ())]


def _left_out_notes(wanted: Wanted, views: Views) -> list[str]:
    """Services that run the very image that is released, and that a release would leave as they are."""
    named = {wanted.service, *wanted.services, *wanted.singletons, *wanted.shared}
    images = {
        one["image_id"] for host in wanted.app_hosts for one in views[host].containers(wanted.project, [wanted.service])
    }
    others = {
        str(one["service"])
        for host in wanted.app_hosts
        for one in views[host].containers(wanted.project)
        if one["image_id"] in images and one["service"] not in named
    }
    return [
        f"{name} runs the image of {wanted.service} and is in no list: it stays at this version. Name it in "
        "release_services, and in release_singleton_services where it must not run twice"
        for name in sorted(others)
    ]


def _memory_notes(wanted: Wanted, views: Views) -> list[str]:
    """Where a slot gives a container less memory than it may use now: the kernel ends one that needs more."""
    given = human_to_bytes(str(wanted.limits.get("memory") or "0").rstrip("bB"))
    lines = []
    for host in wanted.app_hosts if given else ():
        for one in views[host].containers(wanted.project, [wanted.service, *wanted.services]):
            had = int(one.get("memory") or 0)
            if had == 0 or had > given:
                told = f"{had // 1024**2}m" if had else "no limit"
                slot = f"in a slot {wanted.limits['memory']} (release_slot_limits)"
                lines.append(f"{host}: {one['name']} has {told} of memory, {slot}")
    return lines


def _environment_notes(wanted: Wanted, views: Views) -> list[str]:
    """Names that the running service has, and its twin would not have but for what the image itself gives."""
    lines = []
    for host in wanted.app_hosts:
        for one in views[host].containers(wanted.project, [wanted.service]):
            missing = sorted(set(one["environment"]) - set(wanted.environment))
            if missing:
                lines.append(f"{host}: {one['name']} has {', '.join(missing)}, not in release_app_environment")
            if one.get("differs"):
                names = ", ".join(one["differs"])
                lines.append(f"{host}: {one['name']} has other values of {names} than release_app_environment")
    return lines


def _reach_notes(wanted: Wanted) -> list[str]:
    """Services that a slot of its own does not have; by their names nobody answers there."""
    return [
        f"{one}, which is neither in release_services nor in release_shared_services: the slot does not reach it by its"
        f" name. Where it runs in {wanted.project}, name it in release_shared_services and set release_shared_project:"
        f" {wanted.project}"
        for one in wanted.unreached
    ]
