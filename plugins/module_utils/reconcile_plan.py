# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is to be done so that every host is where the last record says: a pure function of one look at every host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import (
    lock,
    record,
    release_take,
    rollback_plan,
    transitions,
)
from ansible_collections.bluegreen.release.plugins.module_utils.rollback_plan import (
    DROP,
    GO_BACK,
    NOTHING,
    Asked,
    Looks,
    Refused,
    answers_of,
    drop_of,
    elsewhere,
    refusal_of_health,
    require_whole,
    shut_of,
    unhealthy,
)

BUSY = "busy"
BRING = "bring"


class Plan(rollback_plan.Plan):
    """What to do, and why in words. action: nothing, busy (another run is at work), go_back (end a rollback), bring
    (every proxy to the slot), or drop (the lock of a release that never began)."""

    moves: list[str]
    """Proxies of which it is not known that they serve the slot."""
    silent: list[str]
    """Hosts that did not answer."""


def plan(
    looks: Looks, lb_hosts: Sequence[str], app_hosts: Sequence[str], patience_seconds: float, stamp: Mapping[str, Any]
) -> Plan:
    """Decide from the look at every host that answered.

    patience_seconds: for how long after its last step a run counts as at work. Refused where a person is needed.
    """
    views = answers_of(looks, (*lb_hosts, *app_hosts))
    proxies = answers_of(looks, lb_hosts)
    silent = [host for host in dict.fromkeys((*lb_hosts, *app_hosts)) if host not in views]
    if not proxies:
        raise Refused(f"Expected an answer of at least one proxy out of {', '.join(lb_hosts)}, found none.")
    newest = release_take.records_of(proxies)
    require_whole(proxies, newest)
    if work := _at_work(views, newest, patience_seconds, stamp):
        return _made(BUSY, f"{work} Nothing was changed.", silent)
    if dropped := drop_of(views, newest, stamp):
        return _made(DROP, dropped["reason"], silent, wish=dropped["wish"])
    if not newest:
        return _made(NOTHING, "Nothing was released here.", silent)
    document = newest[0]
    name = f"release {document['release_id']} of {document['version']}"
    if document["phase"] == transitions.ROLLING_BACK and document.get("adoption") is None:
        ended = rollback_plan.plan(looks, lb_hosts, app_hosts, Asked(), stamp)
        reason = f"The rollback of {name} was not ended."
        return _made(GO_BACK, reason, silent, ended["slot"], notes=ended["notes"], wish=ended["wish"])
    if document["phase"] != transitions.CLOSED:
        raise Refused(
            f"Expected the last release to be ended, found {name} in phase {document['phase']} since "
            f"{document['transitions'][-1]['at']} and nobody at work on it for {patience_seconds:g} s. Run "
            f"{lock.way_back(bool(document.get('adoption')))} to take it back."
        )
    slot = document["to_slot"] if document["outcome"] == transitions.LIVE else document["from_slot"]
    if slot is None:
        return _made(NOTHING, f"Before {name} there was no slot, and it was taken back.", silent)
    return _bring(looks, lb_hosts, app_hosts, document, str(slot), silent, stamp)


def _made(
    action: str, reason: str, silent: list[str], slot: str = "", moves: Sequence[str] = (), notes: Sequence[str] = (),
    wish: dict[str, Any] | None = None,
) -> Plan:  # fmt: skip
    return Plan(
        action=action, slot=slot, version=None, reason=reason, moves=[*moves], silent=silent, notes=[*notes], wish=wish
    )  # fmt: skip


def _bring(
    looks: Looks, lb_hosts: Sequence[str], app_hosts: Sequence[str], document: Mapping[str, Any], slot: str,
    silent: list[str], stamp: Mapping[str, Any],
) -> Plan:  # fmt: skip
    """The plan where the last record is closed and *slot* is the one that users belong on."""
    answered = [host for host in lb_hosts if (looks.get(host) or {}).get("proxy")]
    moves = elsewhere(looks, lb_hosts, slot)
    behind = [host for host in answered if not _holds(looks[host]["record"], document)]
    if not moves and not behind:
        return _made(NOTHING, f"Every proxy that answers serves {slot}, as recorded.", silent, slot)
    # A door that was left closed is opened, whatever is behind it: that is no word of where users are.
    shut = shut_of(looks, lb_hosts)
    strayed = {host: how for host, how in moves.items() if host not in shut or looks[host]["proxy"]["probe"] != slot}
    _require_less_than_the_record(looks, answered, strayed, document, slot)
    version = document["version"] if slot == document["to_slot"] else document["from_version"]
    ill = [*unhealthy(looks, app_hosts, slot, version)]
    if strayed and ill:
        raise Refused(refusal_of_health(slot, version, ill, ""))
    try:
        wish = release_take.to_take_over(
            answers_of(looks, (*lb_hosts, *app_hosts)), lb_hosts, stamp, False, document["release_id"]
        )
    except release_take.TakeError as error:
        raise Refused(str(error)) from error
    wish["holder"]["purpose"] = f"reconciliation with {document['release_id']}"
    where = [f"{host} {how}" for host, how in moves.items()]
    where += [f"{host} does not have the last record" for host in behind]
    reason = f"Expected {slot} ({version}) as recorded, found that {', '.join(where)}."
    return _made(BRING, reason, silent, slot, [*moves], wish=wish)


def _require_less_than_the_record(
    looks: Looks, answered: Sequence[str], moves: Mapping[str, str], document: Mapping[str, Any], slot: str
) -> None:
    """Where all proxies say otherwise, or one that a later run has visited, they are believed and not the record."""
    later = [host for host in moves if (looks[host]["record"]["epoch"] or 0) > document["epoch"]]
    if moves and (later or len(moves) == len(answered)):
        where = ", ".join(f"{host} {how}" for host, how in moves.items())
        visited = f", and that a later run was at {', '.join(later)} and could not write its record" if later else ""
        raise Refused(
            f"Expected {slot}, as the closed record of {document['release_id']} says, found that {where}{visited}. "
            "Proxies are believed, so nobody was moved. If users belong where they are, playbooks/rollback.yml makes "
            "the record say so; else playbooks/release.yml brings them to a version."
        )


def _holds(view: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    own = next((one for one in view["records"] if one["release_id"] == document["release_id"]), None)
    return own is not None and record.age(own) >= record.age(document)


def _at_work(
    views: Mapping[str, Mapping[str, Any]], newest: Sequence[Mapping[str, Any]], patience_seconds: float,
    stamp: Mapping[str, Any],
) -> str:  # fmt: skip
    """Who is at work, in words; empty where nobody is. A lock, or a step of a record, tells of it for so long."""
    now, closed = record.seconds_of(stamp["at"]), release_take.closed_of(views)
    for holder in (view["lock"] for view in views.values() if view.get("lock")):
        if holder["release_id"] not in closed and now - record.seconds_of(holder["since"]) < patience_seconds:
            return f"{lock.who(holder)} has the lock since {holder['since']} ({holder['purpose']})."
    for document in newest[:1]:
        last = document["transitions"][-1]
        if document["phase"] != transitions.CLOSED and now - record.seconds_of(last["at"]) < patience_seconds:
            name, phase = document["release_id"], document["phase"]
            return f"Release {name} is in phase {phase} since {last['at']}, by {last['actor']}."
    return ""
