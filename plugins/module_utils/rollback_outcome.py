# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What going back has reached: pure functions from the facts that its tasks left on the hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from ansible_collections.bluegreen.release.plugins.module_utils import (
    closed_door,
    configuration,
    downgrade_plan,
    migration_slow,
    signal_trace,
    singleton_back,
)


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
    cut: int
    """Connections to it that were still open when its time to drain was over."""
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
    judged = {host: facts[host].get("__rollback_judged") for host in lb_hosts if host in present}
    undone += [f"{host}: the slot that users are back on does not pass: {why}" for host, why in judged.items() if why]
    schema = facts[app_hosts[0]].get("__rollback_schema") if app_hosts else None
    if schema == "":
        done.append("the schema")
    elif schema:
        undone.append(f"the schema: {schema.rstrip('.')}. playbooks/downgrade.yml takes it back later")
    # A proxy that is gone is named where users are told of, and gets the record from the others.
    undone += [f"{host}: the record is not written there: {why}" for host, why in unwritten.items() if host in present]
    return Told(done=done, undone=undone, hooks=hooks)


class SchemaBack(TypedDict):
    """Whether the schema is to be taken back behind users, and why it cannot be yet; empty when it can."""

    wanted: bool
    problem: str


def schema_back(
    document: Mapping[str, Any], asked: str, app_hosts: Sequence[str], facts: Mapping[str, Mapping[str, Any]]
) -> SchemaBack:
    """Whether to take the schema back. asked: ``rollback_database``.

    A release that applied nothing has none, and behind the closed door it is back before users are.
    """
    ahead = downgrade_plan.is_ahead(document)
    wanted = asked == "always" or (asked == "auto" and document.get("rollback_class") == "switch_then_downgrade")
    running = [host for host in app_hosts if not facts[host].get("__rollback_stopped")]
    problem = (
        f"Expected the candidate stopped on every application host before its schema is taken away, found that it may"
        f" run on {', '.join(running)}"
    )
    return SchemaBack(wanted=wanted and ahead, problem=problem if running else "")


def facts_of(
    document: Mapping[str, Any], lb_hosts: Sequence[str], app_hosts: Sequence[str],
    facts: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """What the record learns when it is closed.

    Where the schema is, which revisions a limit has ended, which nginx configuration is in effect, and by which signals
    users were taken back.
    """
    first = facts[app_hosts[0]] if app_hosts else {}
    learned = dict(first.get("__rollback_facts") or {})
    migration = learned.get("migration") or document.get("migration")
    if first.get("migration_slow") and migration:
        learned["migration"] = migration_slow.kept(migration, first["migration_slow"])
    answers = [facts[host].get("__rollback_nginx") for host in lb_hosts]
    if answers and all(one and not any(one.get(flag) for flag in ("failed", "missing")) for one in answers):
        learned["config_generation"] = (document.get("from_configuration") or {}).get("nginx")
    held = {host: facts[host].get("__rollback_held") or {} for host in lb_hosts}
    if found := closed_door.downtime("rollback", held):
        learned["downtime"] = [*(document.get("downtime") or []), found]
    watched = next((facts[host].get("golden_signals_result") for host in lb_hosts), None)
    if verdicts := signal_trace.unrecorded(document, watched):
        learned["verdicts"] = verdicts
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
        cut=sum(len((facts[host].get("decommission_result") or {}).get("abandoned") or ()) for host in stopped),
        complete=not (moved and silent) and stop_ended and not background,
    )


def _message(result: Mapping[str, Any]) -> str:
    """Give the one message of a failed task's *result*; loops and older modules put it elsewhere."""
    for item in result.get("results") or []:
        if isinstance(item, Mapping) and item.get("failed"):
            return _message(item)
    text = str(result.get("msg") or result.get("stderr") or "no message").strip()
    return text
