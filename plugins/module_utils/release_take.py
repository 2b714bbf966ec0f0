# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a run comes to hold a release: opening, resuming, taking over. Pure: host views in, a wish for the lock out.

A *view* is what the module release_record returns with ``state=query``; a host that did not answer has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import configuration, lock, record, transitions

Views = Mapping[str, Mapping[str, Any]]


class TakeError(Exception):
    """The run may not take the release; the text says what was expected, found, and what to do."""


def records_of(views: Views) -> list[dict[str, Any]]:
    """The newest valid record of each release over all views, newest release first."""
    return record.newest_valid(document for view in views.values() for document in view.get("records", []))


def closed_of(views: Views) -> list[str]:
    """The releases that are closed, as any host knows; a lock of theirs on a host that was away is a leftover."""
    return [str(one["release_id"]) for one in records_of(views) if one["phase"] == transitions.CLOSED]


def next_epoch(views: Views) -> int:
    """One more than any host has seen."""
    seen = [int(view["lock"]["epoch"]) for view in views.values() if view.get("lock")]
    seen += [int(view["epoch"]) for view in views.values() if view.get("epoch") is not None]
    seen += [int(document["epoch"]) for document in records_of(views)]
    return max(seen, default=0) + 1


def _unfit(views: Views, hosts: Sequence[str]) -> str:
    silent = [host for host in hosts if host not in views]
    if silent:
        return (
            f"expected an answer of every host, found none of {', '.join(silent)}. Bring them back, then run again; "
            "to take a release back without them, run playbooks/rollback.yml."
        )
    foreign = [host for host in hosts if views[host]["directory"] == "foreign"]
    if foreign:
        return (
            f"expected a state directory that belongs to the SSH user, found one that does not on "
            f"{', '.join(foreign)}. Give it to the SSH user (chown -R), then run again."
        )
    blind = [host for host in hosts if views[host]["epoch"] is None]
    if blind:
        return (
            f"expected an epoch on every host, found a damaged file on {', '.join(blind)}. Write the highest epoch of "
            "the other hosts into the file epoch of their state directory (playbooks/status.yml shows it)."
        )
    return ""


def _held(views: Views, release_id: str, known: Mapping[str, Mapping[str, Any]]) -> str:
    """The message about the first lock that another, unfinished release holds; empty when there is none."""
    for host, view in views.items():
        holder = view.get("lock")
        if not holder or holder["release_id"] == release_id:
            continue
        phase = known.get(holder["release_id"], {}).get("phase")
        if phase != transitions.CLOSED:
            return f"{host}: {lock.held_message(holder, phase)}"
    return ""


def _holder(
    release_id: str, mode: str, purpose: str, views: Views, stamp: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    names = ("user", "host", "job")
    return {
        "release_id": release_id, "mode": mode, "purpose": purpose, "since": stamp["at"],
        "epoch": next_epoch(views), **{name: stamp[name] for name in names},
    }  # fmt: skip


def to_open(
    views: Views, hosts: Sequence[str], plan: Mapping[str, Any], release: Mapping[str, Any],
    stamp: Mapping[str, Any], takeover: bool,
) -> dict[str, Any]:  # fmt: skip
    """A wish for the lock and the first document of a new release: ``{holder, document}``.

    release: application, environment, mode. takeover: go on beside a lock that another release holds.
    """
    problem = _unfit(views, hosts)
    newest = records_of(views)
    if not problem and not takeover:
        problem = _held(views, "", {document["release_id"]: document for document in newest})
    if not problem and not takeover and newest and newest[0]["phase"] != transitions.CLOSED:
        problem = (
            f"expected no unfinished release, found {newest[0]['release_id']} in phase {newest[0]['phase']}. "
            f"Run {lock.way_back(bool(newest[0].get('adoption')))} to take it back, then run again."
        )
    if problem:
        raise TakeError(problem)
    act = f"{lock.ADOPTION} of" if plan.get("adoption") else "release"
    holder = _holder(stamp["release_id"], release["mode"], f"{act} {plan.get('version')}", views, stamp)
    live = configuration.of_live(newest, plan.get("live"))
    named = {**release, "release_id": stamp["release_id"], "from_configuration": live}
    return {"holder": holder, "document": record.new_document(plan, named, holder["epoch"], stamp)}


def to_resume(
    views: Views, hosts: Sequence[str], version: str, stamp: Mapping[str, Any], takeover: bool
) -> dict[str, Any]:
    """A wish for the lock of the release that was opened in mode steps for *version*: ``{holder, document}``."""
    problem, newest = _unfit(views, hosts), records_of(views)
    if problem:
        raise TakeError(problem)
    document = newest[0] if newest else None
    if document is None or document["phase"] == transitions.CLOSED:
        raise TakeError(f"expected an open release of {version}, found none. Run playbooks/open.yml first.")
    if document["version"] != version or document["mode"] != "steps":
        raise TakeError(
            f"expected an open release of {version} in mode steps, found {document['release_id']} of "
            f"{document['version']} in mode {document['mode']}, phase {document['phase']}. "
            f"Let it end, or take it back by {lock.way_back(bool(document.get('adoption')))}; then run "
            "playbooks/open.yml."
        )
    if document["phase"] in transitions.UNDER_WAY:
        last = document["transitions"][-1]
        raise TakeError(
            f"expected a finished phase, found {document['phase']}, begun by {last['actor']} at {last['at']} and not "
            "ended. Wait for it to end; if it was killed, take the release back by playbooks/rollback.yml."
        )
    problem = "" if takeover else _held(views, document["release_id"], {})
    if problem:
        raise TakeError(problem)
    holder = _holder(document["release_id"], "steps", f"release {version}", views, stamp)
    return {"holder": holder, "document": document}


def to_take_over(
    views: Views, lb_hosts: Sequence[str], stamp: Mapping[str, Any], takeover: bool, release_id: str = ""
) -> dict[str, Any]:
    """A wish for the lock of a release, over whatever hosts answered: ``{holder, document}``.

    release_id: which; empty for the newest.
    """
    if not any(host in views for host in lb_hosts):
        raise TakeError(f"expected an answer of at least one proxy out of {', '.join(lb_hosts)}, found none.")
    newest = records_of(views)
    document = next((one for one in newest if release_id in ("", one["release_id"])), None)
    if document is None:
        which = f"the record of {release_id}" if release_id else "a record of a release"
        raise TakeError(
            f"expected {which} on a proxy, found none: nothing was released here, and nothing can be "
            "taken back. playbooks/status.yml shows what runs now."
        )
    known = {one["release_id"]: one for one in newest}
    problem = "" if takeover else _held(views, document["release_id"], known)
    if problem:
        raise TakeError(problem)
    act = f"{lock.ADOPTION} taken back:" if document.get("adoption") else "rollback of"
    holder = _holder(document["release_id"], document["mode"], f"{act} {document['release_id']}", views, stamp)
    return {"holder": holder, "document": document}


def context(document: Mapping[str, Any], epoch: int) -> dict[str, Any]:
    """What every other role may know of the release in hand."""
    return {
        "release_id": document["release_id"], "epoch": epoch, "mode": document["mode"],
        "version": document["version"], "image": document["image"], "digest": document["digest"],
        "live": document["from_slot"], "candidate": document["to_slot"], "live_version": document["from_version"],
        "live_digest": document["from_digest"], "first": document["from_slot"] is None, "document": dict(document),
    }  # fmt: skip


def taken(wish: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The context of a release whose lock was taken as wished, with its newest record.

    answers: to the taking. Until a host gave its lock an earlier run could go on, and write there that it did.
    """
    holder = wish["holder"]
    known = [answer["document"] for answer in answers if answer.get("lock") == holder and answer.get("document")]
    return context(max([wish["document"], *known], key=record.age), holder["epoch"])


def newest_context(contexts: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Of the contexts that hosts have, the one with the newest document; None when there is none."""
    return max((dict(one) for one in contexts), key=lambda one: record.age(one["document"]), default=None)


def next_document(
    contexts: Sequence[Mapping[str, Any]], phase: str, outcome: str, facts: Mapping[str, Any],
    stamp: Mapping[str, Any], application: str,
) -> dict[str, Any]:  # fmt: skip
    """The next document of the release in hand, from the newest of *contexts*. RecordError when it is not allowed.

    phase: to advance to; empty with an outcome: close; both empty: only add the facts.
    """
    newest = newest_context(contexts)
    if newest is None:
        raise record.RecordError(
            f"expected a release of {application} in hand, found none in this run. Run playbooks/open.yml or the "
            "whole release; a phase on its own resumes the release first."
        )
    document, epoch = newest["document"], newest["epoch"]
    if outcome:
        return record.close(document, outcome, facts, epoch, stamp)
    if phase:
        return record.advance(document, phase, facts, epoch, stamp)
    return record.amend(document, facts, epoch)
