# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge whether a release may begin, and plan it. Pure: what was seen goes in, problems and a plan come out."""

from __future__ import annotations

from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import preflight_estate as estate
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import other_slot
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_backup import judge_backup
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_hosts import judge_hosts
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_nginx import notes
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, unique
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_views import (
    Findings,
    Judgement,
    View,
    Views,
    Wanted,
)


def judge(wanted: Wanted, views: Views) -> Judgement:
    """Give every problem that stands in the way of a release, or the plan of it.

    :param views: host -> what was seen; a host that is missing counts as unreachable.
    """
    views = {host: views.get(host, View()) for host in dict.fromkeys([*wanted.lb_hosts, *wanted.app_hosts])}
    findings = Findings()
    judge_hosts(wanted, views, findings)
    _note_headers(wanted, views, findings)
    _check_database(views, findings)
    _check_dumps(wanted, views, findings)
    history = estate.records(wanted, views)
    live, first = estate.live_slot(wanted, views, history, findings)
    estate.check_history(wanted, history, live, views, findings)
    digest = _digest(wanted, views, findings)
    candidate = "blue" if first else (other_slot(live) if live else None)
    version = _live_version(wanted, views, history, live, findings) if live else None
    if candidate:
        estate.check_candidate(wanted, history, candidate, views, findings)
    if findings.problems or candidate is None or digest is None:
        return Judgement(unique(findings.problems) or [_undecided()], findings.notes, None)
    last = _last_live(history)
    plan = {
        "version": wanted.version,
        "image": f"{wanted.image}:{wanted.version}",
        "digest": digest,
        "live": live,
        "candidate": candidate,
        "live_version": version,
        "live_digest": (estate.running_digest(wanted, views, live) or last.get("digest")) if live else None,
        "first": first,
        "epoch": max((int((view.record or {}).get("epoch") or 0) for view in views.values()), default=0),
    }
    return Judgement([], findings.notes, plan)


def _check_database(views: Views, findings: Findings) -> None:
    for host, view in views.items():
        for found in view.database:
            findings.add(
                f"{host} gets no good answer of the database",
                "PostgreSQL itself where release_database says, with connections to spare",
                found,
                "follow what it says; docs/migrations.md tells what the database is asked for",
            )


def _check_dumps(wanted: Wanted, views: Views, findings: Findings) -> None:
    dumps = wanted.dumps
    if dumps:
        seen = [view.dumps for view in views.values() if view.dumps]
        findings.add_for_hosts((dumps.host, problem) for one in seen for problem in judge_backup(dumps, one))


def _note_headers(wanted: Wanted, views: Views, findings: Findings) -> None:
    for host in wanted.lb_hosts:
        dump = views[host].nginx
        if wanted.site and dump:
            findings.notes += [f"{host}: {note}" for note in notes(wanted.site, dump)]


def summary(wanted: Wanted, judgement: Judgement) -> list[str]:
    """Write the plan for a person, one fact a line; nothing when there is no plan."""
    plan = judgement.plan
    if plan is None:
        return []
    now = "nothing is installed yet" if plan["first"] else f"{plan['live_version'] or 'unknown'} in slot {plan['live']}"
    return [
        f"Preflight passed: version {plan['version']} can be released.",
        f"  image:   {plan['digest']}",
        f"  now:     {now}",
        f"  then:    {plan['version']} in slot {plan['candidate']}",
        f"  proxies: {', '.join(wanted.lb_hosts)}",
        f"  slots:   {', '.join(wanted.app_hosts)} (migrations run on {wanted.app_hosts[0]})",
        *(f"  note:    {note}" for note in judgement.notes),
    ]


def _digest(wanted: Wanted, views: Views, findings: Findings) -> str | None:
    """Give the one digest that every application host got from the registry."""
    seen = {
        host: str(image["digest"])
        for host in wanted.app_hosts
        if (image := (views[host].probe or {}).get("image")) and image.get("digest")
    }
    if len(set(seen.values())) > 1:
        found = ", ".join(f"{host} {digest.rpartition('@')[2][:19]}" for host, digest in sorted(seen.items()))
        remedy = "let all application hosts use one registry; a mirror is behind, or the tag was just pushed again"
        findings.add("The application hosts see different images", "one digest for the tag", found, remedy)
        return None
    return next(iter(seen.values()), None)


def _live_version(
    wanted: Wanted, views: Views, history: list[dict[str, Any]], live: str, findings: Findings
) -> str | None:
    """Give the version users are on, and add a problem when it is the wanted one or differs between hosts."""
    running = estate.running_versions(wanted, views, live)
    versions = set(running.values())
    if len(versions) > 1:
        found = ", ".join(f"{host} {version}" for host, version in sorted(running.items()))
        remedy = "playbooks/status.yml shows the records; start the recorded version again on the host that differs"
        findings.add(f"The live slot {live} runs different versions", "one version on all hosts", found, remedy)
        return None
    version = versions.pop() if versions else _last_live(history).get("version")
    if version == wanted.version:
        expected = "a version other than the live one"
        remedy = "nothing to release; choose another release_version, or playbooks/rollback.yml to leave this one"
        findings.add(f"Version {version} is live already", expected, f"{version} live in slot {live}", remedy)
    return None if version is None else str(version)


def _last_live(history: list[dict[str, Any]]) -> dict[str, Any]:
    """Give version and digest that the newest finished record leaves users on."""
    for record in history:
        if record.get("outcome") == "live":
            return {"version": record.get("version"), "digest": record.get("digest")}
        if record.get("outcome") == "rolled_back":
            return {"version": record.get("from_version"), "digest": record.get("from_digest")}
    return {}


def _undecided() -> Problem:
    return Problem(
        "No plan could be made",
        "the state of every proxy and the digest of the image",
        "not all of it was seen",
        "run again with -v and look at the tasks of role preflight",
    )
