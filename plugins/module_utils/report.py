# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run says at its end: pure functions from the record and what was reached to lines of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import (
    closed_door,
    record,
    singleton_back,
    standby,
)
from ansible_collections.bluegreen.release.plugins.module_utils.rollback_outcome import Failure, Told, Undo


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
            "What cannot be known without acting: whether a migration succeeds, and the health of the candidate.",
        ]
    lines = [
        f"{document['application']} {document['version']} is live on {document['to_slot']}"
        f" ({document['environment']}, {_seconds(document)} s).",
    ]
    if document.get("from_slot"):
        lines.append(f"{document['from_version']} on {document['from_slot']} stays up as the standby.")
    now = (document.get("configuration") or {}).get("singletons")
    if now and (left := singleton_back.left(document, now["services"])):
        lines.append(
            f"STOPPED in {document['from_slot']}: {', '.join(left)} ran once before, and is not in "
            f"release_singleton_services any more. In {document['to_slot']} it runs only if release_services has it."
        )
    before, after = document.get("revision_before"), document.get("revision_after")
    if before != after:
        lines.append(f"The database went from revision {before or 'none'} to {after}.")
    lines += closed_door.words(document)
    lines += [f"WARNING: {warning}" for warning in warnings]
    lines.append(f"Record: {document['release_id']}")
    closed = standby.words(document)
    back = "" if closed else ", playbooks/rollback.yml goes back"
    return [*lines, *([closed] if closed else []), f"Next: playbooks/status.yml shows the estate{back}."]


def rollback_report(
    document: Mapping[str, Any], undo: Undo, failure: Failure | None, record_directory: str, check_mode: bool = False,
    told: Told | None = None,
) -> str:  # fmt: skip
    """Say what failed (None: nothing, the rollback was asked for), what was done, and what to run next."""
    if check_mode:
        what = _what_failed(document, failure) if failure else _what_would_be(document)
        return f"Check mode: nothing was touched.\n{what}"
    parts = [_what_failed(document, failure), _where_users_are(document, undo), _what_became(document, undo)]
    parts.append(_where_the_schema_is(document))
    parts += closed_door.words(document)
    if told:
        parts += [f"Brought back: {line}." for line in told["done"]]
        parts += [f"NOT BROUGHT BACK: {line}." for line in told["undone"]]
        parts += [f"A HOOK FAILED: {line}." for line in told["hooks"]]
    parts.append(f"Record: {record_directory}/{document['release_id']}.json on every proxy.")
    parts.append(_what_next(undo, failure))
    return "\n".join(part for part in parts if part)


def _what_would_be(document: Mapping[str, Any]) -> str:
    back = f"{document['from_slot']} ({document['from_version']})" if document["from_slot"] else "no slot"
    return (
        f"Users would go back to {back}; {document['version']} in {document['to_slot']} would be drained and stopped, "
        "its logs kept."
    )


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
        cut = f" {undo['cut']} connections were still open and were cut." if undo["cut"] else ""
        return f"The candidate in {slot} was stopped on {', '.join(undo['stopped'])}; its logs are kept.{cut}"
    reason = "because not every proxy is known to have left it" if undo["unproved"] else "as it was"
    return f"The candidate in {slot} was left {reason}."


def _where_the_schema_is(document: Mapping[str, Any]) -> str:
    before, after = document.get("revision_before"), document.get("revision_after")
    phases = {step["phase"] for step in document["transitions"]}
    if before is not None and before == after and document.get("rollback_class") == closed_door.CLASS:
        return f"The database is back at revision {before}."
    if "migrating" in phases and "migrated" not in phases:
        now = f"it is at revision {after} now" if after else "where it is now, the record does not know"
        return f"The migration did not end; the database was at revision {before or 'none'} when it began, and {now}."
    if before == after:
        return ""
    return f"The database stays at revision {after}, which the older version was checked on."


def _what_next(undo: Undo, failure: Failure | None) -> str:
    if undo["complete"]:
        mend = "mend the cause and release again" if failure else "playbooks/status.yml shows the estate"
        return f"Next: {mend}."
    return "Next: make the hosts named above reachable, then run playbooks/rollback.yml; it ends what is left undone."


_ACTS = ("provisioning", "migrating", "checking", "switching", "watching")


def _seconds(document: Mapping[str, Any]) -> str:
    started, ended = document.get("started_at"), document.get("ended_at")
    if not started or not ended:
        return "?"
    return f"{record.seconds_of(ended) - record.seconds_of(started):.0f}"
