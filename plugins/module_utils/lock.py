# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may release: decisions about the release lock, pure. The module release_lock does what is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.bluegreen.release.plugins.module_utils import transitions

# Begins the purpose of a lock that an adoption or its undoing holds.
ADOPTION = "adoption"
HOLDER_FIELDS = ("release_id", "user", "host", "job", "mode", "purpose", "since", "epoch")


class Decision(NamedTuple):
    """What to do with a wish for the lock. Refused when *refusal* is not empty; *note* is worth telling anyway."""

    write: bool
    refusal: str = ""
    note: str = ""


def holder_problem(holder: object) -> str:
    """What is wrong with a holder document; empty when it is whole."""
    if not isinstance(holder, Mapping):
        return f"expected a JSON object, found {type(holder).__name__}"
    missing = [field for field in HOLDER_FIELDS if field not in holder]
    if missing:
        return f"expected {', '.join(missing)} in it, found {sorted(holder)}"
    if not isinstance(holder["epoch"], int) or isinstance(holder["epoch"], bool):
        return f"expected a number as epoch, found {holder['epoch']!r}"
    return ""


def who(holder: Mapping[str, Any]) -> str:
    """A holder in words: user, host and job."""
    job = f" (job {holder['job']})" if holder.get("job") else ""
    return f"{holder['user']}@{holder['host']}{job}"


def way_back(adoption: bool) -> str:
    """The playbook that takes back what a killed run left."""
    return "playbooks/adopt.yml" if adoption else "playbooks/rollback.yml"


def held_message(holder: Mapping[str, Any], phase: str | None) -> str:
    """The refusal that the second of two releases gets to read."""
    return (
        f"expected a free release lock, found it held by {who(holder)} since {holder['since']} for release "
        f"{holder['release_id']} ({holder['purpose']}), phase {phase or 'not yet recorded'}. Wait for it to end. If it "
        f"was killed: {way_back(holder['purpose'].startswith(ADOPTION))} takes that release back; "
        "-e release_takeover=true takes the lock from it."
    )


def decide_take(
    wanted: Mapping[str, Any], holder: Mapping[str, Any] | None, phase: str | None, epoch: int, takeover: bool,
    decided: bool = False,
) -> Decision:  # fmt: skip
    """May *wanted* (a holder document with the epoch to raise to) take the lock?

    holder: the present one, None when free. phase: of the holder's record on this host, None when it has none.
    epoch: the highest this host has seen. takeover: take it from another release. decided: the host that decides has
    given it to *wanted*, whose epoch may have come here before, with what was done under it.
    """
    if holder is not None and dict(holder) == dict(wanted) and epoch == wanted["epoch"]:
        return Decision(write=False)
    known = decided and wanted["epoch"] == epoch and (holder is None or holder["epoch"] < epoch)
    if wanted["epoch"] <= epoch and not known:
        found = held_message(holder, phase) if holder else "the lock is free again: run again."
        return Decision(
            write=False,
            refusal=f"expected an epoch higher than {epoch}, found {wanted['epoch']}: another run was faster; {found}",
        )
    if holder is None or holder["release_id"] == wanted["release_id"]:
        return Decision(write=True)
    if phase == transitions.CLOSED:
        return Decision(write=True, note=f"the lock of {holder['release_id']} was left behind by a closed release")
    if takeover:
        return Decision(write=True, note=f"taken over from {who(holder)}, release {holder['release_id']}")
    return Decision(write=False, refusal=held_message(holder, phase))


def decide_release(release_id: str, holder: Mapping[str, Any] | None) -> Decision:
    """May the run of *release_id* drop the lock? Another release's lock is left alone, and said."""
    if holder is None:
        return Decision(write=False)
    if holder["release_id"] != release_id:
        return Decision(write=False, note=f"left alone: now held by {who(holder)}, release {holder['release_id']}")
    return Decision(write=True)
