# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan an adoption, or its undoing: what was seen goes in, a plan or every problem comes out. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import adopt_history as history
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_hosts import Running, judge_hosts
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_nginx import (
    Routing,
    backends_of,
    judge_proxy,
)
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_notes import notes_of
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_views import View, Views, Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_words import (
    adoption_lines,
    left_lines,
    undo_lines,
)
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed, unique
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_reach import silent
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import Findings, Judgement


def adopt_plan(wanted: Wanted, views: Views) -> Judgement:
    """Give what adopt.yml has to do: action is adopt, nothing, undo or take_back (an adoption that did not end)."""
    hosts = list(dict.fromkeys([*wanted.lb_hosts, *wanted.app_hosts]))
    views = {host: views.get(host, View()) for host in hosts}
    findings = Findings()
    findings.add_for_hosts((host, silent(view.reason)) for host, view in views.items() if view.probe is None)
    records = history.records_of(wanted, views)
    history.judge_history(wanted, records, findings)
    left = history.unfinished(records)
    if left is not None:
        history.judge_members(wanted, left, findings)
        return _judged(findings, {"action": "take_back", "lines": left_lines(left), **_of_record(left)})
    if wanted.undo:
        adopted = history.judge_undo(wanted, records, views, findings)
        if adopted is not None:
            history.judge_members(wanted, adopted, findings)
        return _judged(findings, {"action": "undo", "lines": undo_lines(adopted), **_of_record(adopted or {})})
    if history.routed(records):
        findings.notes += history.still_running(wanted, records, views)
        return _judged(findings, _nothing(records))
    if not findings.problems and _empty(wanted, views):
        findings.problems.append(_empty_problem(wanted, views))
        return _judged(findings, {})
    return _adoption(wanted, views, findings)


def summary(judgement: Judgement) -> list[str]:
    """Write the plan for a person, with the notes; nothing when there is no plan."""
    if judgement.plan is None:
        return []
    return [*judgement.plan["lines"], *(f"  note: {note}" for note in judgement.notes)]


def _judged(findings: Findings, plan: dict[str, Any]) -> Judgement:
    problems = unique(findings.problems)
    return Judgement(problems, findings.notes, None if problems else plan)


def _empty(wanted: Wanted, views: Views) -> bool:
    return not any(views[host].containers(wanted.project) for host in wanted.app_hosts)


def _projects_there(wanted: Wanted, views: Views) -> str:
    """The compose projects that do run, by host."""
    found = {host: (views[host].probe or {}).get("projects") or {} for host in wanted.app_hosts}
    return "; ".join(
        f"{host}: {', '.join(f'project {name} ({listed(services)})' for name, services in projects.items())}"
        for host, projects in found.items()
        if projects
    )


def _empty_problem(wanted: Wanted, views: Views) -> Problem:
    return Problem(
        "There is nothing to adopt",
        f"containers of compose project {wanted.project} on {listed(list(wanted.app_hosts))}",
        _projects_there(wanted, views) or "none on any host",
        "correct adopt_project (docker compose ls shows the projects); where nothing runs yet, a first install is "
        "playbooks/release.yml with release_version",
    )


def _nothing(records: list[dict[str, Any]]) -> dict[str, Any]:
    document = next(one for one in records if one["outcome"] in ("live", "rolled_back"))
    slot = document["to_slot"] if history.is_live(document) else document["from_slot"]
    told = f"Already adopted: users are on slot {slot}, by {document['release_id']}. Nothing was changed."
    return {"action": "nothing", "lines": [told], "slot": slot}


def _of_record(document: dict[str, Any]) -> dict[str, Any]:
    """What taking back needs, as the record of the adoption tells it."""
    facts = document.get("adoption") or {}
    return {**facts, "slot": document.get("to_slot"), "version": document.get("version"), "document": document}


def _adoption(wanted: Wanted, views: Views, findings: Findings) -> Judgement:
    running = judge_hosts(wanted, views, findings)
    published = running.published if running else {}
    routings: dict[str, Routing] = {}
    for host in wanted.lb_hosts:
        if views[host].probe is None:
            continue
        backends = backends_of(wanted.addresses, published, host)
        routings[host] = judge_proxy(wanted, views[host], backends, running.slot if running else "blue")
    findings.add_for_hosts((host, one) for host, routing in routings.items() for one in routing.problems)
    findings.notes += [f"{host}: {note}" for host, routing in routings.items() for note in routing.notes]
    if running is None:
        return _judged(findings, {}) if findings.problems else Judgement([_undecided()], findings.notes, None)
    findings.notes += notes_of(wanted, views, twin=running.way == "twin")
    return _judged(findings, _plan(wanted, views, running, routings))


def _undecided() -> Problem:
    remedy = "run again with -v and look at the tasks that describe the hosts"
    return Problem("No plan could be made", "what runs on every host", "not all of it was seen", remedy)


def _parts(wanted: Wanted, view: View) -> dict[str, list[str]]:
    """The services of the running project on one host that a slot takes over."""
    running = {str(one["service"]) for one in view.containers(wanted.project) if one["state"] == "running"}
    there = [one for one in wanted.services if one in running]
    return {
        "services": [one for one in there if one not in wanted.singletons],
        "singletons": [one for one in there if one in wanted.singletons],
    }


def _plan(wanted: Wanted, views: Views, running: Running, routings: dict[str, Routing]) -> dict[str, Any]:
    twin = running.way == "twin"
    replaced = {host: sorted(routing.replaces) for host, routing in routings.items()}
    adoption = {
        "way": running.way,
        "project": wanted.project,
        "service": wanted.service,
        "hosts": {host: _parts(wanted, views[host]) for host in wanted.app_hosts},
        "image": running.image,
        "replaced": replaced,
    }
    return {
        "action": "adopt",
        **adoption,
        "slot": running.slot,
        "version": running.version,
        "replaces": {host: routing.replaces for host, routing in routings.items()},
        "stale_flags": {host: routing.stale_flags for host, routing in routings.items()},
        "release": {
            "adoption": adoption,
            "version": running.version,
            "image": running.image,
            "digest": running.digest,
            "live": None,
            "candidate": running.slot,
        },
        "lines": adoption_lines(wanted, views, running, routings, twin),
    }
