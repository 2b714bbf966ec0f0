# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a migration tool's output means; pure functions, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_LAST_LINES = 20
# What compose says of its own doing.
_PROGRESS = re.compile(r"\s*(?:Container|Network|Volume) \S+ +\w+\s*$")


class MigrationError(Exception):
    """A migration cannot go on; the text says what was expected, found, and what to do."""


def revision(verb: str, output: str, pattern: str, pending_pattern: str = "") -> str:
    """The revision that `current` or `heads` printed; '' where the database has none. Raises MigrationError."""
    lines = output.replace("\r", "").split("\n")
    found = (
        _listed(verb, lines, pattern, pending_pattern)
        if pending_pattern
        else [match.group(1) for line in lines for match in _compiled(pattern).finditer(line)]
    )
    return single(verb, list(dict.fromkeys(found)), verb == "current")


def _listed(verb: str, lines: Sequence[str], pattern: str, pending_pattern: str) -> list[str]:
    """The revision of a tool that lists every migration in order: the last one, or the last before a pending one."""
    waiting = _compiled(pending_pattern, "migration_pending_pattern", 0)
    last: list[str] = []
    for line in lines:
        match, pending = _compiled(pattern).search(line), waiting.search(line)
        if pending and not match:
            raise MigrationError(
                "expected migration_revision_pattern to find the revision of a migration that"
                f" migration_pending_pattern finds, found none in `{line.strip()}`: correct one of the two"
            )
        if pending and verb == "current":
            break
        last = [match.group(1)] if match else last
    return last


def _compiled(pattern: str, name: str = "migration_revision_pattern", groups: int = 1) -> re.Pattern[str]:
    """A pattern of the inventory, with its group. Raises MigrationError."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise MigrationError(f"expected a regular expression as {name}, found {error}") from error
    if compiled.groups < groups:
        raise MigrationError(f"expected a group around the revision in {name}, found none")
    return compiled


def tool_output(verb: str, result: Mapping[str, Any], command: Sequence[str], unknown_pattern: str) -> str:
    """Standard output of a run of the tool. Raises MigrationError when it failed."""
    out, err = str(result.get("stdout") or ""), str(result.get("stderr") or "")
    if result.get("rc") == 0:
        return out
    lines = [line for line in f"{err}\n{out}".splitlines() if line.strip() and not _PROGRESS.match(line)]
    shown = "\n".join(lines[-_LAST_LINES:]) or str(result.get("msg") or "no output")
    if unknown_pattern and re.search(unknown_pattern, f"{err}\n{out}"):
        raise MigrationError(
            "expected a database whose revision this image knows, found one that is ahead of it: release a version"
            f" that knows the revision, or take the database back with the version that does. The tool said:\n{shown}"
        )
    raise MigrationError(
        f"expected `{' '.join(command)}` ({verb}) to succeed, found exit code {result.get('rc', 'none')}."
        f" Correct the migration and release again. Its last lines:\n{shown}"
    )


def single(verb: str, found: Sequence[str], none_allowed: bool) -> str:
    """The one revision, or '' where none is allowed. Raises MigrationError for several."""
    if len(found) > 1:
        raise MigrationError(
            f"expected one revision from `{verb}`, found {len(found)}: {', '.join(found)}. Merge the branches of the"
            " migrations into one head and build the image again"
        )
    if not found and not none_allowed:
        raise MigrationError(
            f"expected a revision from `{verb}`, found none: check migration_revision_pattern against its output"
        )
    return found[0] if found else ""


def proved(after: str, head: str) -> None:
    """Raises MigrationError unless the database is at the image's head."""
    if after != head:
        raise MigrationError(
            f"expected the database at revision {head}, the head of the image, after the upgrade, found"
            f" {after or 'none'}: the tool reported success and did not arrive there. Look into its output"
        )


def outlook(
    look: Mapping[str, Any], commands: Mapping[str, Sequence[str]], asked: bool, patterns: Sequence[str]
) -> dict[str, Any]:
    """What a release would migrate, from the result of module migration_look; `reason` says why it is not known.

    patterns: migration_revision_pattern, migration_unknown_pattern, migration_pending_pattern.
    """
    answers = look.get("answers") or {}
    found = {"known": False, "reason": "", "before": "", "after": "", "pending": [], "left": look.get("left") or []}
    if not commands:
        return {**found, "known": True}
    if not asked:
        return {**found, "reason": "migration_plan is false"}
    if not look.get("known") and not {"current", "heads"} <= set(answers):
        return {**found, "reason": str(look.get("reason") or look.get("msg") or "the tool was not asked")}
    try:
        for verb, key in (("current", "before"), ("heads", "after")):
            said = tool_output(verb, answers[verb], [str(word) for word in commands[verb]], patterns[1])
            found[key] = revision(verb, said, patterns[0], patterns[2])
    except MigrationError as error:
        return {**found, "reason": str(error)}
    return {**found, "known": True, "pending": _pending(look, answers)}


def _pending(look: Mapping[str, Any], answers: Mapping[str, Any]) -> list[str]:
    """The tool's own words of what it would apply."""
    answer = answers.get("pending")
    if answer is None:
        return [f"the tool's own list is not known, because {look['reason']}"] if look.get("reason") else []
    words = str(answer["stdout"] if answer["rc"] == 0 else answer["stderr"] or answer["stdout"])
    lines = [line.rstrip() for line in words.replace("\r", "").splitlines() if line.strip()]
    return lines if answer["rc"] == 0 else ["the tool's own list is not known, because it said:", *lines[-_LAST_LINES:]]
