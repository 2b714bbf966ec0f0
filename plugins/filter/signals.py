# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters around Golden Signals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.bluegreen.release.plugins.module_utils import signal_trace
from ansible_collections.bluegreen.release.plugins.module_utils.estate import live_of


def signals_slot(lb_hosts: Sequence[str], hostvars: Mapping[str, Any], slot: str, context: Mapping[str, Any]) -> str:
    """The slot that is judged: the one that is named, or the release's candidate, or the one that users are on.

    hostvars: of the proxies, with ``nginx_switchover_view`` outside of a release. context: release_record_context,
    empty outside of a release. Raises AnsibleFilterError when no proxy says where users are, or they do not agree.
    """
    chosen = str(slot or context.get("candidate") or "")
    if chosen:
        return chosen
    seen = {host: live_of(hostvars[host].get("nginx_switchover_view")) for host in lb_hosts if host in hostvars}
    slots = sorted({one for one in seen.values() if one in ("blue", "green")})
    if len(slots) != 1:
        found = ", ".join(f"{host}: {one}" for host, one in sorted(seen.items())) or "no proxy"
        raise AnsibleFilterError(
            f"expected all proxies to have users on one slot, found {found}; run playbooks/status.yml, or name the"
            " slot: -e golden_signals_slot=blue"
        )
    return slots[0]


def signals_facts(facts: Mapping[str, Any], document: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """*facts* for the record, with the verdict of the signals among them.

    document: the record so far. result: of module golden_signals; empty where there was nothing to judge.
    """
    verdicts = [*(facts.get("verdicts") or []), *signal_trace.unrecorded(document, result)]
    return {**facts, "verdicts": verdicts} if verdicts else dict(facts)


def signals_relative(listed: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a signal of the list has a bound that is relative to the live slot before the switch."""
    return any(one.get("p1_baseline") or one.get("p0_baseline") for one in listed)


class FilterModule:
    """Filters of the collection around Golden Signals."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "signals_facts": signals_facts,
            "signals_relative": signals_relative,
            "signals_slot": signals_slot,
        }
