# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the records say of adoptions: is there one, is it finished, may it be undone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import release_take, transitions
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import View, Views, Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Findings

Document = Mapping[str, Any]


def records_of(wanted: Wanted, views: Views) -> list[dict[str, Any]]:
    """Give the newest copy of each record over all proxies, the newest release first."""
    known = {host: dict(view.record) for host in wanted.lb_hosts if (view := views[host]).record is not None}
    return release_take.records_of(known)


def is_live(document: Document | None) -> bool:
    """Whether users are routed by this record."""
    return document is not None and document["phase"] == transitions.CLOSED and document["outcome"] == transitions.LIVE


def unfinished(records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Give the adoption that an earlier run began and did not end."""
    newest = records[0] if records else None
    if newest is None or newest["phase"] == transitions.CLOSED or not newest.get("adoption"):
        return None
    return newest


def judge_history(wanted: Wanted, records: list[dict[str, Any]], findings: Findings) -> None:
    """Add an unfinished release, before which nothing may be adopted or undone."""
    newest = records[0] if records else None
    if newest is not None and newest["phase"] != transitions.CLOSED and not newest.get("adoption"):
        findings.add(
            "A release is not finished",
            "no release under way",
            f"{newest['release_id']} in phase {newest['phase']}",
            "wait for it to end, or take it back: playbooks/rollback.yml",
        )


def routed(records: list[dict[str, Any]]) -> bool:
    """Whether the estate is routed by these playbooks: the last record that moved users leaves them on a slot."""
    moved = next((one for one in records if one["outcome"] in ("live", "rolled_back")), None)
    return moved is not None and (is_live(moved) or moved["from_slot"] is not None)


def judge_undo(
    wanted: Wanted, records: list[dict[str, Any]], views: Views, findings: Findings
) -> dict[str, Any] | None:
    """Give the adoption to undo; add why it cannot be."""
    adopted = next((one for one in records if one.get("adoption")), None)
    if adopted is None or (adopted["phase"] == transitions.CLOSED and not is_live(adopted)):
        found = "none" if adopted is None else f"{adopted['release_id']}, which was taken back already"
        remedy = "nothing to undo; playbooks/status.yml shows what runs"
        findings.add("There is no adoption to undo", "a live adoption in the record", found, remedy)
        return None
    since = [one for one in records[: records.index(adopted)] if one["outcome"] != "failed"]
    if since:
        found = listed([f"{one['version']} ({one['release_id']})" for one in reversed(since)])
        remedy = "the old containers run another version than users need now; go back by playbooks/rollback.yml"
        if all(one["outcome"] == "rolled_back" for one in since):
            remedy = (
                f"nothing: that was rolled back, users are on {adopted['version']} in slot {adopted['to_slot']} again; "
                "the database may be newer than the old containers know"
            )
        findings.add("Something was released since the adoption", "no release after it", found, remedy)
        return None
    facts = adopted["adoption"]
    if facts["way"] == "twin":
        asked = [host for host in wanted.app_hosts if views[host].probe is not None]
        missing = {host: _missing(facts, host, views[host]) for host in asked}
        findings.add_for_hosts((host, _gone(facts, services)) for host, services in missing.items() if services)
    return adopted


def judge_members(wanted: Wanted, document: Document, findings: Findings) -> None:
    """Add the hosts of an adoption that the inventory does not have any more: they would stay as they are."""
    facts = document["adoption"]
    away = sorted({*facts["hosts"], *facts["replaced"]} - {*wanted.lb_hosts, *wanted.app_hosts})
    if away:
        findings.add(
            "A host of the adoption is not in the inventory",
            f"{listed(away)}, as when {document['release_id']} adopted",
            "not among the proxies and application hosts",
            "put it back for this run: its old containers and its nginx are a part of how it was",
        )


def still_running(wanted: Wanted, records: list[dict[str, Any]], views: Views) -> Iterator[str]:
    """Old containers beside the slot that took their place: an adoption leaves those that users are connected to."""
    adopted = next((one for one in records if one.get("adoption") and one["outcome"] == transitions.LIVE), None)
    facts: Mapping[str, Any] = adopted["adoption"] if adopted else {}
    if facts.get("way") != "twin":
        return
    for host in wanted.app_hosts:
        old = views[host].containers(facts["project"], _services(facts, host))
        running = sorted({str(one["service"]) for one in old if one["state"] == "running"})
        if running:
            yield (
                f"{host}: {listed(running)} of {facts['project']} still runs beside the slot; once its users left: "
                f"docker compose -p {facts['project']} stop {' '.join(running)}"
            )


def _services(facts: Mapping[str, Any], host: str) -> list[str]:
    """Services of the old project that the slot took the place of on a host, the one that answers users among them."""
    own = facts["hosts"].get(host) or {}
    return list(dict.fromkeys([facts["service"], *own.get("services", []), *own.get("singletons", [])]))


def _missing(facts: Mapping[str, Any], host: str, view: View) -> list[str]:
    there = {str(one["service"]) for one in view.containers(facts["project"])}
    return [service for service in _services(facts, host) if service not in there]


def _gone(facts: Mapping[str, Any], services: list[str]) -> Problem:
    expected = f"the stopped containers of {listed(services)} in project {facts['project']}"
    remedy = "start the old project again by its own compose file, beside the slot; then undo"
    return Problem("The old containers are gone", expected, "none", remedy)
