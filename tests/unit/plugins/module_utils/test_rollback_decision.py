# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rollback on demand goes back, says that it is done, or refuses; from every record a release can leave."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import record, rollback_decision

STAMP = {"at": "2026-01-01T00:00:00.000000Z", "actor": "someone", "run": "host"}
ORDER = (
    "provisioning", "provisioned", "migrating", "migrated", "checking", "checked", "switching", "switched",
    "watching", "watched",
)  # fmt: skip


def opened(live: str | None = "blue") -> dict[str, Any]:
    plan = {
        "version": "2.0", "image": "shop:2.0", "digest": "shop@sha256:0", "candidate": "green", "live": live,
        "live_version": "1.0" if live else None, "live_digest": None,
    }  # fmt: skip
    release = {"release_id": "20260101T000000Z-2.0-0000", "application": "shop", "environment": "x", "mode": "run"}
    return record.new_document(plan, release, 1, STAMP)


def at(phase: str, live: str | None = "blue") -> dict[str, Any]:
    document = opened(live)
    for step in ORDER[: ORDER.index(phase) + 1] if phase in ORDER else ():
        document = record.advance(document, step, {}, 1, STAMP)
    return document


def decide(*documents: dict[str, Any]) -> rollback_decision.Decision:
    facts: dict[str, dict[str, Any]] = {"lb1": {"release_record_view": {"records": list(documents)}}, "lb2": {}}
    return rollback_decision.decide(["lb1", "lb2"], facts)


@pytest.mark.parametrize("phase", ["opened", *ORDER])
def test_an_unfinished_release_is_gone_back_from(phase: str) -> None:
    found = decide(at(phase))
    assert (found["action"], found["slot"], found["version"]) == ("on_demand", "blue", "1.0")


def test_a_live_release_is_gone_back_from_while_its_standby_runs() -> None:
    assert decide(record.close(at("watched"), "live", {}, 1, STAMP))["action"] == "on_demand"


def test_a_decommissioned_standby_is_refused_with_the_way_out() -> None:
    live = record.close(at("watched"), "live", {}, 1, STAMP)
    gone = record.amend(live, {"standby": {"slot": "blue", "state": "decommissioned", "since": STAMP["at"]}}, 1)
    found = decide(gone)
    assert found["action"] == "refuse"
    assert "decommissioned" in found["reason"]
    assert "Release 1.0 again" in found["reason"]


@pytest.mark.parametrize("outcome", ["rolled_back", "failed"])
def test_a_second_rollback_does_nothing(outcome: str) -> None:
    back = record.advance(at("switched"), "rolling_back", {}, 1, STAMP)
    found = decide(record.close(back, outcome, {}, 1, STAMP))
    assert (found["action"], found["slot"]) == ("already_back", "blue")


def test_a_first_install_has_nothing_to_go_back_to() -> None:
    assert decide(at("switched", live=None))["action"] == "refuse"


def test_no_record_at_all_is_refused() -> None:
    found = decide()
    assert found["action"] == "refuse"
    assert "lb1, lb2" in found["reason"]


def test_an_adoption_is_undone_by_its_own_playbook() -> None:
    adopted = record.amend(at("watched", None), {"adoption": {"way": "twin"}}, 1)
    found = decide(record.close(adopted, "live", {}, 1, STAMP))
    assert found["action"] == "refuse"
    assert "adopt_undo=true" in found["reason"]
