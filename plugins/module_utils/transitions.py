# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which phase of a release may follow which. The table is data; nothing here reads or writes anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ROLLING_BACK = "rolling_back"
CLOSED = "closed"

NEXT: Mapping[str, tuple[str, ...]] = {
    "opened": ("provisioning", ROLLING_BACK),
    "provisioning": ("provisioned", ROLLING_BACK),
    "provisioned": ("migrating", ROLLING_BACK),
    "migrating": ("migrated", ROLLING_BACK),
    "migrated": ("checking", ROLLING_BACK),
    "checking": ("checked", ROLLING_BACK),
    "checked": ("switching", ROLLING_BACK),
    "switching": ("switched", ROLLING_BACK),
    "switched": ("watching", ROLLING_BACK),
    "watching": ("watched", ROLLING_BACK),
    "watched": (CLOSED, ROLLING_BACK),
    # A rollback that did not end may be tried again.
    ROLLING_BACK: (CLOSED, ROLLING_BACK),
    # Only after outcome live: see OUTCOMES and refusal().
    CLOSED: (ROLLING_BACK,),
}
PHASES = tuple(NEXT)
FIRST = "opened"

# What an adoption may leave out, and why; a release may not.
ADOPTION: Mapping[tuple[str, str], str] = {
    ("provisioned", "checking"): "an adoption brings no new version, so nothing new comes to the database",
}

# The outcomes a record may be closed with, by the phase it is closed from.
OUTCOMES: Mapping[str, tuple[str, ...]] = {"watched": ("live",), ROLLING_BACK: ("rolled_back", "failed")}
LIVE = "live"

# Begun and not ended: somebody may be at work, and what was done is not known.
UNDER_WAY = frozenset(phase for phase in PHASES if phase.endswith("ing")) | {ROLLING_BACK}


def refusal(
    current: str, outcome: str | None, wanted: str, closing_with: str | None = None, adoption: bool = False
) -> str:
    """Why a record in phase *current* (closed with *outcome*) may not go to *wanted*; empty when it may.

    adoption: whether the record is of an adoption, see ADOPTION.
    """
    if current not in NEXT:
        return f"expected a phase out of {', '.join(PHASES)}, found {current!r} in the record."
    if wanted not in NEXT:
        return f"expected a phase out of {', '.join(PHASES)}, was asked for {wanted!r}."
    if wanted not in NEXT[current] and not (adoption and (current, wanted) in ADOPTION):
        return (
            f"expected phase {' or '.join(NEXT[current])} after {current}, was asked for {wanted}. "
            "Run the phases in their order, or playbooks/rollback.yml to take the release back."
        )
    if current == CLOSED and outcome != LIVE:
        return (
            f"expected a release that is live, found one that is closed as {outcome}: there is nothing left to take "
            "back. playbooks/status.yml shows what runs now."
        )
    if wanted == CLOSED and closing_with not in OUTCOMES[current]:
        return f"expected outcome {' or '.join(OUTCOMES[current])} when closing from {current}, found {closing_with!r}."
    return ""


def history_refusal(phases: Sequence[str], outcome: str | None, adoption: bool = False) -> str:
    """Why *phases*, the whole history of a record that now has *outcome*, cannot have happened; empty when it can."""
    if not phases or phases[0] != FIRST:
        return f"expected a history that begins with {FIRST}, found {list(phases[:1])}."
    for index, (before, after) in enumerate(zip(phases, phases[1:])):
        last = index == len(phases) - 2
        # A closing that something follows can only have been live; the last one is what the record says.
        closing_with = (outcome if last else LIVE) if after == CLOSED else None
        problem = refusal(before, LIVE, after, closing_with, adoption)
        if problem:
            return f"at step {index + 2} of the history: {problem}"
    if (phases[-1] == CLOSED) != (outcome is not None):
        return f"expected an outcome exactly when the record is closed, found phase {phases[-1]}, outcome {outcome!r}."
    return ""
