# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release whose migration the live version does not survive: when its way back needs the door, and for how long it
was closed. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_door import CLOSED, OPEN

CLASS = "behind_closed_door"

Facts = Mapping[str, Mapping[str, Any]]


def goes_back_behind(document: Mapping[str, Any]) -> bool:
    """Whether users may be let to the old slot only when the schema is back.

    From the record of its migration on: only what is recorded before the first revision may have been applied.
    """
    begun = any(step["phase"] == "migrating" for step in document["transitions"])
    back = document["revision_after"] is not None and document["revision_after"] == document["revision_before"]
    return document["rollback_class"] == CLASS and begun and not back and bool(document["from_slot"])


def refusal(
    document: Mapping[str, Any], lb_hosts: Sequence[str], app_hosts: Sequence[str], present: Sequence[str],
    commands: Mapping[str, Any],
) -> str:  # fmt: skip
    """Why the schema cannot be taken back by this run, before anything is touched; empty when it can.

    present: hosts that can be reached. commands: of the migration tool, by verb.
    """
    if not commands.get("downgrade") or not document["revision_before"]:
        return (
            f"Expected migration_commands.downgrade and a recorded revision, to take the database back for"
            f" {document['from_version']}; found {'the command' if commands.get('downgrade') else 'no command'} and"
            f" {document['revision_before'] or 'no revision'}."
        )
    # Users may be on the candidate: it is to be stopped everywhere, and no proxy may still send anybody there.
    wanted = [*lb_hosts, *app_hosts] if document["traffic_moved"] else [*app_hosts[:1]]
    missing = [host for host in dict.fromkeys(wanted) if host not in present]
    if missing:
        return f"Expected to reach {', '.join(wanted)}, found that {', '.join(missing)} cannot be reached."
    return ""


def problem(app_hosts: Sequence[str], facts: Facts) -> str:
    """Why the schema is not back, as the host noted that takes it back; empty when it is back."""
    noted = facts[app_hosts[0]].get("__rollback_schema")
    if noted is None:
        return f"Nothing is known of the database: {app_hosts[0]} could not do its part"
    return str(noted)


def opened(lb_hosts: Sequence[str], facts: Facts) -> bool:
    """Whether users are let in at every proxy."""
    return not _not_at(lb_hosts, facts, OPEN)


def shut(document: Mapping[str, Any], lb_hosts: Sequence[str], facts: Facts) -> bool:
    """Whether nobody can be on the candidate: the door is closed at every proxy, or users were never moved there."""
    return not document["traffic_moved"] or not _not_at(lb_hosts, facts, CLOSED)


def _not_at(lb_hosts: Sequence[str], facts: Facts, door: str) -> list[str]:
    return [host for host in lb_hosts if (facts[host].get("nginx_switchover_door") or {}).get("door") != door]


def unready(document: Mapping[str, Any], lb_hosts: Sequence[str], app_hosts: Sequence[str], facts: Facts) -> str:
    """Why the schema may not be taken back yet, behind the closing of the door; empty when it may."""
    open_at = [] if shut(document, lb_hosts, facts) else _not_at(lb_hosts, facts, CLOSED)
    # Where users were never moved nobody is on the candidate, and only the host that migrates has to be free of it.
    wanted = app_hosts if document["traffic_moved"] else app_hosts[:1]
    running = [host for host in wanted if not facts[host].get("__closed_door_parked")]
    problems = [f"the door is not proved to be closed at {', '.join(open_at)}"] * bool(open_at)
    problems += [f"the candidate is not stopped on {', '.join(running)}"] * bool(running)
    if not problems:
        return ""
    said = [str(facts[host].get("__closed_door_obstacle") or "") for host in dict.fromkeys([*lb_hosts, *app_hosts])]
    why = "; ".join(one for one in said if one) or "no message"
    return f"Expected nobody on the database, found that {'; '.join(problems)}: {why}"


def sentence(document: Mapping[str, Any], why: str, opened: bool) -> str:
    """What a person is told when the schema was not taken back. opened: whether users are let to the candidate."""
    new, old = f"{document['version']} in {document['to_slot']}", f"{document['from_version']}"
    end = "Mend that, and run playbooks/rollback.yml again."
    if document["traffic_moved"]:
        where = f"Users stay on {new}, and the door is open" if opened else f"Users belong on {new}"
        return f"{why.rstrip('.')}. {old} does not work on the migrated database, so nobody was moved. {where}. {end}"
    return (
        f"{why.rstrip('.')}. {old}, which users belong on, does not work on the migrated database: THE DOOR STAYS"
        f" CLOSED, and users are told to come again. {end} Or take the database back to revision"
        f" {document['revision_before'] or 'none'} by hand first; it then opens the door."
    )


def downtime(what: str, held: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """For how long the door was closed, for the record; None where it was not.

    held: by proxy C(seconds), with C(mode) and C(limit_seconds) as configured; nothing where its door was open.
    """
    known = {host: one for host, one in held.items() if one.get("seconds") is not None}
    if not known:
        return None
    seconds = {host: round(float(one["seconds"]), 3) for host, one in known.items()}
    first = next(iter(known.values()))
    return {
        "what": what,
        "mode": str(first["mode"]),
        "limit_seconds": float(first["limit_seconds"]),
        "seconds": max(seconds.values()),
        "proxies": seconds,
    }


def words(document: Mapping[str, Any]) -> list[str]:
    """The downtime of a release and of going back from it, a line each."""
    return [_words(one) for one in document.get("downtime") or []]


def _words(one: Mapping[str, Any]) -> str:
    more = "" if one["seconds"] <= one["limit_seconds"] else " MORE THAN WAS PLANNED."
    limit = f"{one['seconds']:.1f} s of at most {one['limit_seconds']:g} s"
    return f"Downtime of the {one['what']}: {limit}, {_HOW[one['mode']]}.{more}"


_HOW = {"hold": "requests held", "maintenance": "answered 503"}
