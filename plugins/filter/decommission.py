# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters that decide which slot may be stopped; the proxies say which one users are on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import lock, release_take, transitions

SLOTS = ("blue", "green")


def _view(hostvars: Mapping[str, Any], host: str) -> Mapping[str, Any]:
    if host not in hostvars:  # Ansible's hostvars answers an unknown host with a value that fails later
        return {}
    view = hostvars[host].get("nginx_switchover_view") or {}
    return view if isinstance(view, Mapping) else {}


def standby_slot(lb_hosts: Sequence[str], hostvars: Mapping[str, Any]) -> str:
    """The slot that is not live, by the first proxy that names a live one; '' when none does."""
    for host in lb_hosts:
        live = _view(hostvars, host).get("probe")
        if live in SLOTS:
            return SLOTS[1 - SLOTS.index(live)]
    return ""


def stop_refusals(lb_hosts: Sequence[str], hostvars: Mapping[str, Any], slot: str) -> list[str]:
    """Why a slot may not be stopped; empty only when every proxy names the other slot as live."""
    if slot not in SLOTS:
        return [f"expected blue or green as decommission_slot, found {slot or 'none, as no proxy names a live slot'}"]
    if not lb_hosts:
        return ["expected at least one proxy to say which slot is live, found release_lb_hosts empty"]
    refusals = []
    for host in lb_hosts:
        view = _view(hostvars, host)
        file, probe = view.get("file", "not read"), view.get("probe", "not read")
        if slot in (file, probe):
            refusals.append(
                f"expected {slot} not to be live on {host}, found it live there (flag {file}, nginx {probe})"
            )
        elif file != probe or probe not in SLOTS:
            refusals.append(
                f"expected {host} to name its live slot, found flag {file} and nginx {probe}: make it reachable and"
                " healthy (playbooks/status.yml shows every proxy)"
            )
    return refusals


def live_refusals(lb_hosts: Sequence[str], hostvars: Mapping[str, Any], slot: str) -> list[str]:
    """On which proxies a slot is known to be live; a proxy that was not read does not count."""
    return [
        f"expected {slot} to have no users when it is stopped, found it live on {host}"
        for host in lb_hosts
        if slot in (_view(hostvars, host).get("file"), _view(hostvars, host).get("probe"))
    ]


def _takes_back(adoption: bool) -> str:
    return f"{lock.way_back(adoption)} takes it back"


def release_under_way(views: Mapping[str, Mapping[str, Any]]) -> str:
    """What release is at work, and its way back; '' when none is. A lock that a closed release left behind is no work.

    views: host to what it remembers of releases.
    """
    records, closed = release_take.records_of(views), release_take.closed_of(views)
    holders = [view["lock"] for view in views.values() if view.get("lock")]
    for holder in holders:
        if holder["release_id"] not in closed:
            found = f"{lock.who(holder)} holds the lock for release {holder['release_id']} since {holder['since']}"
            return f"{found}. If it was killed, {_takes_back(holder['purpose'].startswith(lock.ADOPTION))}"
    if records and records[0]["phase"] != transitions.CLOSED:
        found = f"release {records[0]['release_id']} is in phase {records[0]['phase']}"
        return f"{found}; {_takes_back(bool(records[0].get('adoption')))}"
    return ""


class FilterModule:
    """Filters of the collection around stopping slots."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "standby_slot": standby_slot,
            "stop_refusals": stop_refusals,
            "live_refusals": live_refusals,
            "release_under_way": release_under_way,
        }
