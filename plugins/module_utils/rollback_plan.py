# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rollback on demand has to do: a pure function of one look at every host.

A *look* is what the module rollback_look returns, its fact as C(record); a host that did not answer has none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from ansible_collections.bluegreen.release.plugins.module_utils import (
    closed_door,
    downgrade_plan,
    lock,
    nginx_door,
    record,
    release_take,
    standby,
    transitions,
)

Looks = Mapping[str, Mapping[str, Any]]

GO_BACK = "go_back"
ALREADY_BACK = "already_back"
NOTHING = "nothing"
DROP = "drop"


class Refused(Exception):
    """Nothing is done; the text says what was expected, found, and what to do."""


class Plan(TypedDict):
    """What to do, and why in words."""

    action: str
    """go_back; already_back: an earlier rollback still holds; nothing: there is no release that was not ended;
    drop: a release took the lock and never began."""
    slot: str
    """The slot that users belong on; empty where they were on none."""
    version: str | None
    """The version that runs there."""
    reason: str
    """Why, for a person."""
    notes: list[str]
    """What was found on the way and stops nothing."""
    wish: dict[str, Any] | None
    """The wish for the lock, with the record to go on from; None where there is nothing to go back from."""


@dataclass(frozen=True)
class Asked:
    """What the person asked for.

    to: id of the release to go back to; empty for the one before the last. force: although the slot is not healthy.
    takeover: although another release holds the lock. unfinished: only from a release that was not ended. database:
    what happens to the schema.
    """

    to: str = ""
    force: bool = False
    takeover: bool = False
    unfinished: bool = False
    database: str = "auto"


def plan(
    looks: Looks, lb_hosts: Sequence[str], app_hosts: Sequence[str], asked: Asked, stamp: Mapping[str, Any]
) -> Plan:
    """Decide from the look at every host in *lb_hosts* and *app_hosts* that answered. Refused with the reason."""
    views, proxies = answers_of(looks, (*lb_hosts, *app_hosts)), answers_of(looks, lb_hosts)
    if not proxies:
        raise Refused(f"Expected an answer of at least one proxy out of {', '.join(lb_hosts)}, found none.")
    newest = release_take.records_of(proxies)
    require_whole(proxies, newest)
    if dropped := drop_of(views, newest, stamp):
        return Plan(action=DROP, slot="", version=None, notes=[], **dropped)
    if asked.unfinished and (not newest or newest[0]["phase"] == transitions.CLOSED):
        reason = "No release was left in the middle."
        return Plan(action=NOTHING, slot="", version=None, reason=reason, notes=[], wish=None)
    if not newest:
        raise Refused(
            f"Expected the record of a release on {', '.join(lb_hosts)}, found none: nothing was released here by "
            "these playbooks. Look at playbooks/status.yml."
        )
    document = newest[0]
    _require_way_back(document)
    slot, version = str(document["from_slot"] or ""), document["from_version"]
    _require_target(newest, asked.to)
    notes = [
        f"{host}: {bad['file']} is damaged: {bad['problem']}" for host, view in views.items() for bad in view["corrupt"]
    ]
    closed = document["phase"] == transitions.CLOSED and document["outcome"] != transitions.LIVE
    if closed:
        _require_there(looks, lb_hosts, slot, document)
        _require_schema(document, asked)
        how = "rolled back" if document["outcome"] == "rolled_back" else "taken back before users moved"
        reason = f"The last {_name(document)} was already {how}; users are on {slot} ({version}). Nothing was changed."
        return Plan(action=ALREADY_BACK, slot=slot, version=version, reason=reason, notes=notes, wish=None)
    ill = [*unhealthy(looks, app_hosts, slot, version)] if slot else []
    if why := standby.closed_because(document):
        ill.append(f"it does not work on what {document['version']} writes, as its record says: {why}")
    # What is stopped where all users are in the slot already takes nothing from them; and one that does not survive the
    # schema is judged when the schema is back.
    if ill and not asked.force and not closed_door.goes_back_behind(document) and elsewhere(looks, lb_hosts, slot):
        raise Refused(refusal_of_health(slot, version, ill, ", or go back all the same with -e rollback_force=true"))
    notes += [f"{slot} is not healthy: {text}" for text in ill]
    try:
        wish = release_take.to_take_over(views, lb_hosts, stamp, asked.takeover, document["release_id"])
    except release_take.TakeError as error:
        raise Refused(str(error)) from error
    reason = f"Going back from {_name(document)}."
    return Plan(action=GO_BACK, slot=slot, version=version, reason=reason, notes=notes, wish=wish)


def answers_of(looks: Looks, hosts: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """What each of *hosts* that answered remembers of releases."""
    return {host: looks[host]["record"] for host in hosts if host in looks}


class Dropped(TypedDict):
    """The lock of a release that never began, to be taken and released."""

    reason: str
    wish: dict[str, Any]


def drop_of(
    views: Mapping[str, Mapping[str, Any]], newest: Sequence[Mapping[str, Any]], stamp: Mapping[str, Any]
) -> Dropped | None:
    """What ends a release that has a lock, and no record on any host: its controller died between the two."""
    known = {one["release_id"] for one in newest}
    holders = [view["lock"] for view in views.values() if view.get("lock")]
    holder = max(holders, key=lambda one: int(one["epoch"]), default=None)
    if holder is None or holder["release_id"] in known:
        return None
    ended = {name: stamp[name] for name in ("user", "host", "job")}
    ended.update(since=stamp["at"], epoch=release_take.next_epoch(views), purpose=f"end of {holder['release_id']}")
    reason = (
        f"Release {holder['release_id']} ({lock.who(holder)}, {holder['since']}) took the lock and never began: the "
        "lock is released, and users are where they were."
    )
    return Dropped(reason=reason, wish={"holder": {**holder, **ended}, "document": None})


def _name(document: Mapping[str, Any]) -> str:
    return f"release {document['release_id']} of {document['version']}"


def require_whole(proxies: Mapping[str, Mapping[str, Any]], newest: Sequence[Mapping[str, Any]]) -> None:
    """Of the last release there must be one copy that can be read: an older record would lead to the wrong slot."""
    readable = {one["release_id"] for one in newest}
    last = newest[0]["release_id"] if newest else ""
    damaged = [(host, bad) for host, view in proxies.items() for bad in view["corrupt"]]
    for host, bad in damaged:
        name = os.path.basename(bad["file"]).removesuffix(".json")
        if record.RELEASE_ID.fullmatch(name) and name not in readable and name > last:
            raise Refused(
                f"Expected a record of {name} that can be read on a proxy, found that on {host} {bad['file']} is not "
                f"valid: {bad['problem']} Without it nothing says which slot users came from. Restore the file from a "
                "proxy that did not answer, or use the version of this collection that wrote it; users can be moved "
                "without a record by renaming the flag, see docs/rollback.md."
            )


def _require_way_back(document: Mapping[str, Any]) -> None:
    if document.get("adoption") is not None:
        raise Refused(
            f"Expected a release to go back from, found the adoption {document['release_id']}: before it there were no "
            "slots. To go back to the estate as it was, run playbooks/adopt.yml with -e adopt_undo=true."
        )
    if document["from_slot"] is None and document["phase"] == transitions.CLOSED:
        raise Refused(
            f"Expected a slot that users were on before {_name(document)}; it was the first install, so there is none. "
            "Release an earlier version instead."
        )
    standby = document["standby"] or {}
    live = document["phase"] == transitions.CLOSED and document["outcome"] == transitions.LIVE
    if live and standby.get("state") != "running":
        raise Refused(
            f"Expected {document['from_slot']} ({document['from_version']}) to run as the standby of "
            f"{_name(document)}; it was decommissioned {standby.get('since') or 'meanwhile'}. Release "
            f"{document['from_version']} again instead."
        )


def target_of(newest: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The release that going back leads to: the last that went live in the slot; None where no record tells of it."""
    document = newest[0]
    came_from = (document["from_slot"], document["from_version"])
    lived = (one for one in newest[1:] if one["outcome"] == transitions.LIVE)
    return next((one for one in lived if (one["to_slot"], one["version"]) == came_from), None)


def _require_schema(document: Mapping[str, Any], asked: Asked) -> None:
    """Who wants the schema taken back is not told that all is well while it is not."""
    if asked.database == "always" and not downgrade_plan.too_early(document):
        raise Refused(
            f"Expected {_name(document)} with the database at revision {document['revision_before']} again, as"
            f" rollback_database asks, found it at {document['revision_after'] or 'one that is not known'}; users are"
            f" on {document['from_slot']} already. Run playbooks/downgrade.yml for the database."
        )


def _require_target(newest: Sequence[Mapping[str, Any]], wanted: str) -> None:
    """Only the standby runs, so only the release in it can be gone back to; an id is a promise of which that is."""
    if not wanted:
        return
    document, target = newest[0], target_of(newest)
    known = {str(one["release_id"]): one for one in newest}
    reached = str(target["release_id"]) if target else "a release without a record"
    this = f"going back leads to {document['from_version']} in {document['from_slot']} ({reached})"
    if wanted == reached:
        return
    if wanted not in known:
        raise Refused(
            f"Expected rollback_to to name a release of this estate, found {wanted!r}, which no proxy has a record of; "
            f"{this}. Leave rollback_to out, or name that one."
        )
    one = known[wanted]
    if one["outcome"] in ("rolled_back", "failed"):
        raise Refused(
            f"Expected rollback_to to name a release that users were left on, found {wanted}, which is marked: it was "
            f"closed as {one['outcome']} at {one['ended_at']}; {this}. Release {one['version']} again to try it anew."
        )
    if one is document:
        raise Refused(f"Expected rollback_to to name an earlier release, found {wanted}, the last one; {this}.")
    raise Refused(
        f"Expected rollback_to to name the release in the standby, found {wanted} of {one['version']}, which runs "
        f"no more; {this}. Release {one['version']} again instead."
    )


def elsewhere(looks: Looks, lb_hosts: Sequence[str], slot: str) -> dict[str, str]:
    """Proxies of which it is not known, by flag and by nginx alike, that they serve *slot*; what is known of each."""
    seen = {host: looks[host]["proxy"] for host in lb_hosts if (looks.get(host) or {}).get("proxy")}
    found = {
        host: f"serves {proxy['probe']}"
        if proxy["agree"]
        else f"has the flag of {proxy['file']}, while nginx says {proxy['probe']}"
        for host, proxy in seen.items()
        if not (proxy["agree"] and proxy["probe"] == slot)
    }
    shut = {host: "lets nobody in, its door is closed" for host in shut_of(looks, lb_hosts) if host not in found}
    return {host: {**found, **shut}[host] for host in seen if host in found or host in shut}


def shut_of(looks: Looks, lb_hosts: Sequence[str]) -> list[str]:
    """Proxies whose door is closed."""
    return [host for host in lb_hosts if ((looks.get(host) or {}).get("proxy") or {}).get("door") == nginx_door.CLOSED]


def _require_there(looks: Looks, lb_hosts: Sequence[str], slot: str, document: Mapping[str, Any]) -> None:
    found = elsewhere(looks, lb_hosts, slot)
    if found:
        told = ", ".join(f"{host} {how}" for host, how in found.items())
        raise Refused(
            f"Expected users on {slot}, as the closed record of {_name(document)} says; found that {told}. "
            "playbooks/reconcile.yml brings every proxy to the slot of the record."
        )


def unhealthy(looks: Looks, app_hosts: Sequence[str], slot: str, version: str | None) -> Iterator[str]:
    """Give what is wrong with a slot on the application hosts, of those that answered; and if none did, that."""
    answered = [host for host in app_hosts if host in looks]
    if not answered:
        yield f"none of {', '.join(app_hosts)} can be reached, so nothing is known of {slot}"
    for host in answered:
        health = looks[host]["slots"].get(slot) or {"passed": False, "reason": "it was not asked", "version": ""}
        if not health["passed"]:
            yield f"on {host} {health['reason']}"
        elif version and health["version"] and health["version"] != version:
            yield f"{host} answers as version {health['version']}"


def refusal_of_health(slot: str, version: str | None, ill: Sequence[str], otherwise: str) -> str:
    """Why nobody is moved to a slot. ill: what unhealthy() gave. otherwise: what else there is to do but to mend it."""
    return (
        f"Expected {slot} ({version}) to be healthy on every application host; found that {'; '.join(ill)}. That is "
        f"what users would get, so nobody was moved. Mend it{otherwise}."
    )
