# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The services that run once, by what the record knows of both versions: which of them a switch leaves behind, which a
rollback is to move back, and what it says of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from ansible_collections.bluegreen.release.plugins.module_utils import singleton


class Plan(TypedDict):
    """What is to be moved back."""

    wanted: bool
    """Whether anything is: only when the release may have moved it."""
    services: list[str]
    """The services, of both versions."""
    slot: str
    """Where they belong."""
    host: str
    """On which application host."""
    hosts: list[str]
    """Hosts on which the new version may run them."""
    identity: str
    """Of the move, as the role singleton names it."""


def plan(document: Mapping[str, Any], services: Sequence[str], host: str, app_hosts: Sequence[str]) -> Plan:
    """What is to be moved back, by the record of the release and the inventory of today.

    A service that runs once in the older version may have been an ordinary one in the newer: then every host had it.
    """
    new = (document.get("configuration") or {}).get("singletons") or {"host": host, "services": list(services)}
    old = (document.get("from_configuration") or {}).get("singletons") or {"services": []}
    every = list(dict.fromkeys([*services, *old["services"], *new["services"]]))
    on_one = set(every) <= set(new["services"])
    hosts = [one for one in app_hosts if one in (new["host"], host)] if on_one else list(app_hosts)
    slot = document["from_slot"]
    return Plan(
        wanted=bool(every and slot and document["traffic_moved"]),
        services=every,
        slot=slot or "",
        host=host,
        hosts=hosts,
        identity=f"to {slot} at epoch {document['epoch']}",
    )


def left(document: Mapping[str, Any], services: Sequence[str]) -> list[str]:
    """The services that ran once in the version that users leave, and do not in the one that they go to.

    In the old slot they would go on acting, beside an ordinary service or a successor of another name.
    """
    old = (document.get("from_configuration") or {}).get("singletons") or {"services": []}
    return [name for name in old["services"] if name not in services]


def told(what: Plan, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """What came of it: lines ``done`` and ``undone``, from what the role singleton left on the hosts."""
    if not what["wanted"]:
        return {"done": [], "undone": []}
    names, place = ", ".join(what["services"]), f"in {what['slot']} on {what['host']}"
    answer = (facts[what["host"]].get("__singleton_started") if what["host"] in facts else None) or {}
    own = answer.get("identity") == what["identity"]
    if own and answer.get("done"):
        absent = [name for name in answer.get("absent", []) if name in what["services"]]
        started = ", ".join(name for name in what["services"] if name not in absent)
        done = [f"background work ({started}) runs {place} and nowhere else"] if started else []
        left_out = [f"{name} is not part of {what['slot']}, and was stopped" for name in absent]
        return {"done": done + left_out, "undone": []}
    perhaps = singleton.unstopped(what["hosts"], facts, what["identity"])
    if perhaps:
        why = " | ".join(f"{host}: {reason}" for host, reason in perhaps.items())
        return {"done": [], "undone": [f"{names} may still run in the newer version ({why}); not started {place}"]}
    reason = str(answer.get("msg") or "no message") if own or answer.get("failed") else "no answer of this host"
    return {"done": [], "undone": [f"{names} are stopped, and did not start {place}: {reason}"]}
