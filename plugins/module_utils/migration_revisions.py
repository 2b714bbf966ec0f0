# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of the database's revision and of those that are to come; pure functions, no I/O.

A tool says it in one of two ways. Alembic is asked by a program of this collection (``migration_alembic``), which
answers with everything. Any other tool has commands: ``current`` and ``heads`` print revisions, ``preview`` the SQL
of those that it is given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import migration_alembic, migration_eval
from ansible_collections.bluegreen.release.plugins.module_utils.migration_eval import MigrationError

PHASES = ("expand", "contract", "data", "irreversible")
_PHASE_LINE = re.compile(r"(?im)^[ \t]*Release-Phase:[ \t]*(\S*)[ \t]*$")
_PREVIEWED = re.compile(r"(?m)^-- revision (\S+)[ \t]*$")


@dataclass(frozen=True)
class Revision:
    """A revision that the database does not have yet.

    Attributes:
        name: as the tool calls it.
        mark: the phase that its author gave it; empty for none.
        told: the phase that the inventory gives it, which outranks all else; empty for none.
        sql: what it would run; None where the tool cannot say.
        problem: why it cannot.
        seconds: how long it ran on a copy of the database, where its SQL is from there.
    """

    name: str
    mark: str = ""
    told: str = ""
    sql: str | None = None
    problem: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class View:
    """What a tool knows.

    Attributes:
        current: revision of the database; empty for none.
        head: revision of the image.
        pending: those between the two, in the order in which they are applied.
        known: all that the image has, in their order; None where the tool does not list them.
        listed: whether ``current`` is the last of those before the first that waits.
        settings: of the tool's own connection, in milliseconds, 0 for no limit; None where it does not say.
        pooled: whether a pooler stands between the tool and the database; None where it is not known.
        user: role of the tool's own connection; empty where it is not known.
    """

    current: str
    head: str
    pending: tuple[Revision, ...] = ()
    known: tuple[str, ...] | None = None
    listed: bool = False
    settings: Mapping[str, int] | None = None
    pooled: bool | None = None
    user: str = ""


@dataclass(frozen=True)
class Patterns:
    """How the output of a tool is read: the inputs ``migration_*_pattern``."""

    revision: str
    unknown: str = ""
    pending: str = ""


@dataclass(frozen=True)
class Answers:
    """Results of runs of a tool by verb, the commands that ran, and how they are read."""

    results: Mapping[str, Mapping[str, Any]]
    commands: Mapping[str, Sequence[str]]
    patterns: Patterns
    phases: Mapping[str, str] = field(default_factory=dict)

    def said(self, verb: str) -> str:
        """What a command printed. Raises MigrationError when it failed."""
        words = [str(word) for word in self.commands[verb]]
        return migration_eval.tool_output(verb, self.results[verb], words, self.patterns.unknown)


def view(answers: Answers) -> View:
    """All that the tool said. Raises MigrationError."""
    found = _of_alembic(answers) if "look" in answers.results else _of_commands(answers)
    if found.known is not None:
        strange = sorted(set(answers.phases) - set(found.known))
        if strange:
            raise MigrationError(
                f"expected migration_phases to name revisions of the image, found {', '.join(strange)}, which it does"
                " not have. Correct the names"
            )
    return found


def mark_of(doc: str) -> str:
    """The phase in a docstring: its line ``Release-Phase: expand``; '' for none. Raises MigrationError for another."""
    marks = {match.lower() for match in _PHASE_LINE.findall(doc)}
    if len(marks) > 1:
        raise MigrationError(f"expected one Release-Phase, found {', '.join(sorted(marks))}. Keep one of them")
    return _phase(marks.pop()) if marks else ""


def _phase(word: str) -> str:
    if word not in PHASES:
        raise MigrationError(f"expected a Release-Phase out of {', '.join(PHASES)}, found `{word}`. Correct the mark")
    return word


def _revision(name: str, doc: str, phases: Mapping[str, str], sql: str | None, problem: str) -> Revision:
    """A revision with what its author and the inventory say of it. Raises MigrationError."""
    try:
        told = _phase(str(phases[name])) if name in phases else ""
        # What the inventory says outranks the mark, a mistaken one as well.
        return Revision(name, "" if told else mark_of(doc), told, sql, problem)
    except MigrationError as error:
        raise MigrationError(f"Revision {name}: {error}") from error


def _of_alembic(answers: Answers) -> View:
    said = answers.said("look")
    lines = [line for line in said.replace("\r", "").split("\n") if line.startswith(migration_alembic.MARK)]
    if len(lines) != 1:
        raise MigrationError(
            f"expected one answer of Alembic, found {len(lines)}: check migration_python and migration_alembic_ini"
        )
    found = json.loads(lines[0].removeprefix(migration_alembic.MARK))
    settings = found.get("settings")
    return View(
        current=migration_eval.single("current", found["current"], True),
        head=migration_eval.single("heads", found["heads"], False),
        pending=tuple(
            _revision(str(one["revision"]), str(one["doc"]), answers.phases, one["sql"], str(one["problem"]))
            for one in found["pending"]
        ),
        known=tuple(str(one) for one in found["known"]),
        settings={str(name): int(value) for name, value in settings.items()} if settings is not None else None,
        pooled=found.get("pooled"),
        user=str(found.get("user") or ""),
    )


def _of_commands(answers: Answers) -> View:
    patterns = answers.patterns
    current, head = (
        migration_eval.revision(verb, answers.said(verb), patterns.revision, patterns.pending)
        for verb in ("current", "heads")
    )
    listed = (
        migration_eval.listing(answers.said("heads"), patterns.revision, patterns.pending) if patterns.pending else []
    )
    # Of a tool that lists none, its head stands for all that is to come.
    waiting = [name for name, waits in listed if waits] if listed else [head] if current != head else []
    sql = _previewed(answers.said("preview")) if "preview" in answers.results else {}
    silent = "the tool has no command preview" if "preview" not in answers.commands else "preview said nothing of it"
    return View(
        current=current,
        head=head,
        pending=tuple(
            _revision(one, "", answers.phases, sql.get(one), "" if one in sql else silent) for one in waiting
        ),
        known=tuple(name for name, _ in listed) if listed else None,
        listed=bool(listed),
        settings=_settings(answers.said("settings")) if "settings" in answers.results else None,
    )


_INTERVAL = re.compile(r"(?m)^\s*(\d+)\s*(us|ms|s|min|h|d)?\s*$")
_MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def _settings(said: str) -> dict[str, int]:
    """The lock timeout as PostgreSQL's SHOW prints it: ``2s``, ``500ms``, ``0``. Raises MigrationError."""
    found = _INTERVAL.findall(said)
    if len(found) != 1:
        raise MigrationError(
            f"expected migration_commands.settings to print a lock_timeout such as 2s, found {said.strip()[-200:]!r}."
            " Correct the command"
        )
    number, unit = found[0]
    return {"lock_timeout": int(int(number) * _MILLISECONDS[unit or "ms"])}


def _previewed(text: str) -> dict[str, str]:
    """The SQL of each revision behind its line ``-- revision NAME``."""
    parts = _PREVIEWED.split(text.replace("\r", ""))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def questions(commands: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The commands that change nothing, in the order in which they are asked."""
    verbs = ("look",) if commands.get("look") else ("current", "heads", "settings")
    return {verb: [str(word) for word in commands[verb]] for verb in verbs if commands.get(verb)}
