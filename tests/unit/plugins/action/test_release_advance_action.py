# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From which document the next one is made, while other hosts are done with the same step already."""

from __future__ import annotations

from typing import Any

from ansible_collections.bluegreen.release.plugins.action.release_advance import contexts_of

STAMP = {"at": "2026-01-01T00:00:00.5Z", "actor": "ops", "run": "1"}
CLOSING: dict[str, Any] = {"phase": "", "outcome": "rolled_back", "facts": {}, "stamp": STAMP}
GIVEN: dict[str, Any] = {**CLOSING, "best_effort": True, "hosts": ["lb1", "lb2", "lb3"]}


def context(sequence: int, phase: str) -> dict[str, Any]:
    return {"release_id": "r", "epoch": 1, "document": {"release_id": "r", "sequence": sequence, "phase": phase}}


def variables(**written: dict[str, Any]) -> dict[str, Any]:
    known = {"release_record_context": context(4, "rolling_back")}
    hosts = {host: {**known, "__release_record_written": written.get(host, {})} for host in GIVEN["hosts"]}
    return {"hostvars": hosts}


def phases(found: list[dict[str, Any]]) -> set[str]:
    return {one["document"]["phase"] for one in found}


def test_what_another_host_stored_in_this_very_step_is_not_gone_on_from() -> None:
    done = {"stamp": STAMP, "context": context(5, "closed")}
    assert phases(contexts_of(GIVEN, variables(lb1=done))) == {"rolling_back"}


def test_what_a_host_stored_in_an_earlier_step_is() -> None:
    earlier = {"stamp": {**STAMP, "at": "2026-01-01T00:00:00.4Z"}, "context": context(5, "other")}
    assert phases(contexts_of(GIVEN, variables(lb1=earlier))) == {"rolling_back", "other"}


def test_without_best_effort_a_host_goes_on_from_its_own() -> None:
    own = context(4, "opened")
    assert contexts_of({**GIVEN, "best_effort": False}, {"release_record_context": own}) == [own]
