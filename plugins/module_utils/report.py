# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run says at its end: pure functions from the record and the hosts' facts to lines of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from ansible_collections.bluegreen.release.plugins.module_utils import configuration, singleton_back


class Failure(TypedDict):
    """What ended a phase."""

    host: str
    """The host on which it failed; empty when every host that failed is unreachable."""
    task: str
    """Name of the task that failed; empty for an unreachable host."""
    message: str
    """What that task said."""
    missing: list[str]
    """Hosts that cannot be reached any more, in inventory order."""


class Told(TypedDict):
    """What going back has to say besides where users are, each a line."""

    done: list[str]
    """What is again as it was."""
    undone: list[str]
    """What is not, and why."""
    hooks: list[str]
    """What hooks had to say that did not end well. With this or undone the run ends non-zero."""


class Undo(TypedDict):
    """What going back has reached."""

    proved: list[str]
    """Proxies whose front door was proved to serve the old slot."""
    unproved: list[str]
    """Proxies of which that is not known, although this release may have switched them."""
    unasked: list[str]
    """Proxies that could not be asked, but were never switched by this release."""
    stopped: list[str]
    """Application hosts on which the candidate was stopped."""
    complete: bool
    """Whether every proxy and what runs once is back, and the candidate is stopped wherever that was asked for."""


def failure_of(hosts: Sequence[str], facts: Mapping[str, Mapping[str, Any]]) -> Failure:
    """Find what failed, from the *facts* of *hosts*; a host that takes part in going back has ``__rollback_present``.

    Ansible runs a ``rescue`` on every host that it can still reach, and tells only the host that failed why.
    """
    missing = [host for host in hosts if not facts[host].get("__rollback_present")]
    for host in hosts:
        task = facts[host].get("ansible_failed_task")
        forgiven = (facts[host].get("__hook_from_file") or {}).get("task")
        if host not in missing and task and task.get("name") != forgiven:
            result = facts[host].get("ansible_failed_result") or {}
            return Failure(host=host, task=str(task.get("name", "")), message=_message(result), missing=missing)
    message = f"cannot be reached: {', '.join(missing)}" if missing else "a task failed; its message is further up"
    return Failure(host="", task="", message=message, missing=missing)


def present_of(hosts: Sequence[str], facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The hosts that take part in going back."""
    return [host for host in hosts if facts[host].get("__rollback_present")]


def told_of(
    document: Mapping[str, Any], lb_hosts: Sequence[str], app_hosts: Sequence[str],
    facts: Mapping[str, Mapping[str, Any]], singletons: singleton_back.Plan, present: Sequence[str],
    unwritten: Mapping[str, str],
) -> Told:  # fmt: skip
    """All that going back has to say besides where users are, from the facts that its tasks left on the hosts.

    present: hosts that take part in it. unwritten: proxies that do not have the record as it is, each with the reason.
    """
    found = configuration.told_back(document, lb_hosts, app_hosts, facts)
    background = singleton_back.told(singletons, facts)
    warned = [facts[host].get("hook_warnings") or [] for host in present]
    hooks = list(dict.fromkeys(line for lines in warned for line in lines))
    done, undone = background["done"] + found["done"], background["undone"] + found["undone"]
    # A proxy that is gone is named where users are told of, and gets the record from the others.
    undone += [f"{host}: the record is not written there: {why}" for host, why in unwritten.items() if host in present]
    return Told(done=done, undone=undone, hooks=hooks)


def facts_of(
    document: Mapping[str, Any], lb_hosts: Sequence[str], app_hosts: Sequence[str],
    facts: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """What the record learns when it is closed: where the schema is, and which nginx configuration is in effect."""
    learned = dict(facts[app_hosts[0]].get("__rollback_facts") or {}) if app_hosts else {}
    answers = [facts[host].get("__rollback_nginx") for host in lb_hosts]
    if answers and all(one and not any(one.get(flag) for flag in ("failed", "missing")) for one in answers):
        learned["config_generation"] = (document.get("from_configuration") or {}).get("nginx")
    return learned


def speaker_of(hosts: Sequence[str], facts: Mapping[str, Mapping[str, Any]]) -> str:
    """The one host that prints the report: the first that has come to the end of going back; empty when none has."""
    return next((host for host in hosts if facts[host].get("__rollback_ended")), "")


def undo_of(
    lb_hosts: Sequence[str],
    app_hosts: Sequence[str],
    facts: Mapping[str, Mapping[str, Any]],
    moved: bool,
    stop_wanted: bool,
    singletons: singleton_back.Plan | None = None,
) -> Undo:
    """Sum up what going back has reached on every host, from the facts that its tasks left behind.

    moved: whether the release may have switched a proxy; the record says so before the first is switched.
    singletons: the services that run once and belong on the old slot again; None as long as that is not asked.
    """
    proved = [host for host in lb_hosts if facts[host].get("__rollback_proved")]
    stopped = [host for host in app_hosts if facts[host].get("__rollback_stopped")]
    silent = [host for host in lb_hosts if host not in proved]
    background = singleton_back.told(singletons, facts)["undone"] if singletons else []
    stop_ended = not stop_wanted or len(stopped) == len(app_hosts)
    return Undo(
        proved=proved,
        unproved=silent if moved else [],
        unasked=[] if moved else silent,
        stopped=stopped,
        complete=not (moved and silent) and stop_ended and not background,
    )


def release_report(
    document: Mapping[str, Any], check_mode: bool = False, warnings: Sequence[str] = ()
) -> list[str]:  # fmt: skip
    """Say in a few lines what the closed release *document* did, or in *check_mode* what it would do.

    warnings: of hooks that did not end well, and were not to stop the release.
    """
    if check_mode:
        return [
            f"Check mode: nothing was touched. {document['application']} {document['version']} would go live on"
            f" {document['to_slot']}, {document['from_version'] or 'nothing'} on {document['from_slot'] or 'no slot'}"
            " would stay up as the standby.",
            "What cannot be known without acting: whether the migration succeeds, and the health of the candidate.",
        ]
    lines = [
        f"{document['application']} {document['version']} is live on {document['to_slot']}"
        f" ({document['environment']}, {_seconds(document)} s).",
    ]
    if document.get("from_slot"):
        lines.append(f"{document['from_version']} on {document['from_slot']} stays up as the standby.")
    before, after = document.get("revision_before"), document.get("revision_after")
    if before != after:
        lines.append(f"The database went from revision {before or 'none'} to {after}.")
    lines += [f"WARNING: {warning}" for warning in warnings]
    lines.append(f"Record: {document['release_id']}")
    lines.append("Next: playbooks/status.yml shows the estate, playbooks/rollback.yml goes back.")
    return lines


def rollback_report(
    document: Mapping[str, Any], undo: Undo, failure: Failure | None, record_directory: str, check_mode: bool = False,
    told: Told | None = None,
) -> str:  # fmt: skip
    """Say what failed (None: nothing, the rollback was asked for), what was done, and what to run next."""
    if check_mode:
        what = _what_failed(document, failure) if failure else f"Users would go back to {document['from_slot']}."
        return f"Check mode: nothing was touched.\n{what}"
    parts = [_what_failed(document, failure), _where_users_are(document, undo), _what_became(document, undo)]
    parts.append(_where_the_schema_is(document))
    if told:
        parts += [f"Brought back: {line}." for line in told["done"]]
        parts += [f"NOT BROUGHT BACK: {line}." for line in told["undone"]]
        parts += [f"A HOOK FAILED: {line}." for line in told["hooks"]]
    parts.append(f"Record: {record_directory}/{document['release_id']}.json on every proxy.")
    parts.append(_what_next(undo, failure))
    return "\n".join(part for part in parts if part)


def _what_failed(document: Mapping[str, Any], failure: Failure | None) -> str:
    name = f"{document['application']} {document['version']}"
    if failure is None:
        return f"{name} was rolled back as asked."
    where = f" on {failure['host']}, in task «{failure['task']}»" if failure["host"] else ""
    phase = next((step["phase"] for step in reversed(document["transitions"]) if step["phase"] in _ACTS), "opened")
    missing = ""
    if failure["missing"] and failure["host"]:
        missing = f"\nCannot be reached: {', '.join(failure['missing'])}."
    return f"The release of {name} failed while {phase}{where}:\n{failure['message']}{missing}"


def _where_users_are(document: Mapping[str, Any], undo: Undo) -> str:
    slot = document.get("from_slot")
    if not slot:
        return "There was no earlier version to go back to: this was a first install."
    text = f"Users are on {slot} ({document['from_version']}), proved at {', '.join(undo['proved']) or 'no proxy'}."
    if undo["unasked"]:
        text += f"\n{', '.join(undo['unasked'])} could not be asked, and was not switched by this release."
    if undo["unproved"]:
        text += f"\nNOT PROVED at {', '.join(undo['unproved'])}: users there may still be on {document['to_slot']}."
    return text


def _what_became(document: Mapping[str, Any], undo: Undo) -> str:
    slot = document["to_slot"]
    if undo["stopped"]:
        return f"The candidate in {slot} was stopped on {', '.join(undo['stopped'])}; its logs are kept."
    reason = "because not every proxy is known to have left it" if undo["unproved"] else "as it was"
    return f"The candidate in {slot} was left {reason}."


def _where_the_schema_is(document: Mapping[str, Any]) -> str:
    before, after = document.get("revision_before"), document.get("revision_after")
    if after is None and any(step["phase"] == "migrating" for step in document["transitions"]):
        return f"The migration did not end; the database was at revision {before or 'none'} when it began."
    if before == after:
        return ""
    return f"The database stays at revision {after}, which the older version was checked on."


def _what_next(undo: Undo, failure: Failure | None) -> str:
    if undo["complete"]:
        mend = "mend the cause and release again" if failure else "playbooks/status.yml shows the estate"
        return f"Next: {mend}."
    return "Next: make the hosts named above reachable, then run playbooks/rollback.yml; it ends what is left undone."


_ACTS = ("provisioning", "migrating", "checking", "switching", "watching")


def _message(result: Mapping[str, Any]) -> str:
    """Give the one message of a failed task's *result*; loops and older modules put it elsewhere."""
    for item in result.get("results") or []:
        if isinstance(item, Mapping) and item.get("failed"):
            return _message(item)
    text = str(result.get("msg") or result.get("stderr") or "no message").strip()
    return text


def _seconds(document: Mapping[str, Any]) -> str:
    started, ended = document.get("started_at"), document.get("ended_at")
    if not started or not ended:
        return "?"
    return f"{(_time(ended) - _time(started)).total_seconds():.0f}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
