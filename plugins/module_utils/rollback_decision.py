# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rollback on demand has to do: a pure function of the records that the proxies hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from ansible_collections.bluegreen.release.plugins.module_utils import release_take, transitions


class Decision(TypedDict):
    """What to do, and why in words."""

    action: str
    """The file of tasks that does it: on_demand, already_back (an earlier rollback still holds) or refuse."""
    slot: str | None
    """The slot that users belong on."""
    version: str | None
    """The version that runs there."""
    reason: str
    """Why, for a person."""


def decide(lb_hosts: Sequence[str], facts: Mapping[str, Mapping[str, Any]]) -> Decision:
    """Decide from the fact C(release_record_view) of every proxy in *lb_hosts*; one that did not answer has none."""
    views = {host: facts[host]["release_record_view"] for host in lb_hosts if facts[host].get("release_record_view")}
    newest = release_take.records_of(views)
    if not newest:
        return _refuse(
            f"Expected the record of a release on {', '.join(lb_hosts)}, found none: nothing was released here by "
            "these playbooks. Look at playbooks/status.yml."
        )
    document = newest[0]
    slot, version = document["from_slot"], document["from_version"]
    name = f"release {document['release_id']} of {document['version']}"
    if document.get("adoption") is not None:
        return _refuse(
            f"Expected a release to go back from, found the adoption {document['release_id']}: before it there were no "
            "slots. To go back to the estate as it was, run playbooks/adopt.yml with -e adopt_undo=true."
        )
    if slot is None:
        return _refuse(
            f"Expected a slot that users were on before {name}; it was the first install, so there is none. "
            "Release an earlier version instead."
        )
    if document["phase"] == transitions.CLOSED and document["outcome"] != transitions.LIVE:
        how = "rolled back" if document["outcome"] == "rolled_back" else "taken back before users moved"
        reason = f"The last {name} was already {how}; users are on {slot} ({version})."
        return Decision(action="already_back", slot=slot, version=version, reason=reason)
    standby = document["standby"] or {}
    if document["phase"] == transitions.CLOSED and standby.get("state") != "running":
        return _refuse(
            f"Expected {slot} ({version}) to run as the standby of {name}; it was decommissioned"
            f" {standby.get('since') or 'meanwhile'}. Release {version} again instead."
        )
    return Decision(action="on_demand", slot=slot, version=version, reason=f"Going back from {name}.")


def _refuse(reason: str) -> Decision:
    return Decision(action="refuse", slot=None, version=None, reason=reason)
