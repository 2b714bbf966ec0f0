# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters that say whom a check asks and what every answer must carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.bluegreen.release.plugins.module_utils import standby

SLOT_HEADER = "X-Release-Slot"


def check_target(
    context: Mapping[str, Any], which: str, slot: str = "", version: str = "", version_header: str = ""
) -> dict[str, Any]:
    """The slot to ask, the version expected there and the headers that prove both.

    context: release_record_context, empty outside a release. which: ``candidate`` or ``live``, the slot asked where
    none is named. An unknown version is not compared. Raises AnsibleFilterError when no slot is known.
    """
    slot = str(slot or context.get(which) or "")
    if not slot:
        raise AnsibleFilterError(f"expected a slot to check, found none: the release knows no {which} slot; name one")
    versions = {context.get("live"): context.get("live_version"), context.get("candidate"): context.get("version")}
    version = str(version or versions.get(slot) or "")
    version_headers = {version_header: version} if version and version_header else {}
    return {
        "slot": slot,
        "version": version,
        "instance_headers": version_headers,
        "proxy_headers": {SLOT_HEADER: slot, **version_headers},
    }


def smoke_beginning(
    which: str, context: Mapping[str, Any], slots: Mapping[str, Mapping[str, Any]], steps: Sequence[Mapping[str, Any]],
    version_header: str = "",
) -> dict[str, Any] | None:  # fmt: skip
    """What the module http_steps is told of a session that *which* slot begins, candidate or live; None without steps.

    slots: release_slots. Raises AnsibleFilterError when the release knows no such slot.
    """
    if not steps:
        return None
    target = check_target(context, which, version_header=version_header)
    url = f"http://127.0.0.1:{slots[target['slot']]['port']}"
    return {"base_url": url, "steps": list(steps), "expect_headers": target["instance_headers"]}


def standby_problems(app_hosts: Sequence[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Why the standby does not work on what the new version has written; empty when it does, or was not tested."""
    return standby.problems(app_hosts, {host: hostvars[host].get("smoke_test_standby") for host in app_hosts})


def standby_facts(problems: Sequence[str]) -> dict[str, Any]:
    """What the record learns of a standby with such problems."""
    return standby.facts(problems)


class FilterModule:
    """Filters of the collection around checks."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "check_target": check_target,
            "smoke_beginning": smoke_beginning,
            "standby_facts": standby_facts,
            "standby_problems": standby_problems,
        }
