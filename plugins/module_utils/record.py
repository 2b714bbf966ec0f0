# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a release as a document: pure functions from documents to documents.

Nothing here reads a clock, a file or the environment: times and names come in as a stamp (filter release_stamp).
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import configuration, transitions

SCHEMA_VERSION = 1
SLOTS = ("blue", "green")
MODES = ("run", "steps")
RELEASE_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9][A-Za-z0-9._+-]{0,127}-[0-9a-f]{4}")
_TEXT, _MAYBE = (str,), (str, type(None))

# Every field and the types it may have. docs/record.schema.json says the same in more detail.
FIELDS: Mapping[str, tuple[type, ...]] = {
    "schema_version": (int,), "release_id": _TEXT, "application": _TEXT, "environment": _TEXT, "version": _TEXT,
    "image": _TEXT, "digest": _TEXT, "from_slot": _MAYBE, "to_slot": _TEXT, "from_version": _MAYBE,
    "from_digest": _MAYBE, "phase": _TEXT, "outcome": _MAYBE, "epoch": (int,), "sequence": (int,),
    "checksum": _TEXT, "mode": _TEXT, "traffic_moved": (bool,), "revision_before": _MAYBE, "revision_after": _MAYBE,
    "rollback_class": _MAYBE, "config_generation": _MAYBE, "failure": _MAYBE, "verdicts": (list,),
    "standby": (dict, type(None)), "transitions": (list,), "rollback_of": _MAYBE, "started_at": _TEXT,
    "ended_at": _MAYBE, "configuration": (dict, type(None)), "from_configuration": (dict, type(None)),
    "adoption": (dict, type(None)), "migration": (dict, type(None)),
    "backup": (dict, type(None)), "downtime": (list, type(None)),
}  # fmt: skip

# Fields that came after the first records were written; one without them is still valid.
LATER = frozenset(("configuration", "from_configuration", "adoption", "migration", "backup", "downtime"))

# What a phase may add to the record. Verdicts are appended, everything else is replaced.
FACTS = (
    "revision_before", "revision_after", "rollback_class", "config_generation", "failure", "verdicts", "standby",
    "rollback_of", "configuration", "adoption", "migration", "backup", "downtime",
)  # fmt: skip


class RecordError(Exception):
    """The document cannot become what was asked; the text says what was expected, found, and what to do."""


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one spelling of a document that its checksum is made of."""
    bare = {key: value for key, value in document.items() if key != "checksum"}
    return json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def checksum(document: Mapping[str, Any]) -> str:
    """The sha256 of the canonical JSON without the field checksum, in hex."""
    return hashlib.sha256(canonical(document)).hexdigest()


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its checksum. RecordError when it is not a valid record."""
    result = {**document, "checksum": checksum(document)}
    problems = validate(result)
    if problems:
        raise RecordError(" ".join(problems))
    return result


def _transition(phase: str, epoch: int, stamp: Mapping[str, Any]) -> dict[str, Any]:
    return {"at": stamp["at"], "phase": phase, "actor": stamp["actor"], "run": stamp["run"], "epoch": epoch}


def new_document(
    plan: Mapping[str, Any], release: Mapping[str, Any], epoch: int, stamp: Mapping[str, Any]
) -> dict[str, Any]:
    """The first document of a release.

    plan: version, image, digest, live, candidate, live_version, live_digest (from preflight); perhaps adoption.
    release: release_id, application, environment, mode; perhaps from_configuration, that of the live slot.
    stamp: at, actor, run.
    """
    missing = [key for key in ("version", "image", "digest", "candidate") if not plan.get(key)]
    if missing:
        raise RecordError(f"expected {', '.join(missing)} in the plan, found {sorted(plan)}. Run the preflight first.")
    document: dict[str, Any] = dict.fromkeys(FIELDS)
    document.update(
        schema_version=SCHEMA_VERSION, release_id=release["release_id"], application=release["application"],
        environment=release["environment"], mode=release["mode"], version=plan["version"], image=plan["image"],
        digest=plan["digest"], from_slot=plan.get("live"), to_slot=plan["candidate"],
        from_version=plan.get("live_version"), from_digest=plan.get("live_digest"), phase=transitions.FIRST,
        epoch=epoch, sequence=1, traffic_moved=False, verdicts=[], started_at=stamp["at"],
        from_configuration=copy.deepcopy(release.get("from_configuration")),
        adoption=copy.deepcopy(plan.get("adoption")),
        transitions=[_transition(transitions.FIRST, epoch, stamp)],
    )  # fmt: skip
    return sealed(document)


def amend(document: Mapping[str, Any], facts: Mapping[str, Any], epoch: int) -> dict[str, Any]:
    """The next document with *facts* in it and the phase unchanged. RecordError for a fact that does not exist."""
    unknown = sorted(set(facts) - set(FACTS))
    if unknown:
        raise RecordError(f"expected facts out of {', '.join(FACTS)}, found {', '.join(unknown)}. Correct the name.")
    if epoch < document["epoch"]:
        raise RecordError(
            f"expected epoch {document['epoch']} or higher, found {epoch}: the release was taken over. "
            "playbooks/status.yml shows who releases now."
        )
    result = copy.deepcopy(dict(document))
    result.update({key: copy.deepcopy(value) for key, value in facts.items() if key != "verdicts"})
    result["verdicts"] = result["verdicts"] + copy.deepcopy(list(facts.get("verdicts", [])))
    result.update(epoch=epoch, sequence=document["sequence"] + 1)
    return sealed(result)


def _moved(
    document: Mapping[str, Any], phase: str, outcome: str | None, facts: Mapping[str, Any], epoch: int,
    stamp: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    result = amend(document, facts, epoch)
    adopting = bool(result.get("adoption"))
    problem = transitions.refusal(document["phase"], document["outcome"], phase, outcome, adopting)
    if problem:
        raise RecordError(f"Release {document['release_id']}: {problem}")
    result["transitions"] = [*result["transitions"], _transition(phase, epoch, stamp)]
    result.update(phase=phase, outcome=outcome, ended_at=stamp["at"] if outcome else None)
    if outcome == transitions.LIVE and document["from_slot"]:
        result["standby"] = {"slot": document["from_slot"], "state": "running", "since": stamp["at"]}
    result["traffic_moved"] = result["traffic_moved"] or phase == "switching"
    return sealed(result)


def advance(
    document: Mapping[str, Any], phase: str, facts: Mapping[str, Any], epoch: int, stamp: Mapping[str, Any]
) -> dict[str, Any]:
    """The next document, in *phase*. RecordError when the transition table does not allow it."""
    if phase == transitions.CLOSED:
        raise RecordError("expected a phase to advance to, found closed. Close a release with an outcome instead.")
    return _moved(document, phase, None, facts, epoch, stamp)


def close(
    document: Mapping[str, Any], outcome: str, facts: Mapping[str, Any], epoch: int, stamp: Mapping[str, Any]
) -> dict[str, Any]:
    """The next document, closed with *outcome*. RecordError when it may not be closed so."""
    return _moved(document, transitions.CLOSED, outcome, facts, epoch, stamp)


def _typed(value: object, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _shape_problems(document: Mapping[str, Any]) -> list[str]:
    problems = [f"field {name} is missing." for name in FIELDS if name not in document and name not in LATER]
    problems += [f"field {name} is not known." for name in sorted(set(document) - set(FIELDS))]
    problems += [
        f"field {name}: expected {' or '.join(kind.__name__ for kind in kinds)}, found {document[name]!r}."
        for name, kinds in FIELDS.items()
        if name in document and not _typed(document[name], kinds)
    ]
    return problems


def validate(document: object) -> list[str]:
    """Everything that is wrong with a document, in words; empty when it is a valid record."""
    if not isinstance(document, Mapping):
        return [f"expected a JSON object, found {type(document).__name__}."]
    problems = _shape_problems(document)
    if problems:
        return problems
    if document["schema_version"] != SCHEMA_VERSION:
        return [f"expected schema_version {SCHEMA_VERSION}, found {document['schema_version']}."]
    if document["checksum"] != checksum(document):
        return [f"expected checksum {checksum(document)}, found {document['checksum']}: the file was changed by hand."]
    if not RELEASE_ID.fullmatch(document["release_id"]):
        problems.append(f"expected a release_id like 20260131T235959Z-1.0.0-0a1b, found {document['release_id']!r}.")
    if document["mode"] not in MODES:
        problems.append(f"expected mode {' or '.join(MODES)}, found {document['mode']!r}.")
    if document["to_slot"] not in SLOTS or document["from_slot"] not in (None, *SLOTS):
        problems.append(f"expected slots {SLOTS}, found {document['from_slot']!r} to {document['to_slot']!r}.")
    if document["to_slot"] == document["from_slot"]:
        problems.append(f"expected two different slots, found {document['to_slot']} twice.")
    for field in ("configuration", "from_configuration"):
        problems += configuration.problems(document.get(field))
    return problems + _history_problems(document)


def _history_problems(document: Mapping[str, Any]) -> list[str]:
    steps = document["transitions"]
    keys = {"at", "phase", "actor", "run", "epoch"}
    if any(not isinstance(step, Mapping) or set(step) != keys for step in steps):
        return [f"expected transitions with exactly {', '.join(sorted(keys))}."]
    phases = [step["phase"] for step in steps]
    problems = [transitions.history_refusal(phases, document["outcome"], bool(document.get("adoption")))]
    if phases[-1:] != [document["phase"]]:
        problems.append(f"expected phase {phases[-1:]} as the history ends with it, found {document['phase']!r}.")
    if document["sequence"] < len(steps):
        problems.append(f"expected sequence {len(steps)} or more, found {document['sequence']}.")
    epochs = [step["epoch"] for step in steps] + [document["epoch"]]
    if epochs != sorted(epochs):
        problems.append(f"expected epochs that never fall, found {epochs}.")
    if document["traffic_moved"] != ("switching" in phases):
        problems.append(f"expected traffic_moved {'switching' in phases}, found {document['traffic_moved']}.")
    return [problem for problem in problems if problem]


def seconds_of(text: str) -> float:
    """An instant as a record has it, in seconds since 1970. Raises ValueError, also for one without a time zone."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found.timestamp()


def age(document: Mapping[str, Any]) -> tuple[int, int]:
    """What orders the copies of one release: the epoch decides, then the sequence."""
    return document["epoch"], document["sequence"]


def newest_valid(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each release its newest valid copy, newest release first. Invalid copies do not count."""
    return newest(document for document in documents if not validate(document))


def newest(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each release its newest copy, newest release first, of copies that were found valid.

    Releases are ordered by the epoch they were opened with, which no clock can turn round.
    """
    best: dict[str, dict[str, Any]] = {}
    for document in documents:
        known = best.get(document["release_id"])
        if known is None or age(document) > age(known):
            best[document["release_id"]] = dict(document)
    return sorted(
        best.values(), key=lambda known: (known["transitions"][0]["epoch"], known["started_at"]), reverse=True
    )


def compare(stored: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> str:
    """Why *wanted* may not replace *stored* on a host; empty when it may (or is the same)."""
    if stored is None or stored["checksum"] == wanted["checksum"]:
        return ""
    if age(wanted) <= age(stored):
        return (
            f"expected a record newer than epoch {stored['epoch']}, sequence {stored['sequence']}, found epoch "
            f"{wanted['epoch']}, sequence {wanted['sequence']}. Another run wrote it; see playbooks/status.yml."
        )
    known = stored["transitions"]
    if wanted["epoch"] == stored["epoch"] and wanted["transitions"][: len(known)] != known:
        return (
            "expected a record that continues the stored history, found one that rewrites it. "
            "Another run wrote it; see playbooks/status.yml."
        )
    return ""
