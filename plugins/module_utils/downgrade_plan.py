# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking a database back to the revision before a release, and who has agreed to what is lost; pure functions."""

from __future__ import annotations

import itertools
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What a person agrees to when nobody can count.
UNCOUNTED = "uncounted"


@dataclass(frozen=True)
class Lost:
    """What a downgrade removes of one table. columns: empty where the table itself goes. rows: that hold something."""

    table: str
    columns: tuple[str, ...]
    rows: int

    @property
    def names(self) -> list[str]:
        """The columns, or the table, as SQL writes them."""
        return [f"{self.table}.{column}" for column in self.columns] or [self.table]


class DowngradeError(Exception):
    """The database cannot be taken back; the text says what was expected, found, and what to do."""


def steps_back(document: Mapping[str, Any], now: str) -> list[dict[str, Any]]:
    """The revisions to go down to, one call of the tool each: ``revision``, and ``autocommit`` of the one undone.

    document: the record of the release that is taken back. now: where the database is. Raises DowngradeError.
    """
    target = str(document.get("revision_before") or "")
    if not target:
        raise DowngradeError(
            "Expected a recorded revision to go back to, found none: the database was empty before the release. Take it"
            " back by hand"
        )
    applied = (document.get("migration") or {}).get("steps") or []
    chain = [target, *(str(step["revision"]) for step in applied)]
    if now not in chain:
        raise DowngradeError(
            f"Expected the database at a revision of release {document['release_id']} ({', '.join(chain)}), found"
            f" {now or 'none'}: somebody has migrated it since. Take it back by hand"
        )
    undone = applied[: chain.index(now)]
    stuck = [str(step["revision"]) for step in undone if step["phase"] == "irreversible"]
    if stuck:
        raise DowngradeError(
            f"Revision {', '.join(stuck)} is `irreversible`: no downgrade brings back what it has removed. Restore a"
            " backup by hand, or release a version that needs the old schema no more"
        )
    return [
        {"revision": below, "autocommit": bool(step.get("autocommit"))}
        for below, step in reversed(list(zip(chain, undone, strict=False)))
    ]


def token(now: str, target: str, lost: Sequence[Lost] | None) -> str:
    """What a person has to say to agree: from where to where, what goes, and of how many rows at most.

    lost: None where nobody could count. The number is rounded up, so that it is good for some more rows.
    """
    if lost is None:
        return f"{now}..{target}/{UNCOUNTED}"
    return f"{now}..{target}/{','.join(sorted(_names(lost)))}/{bound(sum(one.rows for one in lost))}"


def _names(lost: Sequence[Lost]) -> set[str]:
    """As words without a comma, a slash, or what a shell reads otherwise."""
    return {urllib.parse.quote(name, safe=".") for one in lost for name in one.names}


def bound(rows: int) -> int:
    """The next of 10, 20, 50, 100, 200 and so on that leaves room for a tenth more."""
    return next(number for number in _round_numbers() if number >= rows * 1.1)


def _round_numbers() -> Iterator[int]:
    for power in itertools.count(1):
        yield from (first * 10**power for first in (1, 2, 5))


def agreed(said: str, now: str, target: str, lost: Sequence[Lost] | None) -> bool:
    """Whether the token that was given covers what is lost now."""
    if lost is None:
        return said == token(now, target, None)
    way, _, rest = said.partition("/")
    names, _, number = rest.rpartition("/")
    return (
        way == f"{now}..{target}"
        and _names(lost) <= set(names.split(","))
        and number.isdecimal()
        and sum(one.rows for one in lost) <= int(number)
    )


def refusal(said: str, now: str, target: str, lost: Sequence[Lost] | None) -> str:
    """Why the database is not taken back; empty when nothing is lost, or a person has agreed to it."""
    if lost == [] or agreed(said, now, target, lost):
        return ""
    found = "; ".join(in_words(lost)) if lost else "that nobody can count what was written since"
    given = f" and rollback_accept_data_loss {said}, which is not that" if said else ""
    return (
        f"Expected to lose nothing by going from revision {now} to {target}, found {found}{given}. To go back all the"
        f" same, agree with -e 'rollback_accept_data_loss={token(now, target, lost)}': {_kept(lost)}"
    )


def _kept(lost: Sequence[Lost] | None) -> str:
    if lost is None:
        return "nothing of it is kept"
    return "the values are kept first, and playbooks/restore_values.yml puts them back when the columns are there again"


def in_words(lost: Sequence[Lost]) -> list[str]:
    """What would be lost, for people."""
    return [
        f"{one.rows:,} {'row' if one.rows == 1 else 'rows'} "
        + (f"with values in {', '.join(one.columns)} of" if one.columns else "of the new table")
        + f" {one.table}"
        for one in lost
    ]


def comes_back_empty(changes: Mapping[str, Any] | None) -> list[str]:
    """What the migration has dropped, for people: its values went then, and no downgrade has them."""
    return [
        f"{name} was dropped or renamed by the migration; if dropped, it comes back without its values, which the"
        " backup of the release has"
        for name in (changes or {}).get("dropped") or []
    ]


def is_ahead(document: Mapping[str, Any]) -> bool:
    """Whether the database may be ahead of where it was before the release; also where nobody knows where it is."""
    applied = (document.get("migration") or {}).get("steps")
    return bool(applied) and document.get("revision_after") != document.get("revision_before")


def too_early(document: Mapping[str, Any] | None) -> str:
    """Why the database may not be taken back, by the record of the last release; empty when it may."""
    if document is None:
        return "Expected the record of a release, found none: there is nothing to take back."
    name = f"release {document['release_id']} of {document['version']}"
    if document["outcome"] not in ("rolled_back", "failed"):
        found = document["outcome"] or f"in phase {document['phase']}"
        return (
            f"Expected a release that was taken back, found {name} {found}: its code needs the schema. Run"
            " playbooks/rollback.yml first."
        )
    if not (document.get("migration") or {}).get("steps"):
        return f"Expected a release that has migrated the database, found {name}, which had nothing to migrate."
    if not is_ahead(document):
        found = document.get("revision_before") or "none"
        return f"Expected a database that is ahead of revision {found}, found that {name} has left it there."
    return ""
