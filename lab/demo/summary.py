"""What the demonstration saw, in words for a person, and whether it went well. Pure: nothing here acts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.profiles import INSTALLED

VERSION_BEFORE = INSTALLED.previous
VERSION = "1.0.0"
TABLE = INSTALLED.table


@dataclass(frozen=True)
class Seen:
    """Status of the lab at one moment: proxy -> slot (None: no answer), slot -> version (None: nothing runs), rows."""

    live: Mapping[str, str | None]
    versions: Mapping[str, str | None]
    revision: str | None
    rows: int

    def at(self, proxy: str) -> str:
        """Slot and version that users of a proxy are on."""
        slot = self.live.get(proxy) or "none"
        return f"{slot:6}{self.versions.get(slot) or '?'}"


@dataclass(frozen=True)
class Outcome:
    """A whole demonstration. `load` is the last line of `bin/lab load`, empty when it said nothing."""

    before: Seen
    after: Seen
    release_code: int
    release_seconds: float
    load: Mapping[str, Any]
    writes_code: int
    writes: Mapping[str, Any]


def seen(status: Mapping[str, Any], rows: int) -> Seen:
    """Status as `bin/lab status` prints it, with the rows counted at that moment."""
    return Seen(status["live"], status["versions"], status.get("revision"), rows)


def needs_reset(status: Mapping[str, Any]) -> bool:
    """Whether something was released since the lab came up: the demonstration starts from VERSION_BEFORE alone."""
    versions = [version for version in status["versions"].values() if version]
    # A release that was taken back may have left its schema behind.
    last = (status.get("release") or {}).get("id") or ""
    return versions != [VERSION_BEFORE] or len(set(status["live"].values())) != 1 or f"-{VERSION_BEFORE}-" not in last


def problems(outcome: Outcome) -> list[str]:
    """What did not go as promised; empty when the demonstration is a success."""
    found: list[str] = []
    if outcome.release_code:
        found.append(f"the release ended with exit code {outcome.release_code}; its last task above says why")
    wrong = [proxy for proxy in outcome.after.live if not outcome.after.at(proxy).endswith(VERSION)]
    if not outcome.release_code and (wrong or not outcome.after.live):
        found.append(f"expected every proxy on {VERSION}, found others at: {', '.join(wrong) or 'no proxy at all'}")
    if not outcome.load.get("sent"):
        found.append("expected requests during the release, found none: the load did not run (see its output above)")
    elif outcome.load.get("failed", 1):
        first = outcome.load.get("first_failure")
        found.append(f"expected no failed request, found {outcome.load.get('failed')}; the first: {first}")
    if outcome.writes_code:
        found.append(
            f"expected every acknowledged write in the database once, found: {json.dumps(dict(outcome.writes))}"
        )
    return found


def downtime(load: Mapping[str, Any]) -> str:
    """Time in which users got no good answer."""
    gap = load.get("longest_gap_seconds")
    if not load.get("sent") or gap is None:
        return "not measured"
    none = "none; " if not load.get("failed") and gap < 1 else ""
    return f"{none}longest time without a good answer {gap:.2f} s"


def text(outcome: Outcome, prefix: str) -> str:
    """The summary. `prefix` goes before each command to try next, so that it works when pasted."""
    load, before, after = outcome.load, outcome.before, outcome.after
    proxies = sorted({*before.live, *after.live})
    acked = load.get("acked", "?")
    writes = "every one in the database, once" if not outcome.writes_code else "NOT all in the database"
    return "\n".join(
        [
            "",
            f"{'What users are on':24}{'before':16}after",
            *(f"  {proxy:22}{before.at(proxy):16}{after.at(proxy)}" for proxy in proxies),
            f"  {'database revision':22}{before.revision or '?':16}{after.revision or '?'}",
            f"  {'rows in ' + TABLE:22}{before.rows:<16,}{after.rows:,}",
            "",
            f"While the release ran ({outcome.release_seconds:.0f} s)",
            f"  {'requests served':22}{load.get('ok', 0):,}",
            f"  {'requests failed':22}{load.get('failed', '?')}",
            f"  {'downtime':22}{downtime(load)}",
            f"  {'writes acknowledged':22}{acked}, {writes}",
            "",
            "Try next",
            *(f"  {prefix}{command}" for command in NEXT),
            "",
        ]
    )


NEXT = (
    ".venv/bin/ansible-playbook playbooks/status.yml -i inventories/lab",
    ".venv/bin/ansible-playbook playbooks/rollback.yml -i inventories/lab",
    "bin/lab load --rate 200 --seconds 20",
)
