# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a migration tool's output means; pure functions, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_LAST_LINES = 20


class MigrationError(Exception):
    """A migration cannot go on; the text says what was expected, found, and what to do."""


def revisions(output: str, pattern: str) -> list[str]:
    """The revisions that a tool printed: group 1 of the pattern, at each line that matches. Raises MigrationError."""
    try:
        compiled = re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise MigrationError(f"expected a regular expression as migration_revision_pattern, found {error}") from error
    if compiled.groups < 1:
        raise MigrationError("expected a group around the revision in migration_revision_pattern, found none")
    return list(dict.fromkeys(found.group(1) for found in compiled.finditer(output.replace("\r", ""))))


def tool_output(verb: str, result: Mapping[str, Any], command: Sequence[str], unknown_pattern: str) -> str:
    """Standard output of a run of the tool. Raises MigrationError when it failed."""
    out, err = str(result.get("stdout") or ""), str(result.get("stderr") or "")
    if result.get("rc") == 0:
        return out
    lines = [line for line in f"{err}\n{out}".splitlines() if line.strip() and "  Container " not in f"  {line}"]
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
