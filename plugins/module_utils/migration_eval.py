# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a migration tool's output means; pure functions, no I/O."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

_LAST_LINES = 20
# What compose says of its own doing.
_PROGRESS = re.compile(r"\s*(?:Container|Network|Volume) \S+ +\w+\s*$")
# What PostgreSQL says; with messages in another language, how psycopg calls it, which is also somebody's cancelling.
_STATEMENT_TIMEOUT = re.compile(r"canceling statement due to statement timeout")
_CANCELED = re.compile(r"\bQueryCanceled(?:Error)?\b|\b57014\b")
_BY_SOMEBODY = re.compile(r"canceling statement due to user request")
# As PostgreSQL's library says it, and by the codes of a server that is stopped.
_LOST = re.compile(
    r"server closed the connection unexpectedly|SSL connection has been closed unexpectedly|could not connect to server"
    r"|terminating connection due to|the connection is (?:lost|closed)|\b57P0[123]\b|AdminShutdown"
    r"|connection to server .* failed: (?:Connection refused|No route to host|timeout expired)"
    r"|FATAL:  the database system is"
)
_SLOW = (
    "The time of a statement was over (migration_statement_timeout_seconds); what it has locked stays locked until its"
    " end. Let the revision only add, backfill in batches after the switch, by a job of its own,"
)
_AWAY = (
    "The connection to the database was lost, and the database has undone what was not committed. Bring it back, look"
    " at its log,"
)


class MigrationError(Exception):
    """A migration cannot go on; the text says what was expected, found, and what to do."""


def revision(verb: str, output: str, pattern: str, pending_pattern: str = "") -> str:
    """The revision that `current` or `heads` printed; '' where the database has none. Raises MigrationError."""
    if pending_pattern:
        return single(verb, _listed(verb, output, pattern, pending_pattern), verb == "current")
    lines = output.replace("\r", "").split("\n")
    found = [match.group(1) for line in lines for match in _compiled(pattern).finditer(line)]
    return single(verb, list(dict.fromkeys(found)), verb == "current")


def listing(output: str, pattern: str, pending_pattern: str) -> list[tuple[str, bool]]:
    """Every revision of a tool that lists all, in their order, and whether it waits. Raises MigrationError."""
    one, waiting = _compiled(pattern), _compiled(pending_pattern, "migration_pending_pattern", 0)
    found: dict[str, bool] = {}
    for line in output.replace("\r", "").split("\n"):
        match, waits = one.search(line), bool(waiting.search(line))
        if waits and not match:
            raise MigrationError(
                "expected migration_revision_pattern to find the revision of a migration that"
                f" migration_pending_pattern finds, found none in `{line.strip()}`: correct one of the two"
            )
        if match:
            found[match.group(1)] = waits
    return list(found.items())


def _listed(verb: str, output: str, pattern: str, pending_pattern: str) -> list[str]:
    """The revision of a tool that lists all: the last one, or, for `current`, the last before the first that waits."""
    rows = listing(output, pattern, pending_pattern)
    if verb == "current":
        rows = list(itertools.takewhile(lambda row: not row[1], rows))
    return [name for name, _ in rows[-1:]]


def _compiled(pattern: str, name: str = "migration_revision_pattern", groups: int = 1) -> re.Pattern[str]:
    """A pattern of the inventory, with its group. Raises MigrationError."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise MigrationError(f"expected a regular expression as {name}, found {error}") from error
    if compiled.groups < groups:
        raise MigrationError(f"expected a group around the revision in {name}, found none")
    return compiled


def connection_lost(result: Mapping[str, Any]) -> bool:
    """Whether a run failed because the database went away, or was not there."""
    return bool(_LOST.search(f"{result.get('stderr') or ''}\n{result.get('stdout') or ''}"))


def statement_ended(result: Mapping[str, Any]) -> bool:
    """Whether a statement of a run that failed was ended because its time was over."""
    said = f"{result.get('stderr') or ''}\n{result.get('stdout') or ''}"
    return bool(_STATEMENT_TIMEOUT.search(said) or (_CANCELED.search(said) and not _BY_SOMEBODY.search(said)))


def tool_output(verb: str, result: Mapping[str, Any], command: Sequence[str], unknown_pattern: str) -> str:
    """Standard output of a run of the tool. Raises MigrationError when it failed."""
    out, err = str(result.get("stdout") or ""), str(result.get("stderr") or "")
    if result.get("rc") == 0:
        return out
    if result.get("timed_out"):
        raise MigrationError(
            f"expected `{_shown(command)}` ({verb}) to end within its time, found that it did not in"
            f" {result.get('seconds')} s: its container was removed, and the database undoes the open transaction."
            f"{_left(result)} Raise migration_timeout_seconds when it needs longer; a change of many rows is better"
            f" made in batches after the switch, for a release waits for this one.{_waited(result)}"
        )
    lines = [line for line in f"{err}\n{out}".splitlines() if line.strip() and not _PROGRESS.match(line)]
    shown = "\n".join(lines[-_LAST_LINES:]) or str(result.get("msg") or "no output")
    if unknown_pattern and re.search(unknown_pattern, f"{err}\n{out}"):
        raise MigrationError(
            "expected a database whose revision this image knows, found one that is ahead of it: release a version"
            f" that knows the revision, or take the database back with the version that does. The tool said:\n{shown}"
        )
    raise MigrationError(
        f"expected `{_shown(command)}` ({verb}) to succeed, found exit code {result.get('rc', 'none')}."
        f"{_waited(result)} {_remedy(result)} and release again. Its last lines:\n{shown}"
    )


def _remedy(result: Mapping[str, Any]) -> str:
    """Why a run failed, where that is known, and what to do before it is tried again."""
    if statement_ended(result):
        return _SLOW
    return _AWAY if connection_lost(result) else "Correct the migration"


def _shown(command: Sequence[str]) -> str:
    """A command for a message; a program among its words is left out."""
    return " ".join("..." if "\n" in word else word for word in command)


def _left(result: Mapping[str, Any]) -> str:
    """What it has left on the server."""
    left = "; ".join(result.get("left") or [])
    return f" Still there, with what they have locked: {left}. End them (pg_terminate_backend)." if left else ""


def _waited(result: Mapping[str, Any]) -> str:
    """How often it was tried, and who stood in its way."""
    tries, blockers = int(result.get("attempts") or 1), result.get("blockers") or []
    told = f" It was tried {tries} times." if tries > 1 else ""
    return told + (f" In its way: {'; '.join(blockers)}." if blockers else "")


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
