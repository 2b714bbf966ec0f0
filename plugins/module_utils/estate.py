# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the hosts say, merged into one document about the estate, with everything in which they disagree. Pure.

A *host view* is ``{"record": ..., "proxy": ..., "probe": ...}``: the results of release_record ``query``, nginx_switch
``query`` (proxies) and host_probe (application hosts). A part is missing when the host did not answer it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import estate_singletons, lock, record, transitions

HostViews = Mapping[str, Mapping[str, Any]]
SLOTS = ("blue", "green")
SHOWN_RELEASES = 5
# Where users are while a release is under way; anywhere while it switches.
_BEFORE_SWITCH = frozenset(transitions.PHASES[: transitions.PHASES.index("switching")])
_UNDECIDED = frozenset(("switching", transitions.ROLLING_BACK))


def expected_live(document: Mapping[str, Any] | None) -> str | None:
    """The slot that proxies should serve, as a record tells it; None when the record cannot tell."""
    if document is None or document["phase"] in _UNDECIDED:
        return None
    moved = document["phase"] not in _BEFORE_SWITCH
    if document["phase"] == transitions.CLOSED:
        moved = document["outcome"] == transitions.LIVE
    slot = document["to_slot"] if moved else document["from_slot"]
    return None if slot is None else str(slot)


def live_of(view: Mapping[str, Any] | None) -> str:
    """What one proxy serves, as its own probe tells it: a slot, ``unknown`` or ``unreachable``."""
    return str(view.get("probe", "unknown")) if view else "unreachable"


def _silent(views: HostViews, lb_hosts: Sequence[str], app_hosts: Sequence[str]) -> list[str]:
    problems = []
    for host in dict.fromkeys([*lb_hosts, *app_hosts]):
        wanted = ["record"] + ["proxy"] * (host in lb_hosts) + ["probe"] * (host in app_hosts)
        missing = [part for part in wanted if not views.get(host, {}).get(part)]
        if missing == wanted:
            problems.append(f"{host}: expected an answer, found none: the host is unreachable. Bring it back.")
        elif missing:
            problems.append(
                f"{host}: expected an answer about {' and '.join(missing)}, found none. Look at its errors."
            )
    return problems


def _proxy_problems(views: HostViews, lb_hosts: Sequence[str], document: Mapping[str, Any] | None) -> list[str]:
    problems, wanted = [], expected_live(document)
    known = {host: views[host]["proxy"] for host in lb_hosts if views.get(host, {}).get("proxy")}
    for host, proxy in known.items():
        live = live_of(proxy)
        if live not in SLOTS:
            problems.append(f"{host}: expected the probe through nginx to answer blue or green, found {live}.")
        elif not proxy.get("agree"):
            problems.append(f"{host}: expected file and probe to agree, found file {proxy.get('file')}, probe {live}.")
        if proxy.get("door") == "closed":
            problems.append(
                f"{host}: expected an open door, found it closed: users wait. Unless a release runs right now, "
                "playbooks/rollback.yml takes back what left it so, or playbooks/reconcile.yml opens it."
            )
        if wanted and live in SLOTS and live != wanted:
            problems.append(f"{host}: expected {wanted} as the record says, found {live}. The proxy is believed.")
    slots = {host: live_of(proxy) for host, proxy in known.items()}
    if len(set(slots.values())) > 1:
        found = ", ".join(f"{host} {slot}" for host, slot in slots.items())
        problems.append(f"expected all proxies on one slot, found {found}. Run playbooks/rollback.yml.")
    return problems


def _record_problems(views: HostViews, lb_hosts: Sequence[str], document: Mapping[str, Any] | None) -> list[str]:
    problems = []
    for host, view in ((host, views[host]["record"]) for host in views if views[host].get("record")):
        problems += [f"{host}: {damaged['file']}: {damaged['problem']}" for damaged in view["corrupt"]]
        if host not in lb_hosts or document is None:
            continue
        own = next((one for one in view["records"] if one["release_id"] == document["release_id"]), None)
        if own is None or own["checksum"] != document["checksum"]:
            found = f"epoch {own['epoch']}, sequence {own['sequence']}" if own else "none"
            problems.append(
                f"{host}: expected the record of {document['release_id']} at epoch {document['epoch']}, sequence "
                f"{document['sequence']}, found {found}. The next release or rollback brings it up to date."
            )
    return problems


def _recorded(document: Mapping[str, Any] | None, slot: str) -> str:
    """The version that the record has in a slot: containers that were adopted in place do not name theirs."""
    if document is None:
        return "unknown"
    versions = {document["from_slot"]: document["from_version"], document["to_slot"]: document["version"]}
    return str(versions.get(slot) or "unknown")


def _running(
    views: HostViews, app_hosts: Sequence[str], slot: str, document: Mapping[str, Any] | None
) -> dict[str, list[str]]:
    """Per application host that answered, the versions of the containers that run in *slot*."""
    found = {}
    for host in app_hosts:
        probe = views.get(host, {}).get("probe")
        if probe:
            containers = probe.get("slots", {}).get(slot, {}).get("containers", [])
            running = [one for one in containers if one.get("state") == "running"]
            found[host] = sorted({str(one.get("version") or _recorded(document, slot)) for one in running})
    return found


def _version_problems(live: str | None, instances: Mapping[str, Mapping[str, Any]], wanted: str | None) -> list[str]:
    if live is None:
        return []
    problems = []
    for host, versions in instances[live].items():
        if not versions:
            problems.append(f"{host}: expected {live}, which is live, to run, found no container of it.")
        elif wanted and versions != [wanted]:
            problems.append(f"{host}: expected {wanted} in {live} as the record says, found {', '.join(versions)}.")
    return problems


def _lock_notes(holders: Mapping[str, Any], document: Mapping[str, Any] | None) -> list[str]:
    """What is worth a line about the lock, though nothing disagrees."""
    held = {holder["release_id"] for holder in holders.values()}
    closed = document is None or document["phase"] == transitions.CLOSED
    notes = []
    if held and document is not None and held == {document["release_id"]} and closed:
        notes.append("The lock was left by a release that is closed; the next release takes it.")
    if document is not None and not closed and document.get("adoption"):
        notes.append(
            f"The adoption {document['release_id']} is unfinished ({document['phase']}). Unless it runs right now, run"
            " playbooks/adopt.yml: it takes back what was left and begins anew."
        )
    elif document is not None and not closed and not held:
        notes.append(f"{document['release_id']} is unfinished ({document['phase']}) and nobody holds the lock.")
    return notes


def _summary(document: Mapping[str, Any]) -> dict[str, Any]:
    keys = (
        "release_id", "version", "from_version", "from_slot", "to_slot", "phase", "outcome", "epoch", "started_at",
        "ended_at", "failure", "standby",
    )  # fmt: skip
    own = {"actor": document["transitions"][0]["actor"], "adoption": bool(document.get("adoption"))}
    return {**{key: document[key] for key in keys}, **own}


def estate(
    views: HostViews, lb_hosts: Sequence[str], app_hosts: Sequence[str], application: str, environment: str,
    singletons: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One document about the whole estate; ``ok`` is false when anything is in ``problems``.

    singletons: ``services`` that must run once, and the ``host`` on which they do.
    """
    records = {host: view["record"] for host, view in views.items() if view.get("record")}
    documents = record.newest_valid(one for view in records.values() for one in view["records"])
    newest = documents[0] if documents else None
    holders = {host: view["lock"] for host, view in records.items() if view.get("lock")}
    live = {host: live_of(views.get(host, {}).get("proxy")) for host in lb_hosts}
    served = next(iter(set(live.values()))) if len(set(live.values())) == 1 else None
    served = served if served in SLOTS else None
    instances = {slot: _running(views, app_hosts, slot, newest) for slot in SLOTS}
    wanted = None
    if newest is not None and served is not None and served == expected_live(newest):
        wanted = newest["version"] if served == newest["to_slot"] else newest["from_version"]
    problems = _silent(views, lb_hosts, app_hosts) + _proxy_problems(views, lb_hosts, newest)
    problems += _record_problems(views, lb_hosts, newest) + _version_problems(served, instances, wanted)
    services = (singletons or {}).get("services", [])
    alone = estate_singletons.places(views, app_hosts, services)
    problems += estate_singletons.problems(alone, served, (singletons or {}).get("host", ""))
    unlisted = estate_singletons.places(views, app_hosts, estate_singletons.unlisted(newest, services))
    problems += estate_singletons.stray(newest, unlisted, served)
    if len({holder["release_id"] for holder in holders.values()}) > 1:
        found = ", ".join(f"{host} {holder['release_id']}" for host, holder in holders.items())
        problems.append(f"expected one release to hold the lock, found {found}.")
    versions = {slot: sorted({one for found in instances[slot].values() for one in found}) for slot in SLOTS}
    return {
        "application": application,
        "environment": environment,
        "ok": not problems,
        "live": live,
        "versions": {slot: ", ".join(found) or None for slot, found in versions.items()},
        "instances": instances,
        "singletons": alone,
        # Of the last release that came as far as the database.
        "revision": next(filter(None, (one["revision_after"] or one["revision_before"] for one in documents)), None),
        "release": _summary(newest) if newest else None,
        "releases": [_summary(one) for one in documents[:SHOWN_RELEASES]],
        "lock": max(holders.values(), key=lambda holder: int(holder["epoch"]), default=None),
        "epochs": {host: view["epoch"] for host, view in records.items()},
        "problems": problems,
        "notes": _lock_notes(holders, newest),
    }


def lines(document: Mapping[str, Any]) -> list[str]:
    """The estate for people."""
    told = [f"{document['application']} in {document['environment']}"]
    told += [f"proxy {host}: {slot}" for host, slot in document["live"].items()]
    for slot in SLOTS:
        used = " (live)" if set(document["live"].values()) == {slot} else ""
        hosts = ", ".join(
            f"{host} {'+'.join(found) or 'nothing'}" for host, found in document["instances"][slot].items()
        )
        told.append(f"slot {slot}{used}: {document['versions'][slot] or 'nothing runs'} ({hosts or 'no host asked'})")
    told += [f"runs once: {name}, in {estate_singletons.told(found)}" for name, found in document["singletons"].items()]
    told.append(f"database revision: {document['revision'] or 'not recorded'}")
    for one in document["releases"]:
        end = f"{one['outcome']} {one['ended_at']}" if one["outcome"] else f"unfinished, phase {one['phase']}"
        versions = f"{one['from_version'] or 'nothing'} to {one['version']}"
        what = "adoption" if one["adoption"] else "release"
        told.append(f"{what} {one['release_id']} by {one['actor']}: {versions}, {end}")
    holder = document["lock"]
    told.append(
        f"lock: {lock.who(holder)} since {holder['since']} for {holder['release_id']} ({holder['purpose']})"
        if holder
        else "lock: free"
    )
    told += [f"note: {note}" for note in document["notes"]]
    told += [f"PROBLEM: {problem}" for problem in document["problems"]] or ["proxies, record and hosts agree"]
    return told
