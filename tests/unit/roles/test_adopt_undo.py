# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An undo on local hosts: what it leaves behind where all goes well, and where a host cannot go back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.roles.estate import HOSTS, PLAN, Estate, role

# No engine has it: where its containers are wanted, there are none.
PROJECT = "bluegreen-test-of-an-undo"
STEPS = ("provisioning", "provisioned", "checking", "checked", "switching", "switched", "watching", "watched")


def adopted(estate: Estate, services: list[str]) -> dict[str, Any]:
    """The record of an adoption in place, with a release since that failed."""
    adoption = {
        "way": "in_place", "project": PROJECT, "service": "api", "image": "r/shop:0.9.0",
        "hosts": {"app1": {"services": services, "singletons": []}}, "replaced": {"lb1": [], "lb2": []},
    }  # fmt: skip
    plan = {"version": "0.9.0", "image": "r/shop:0.9.0", "digest": "r/shop@sha256:bb", "live": None}
    begun = role("open", release_record_plan={**plan, "candidate": "blue", "adoption": adoption})
    steps = [role("advance", release_record_phase=step) for step in STEPS]
    assert estate.run(begun, *steps, role("close", release_record_outcome="live"))[0] == 0
    back = role("advance", release_record_phase="rolling_back")
    failed = role("close", release_record_outcome="failed")
    assert estate.run(role("open", release_record_plan=PLAN), back, failed)[0] == 0
    return records(estate, "lb1")[0]


def records(estate: Estate, host: str) -> list[dict[str, Any]]:
    return sorted(estate.records(host), key=lambda document: str(document["started_at"]))


def undo(estate: Estate, document: dict[str, Any]) -> tuple[int, str]:
    plan = {**document["adoption"], "action": "undo", "slot": "blue", "document": document, "lines": []}
    folder = f"{estate.folder}/{{{{ inventory_hostname }}}}"
    variables = {
        "adopt_plan": plan, "adopt_start_seconds": 1,
        "nginx_switchover_test_command": ["true"], "nginx_switchover_reload_command": ["true"],
        "nginx_switchover_local_url": "http://127.0.0.1:9",
        "nginx_switchover_site_file": f"{folder}/site.conf", "nginx_switchover_preview_file": f"{folder}/preview.conf",
    }  # fmt: skip
    entry = {"name": "bluegreen.release.adopt", "tasks_from": "undo", "rolespec_validate": False}
    undone = {"ansible.builtin.include_role": entry, "vars": variables}
    return estate.run(role("query"), undone, any_errors_fatal=True)  # the plan has asked before it


@pytest.mark.slow
def test_an_undo_ends_the_adoption_although_a_release_failed_since(tmp_path: Path) -> None:
    estate = Estate(tmp_path)
    rc, output = undo(estate, adopted(estate, services=[]))
    assert rc == 0, output
    assert output.count("The adoption of shop 0.9.0 is undone.") == 1
    for host in ("lb1", "lb2"):
        assert [one["outcome"] for one in records(estate, host)] == ["rolled_back", "failed"]
    assert [estate.lock(host) for host in HOSTS] == [None] * 3


@pytest.mark.slow
def test_an_undo_without_the_old_containers_fails_and_says_what_is_left(tmp_path: Path) -> None:
    estate = Estate(tmp_path)
    document = adopted(estate, services=["api"])
    rc, output = undo(estate, document)
    assert rc != 0
    assert "is not undone everywhere" in output and "NOT DONE at lb1, lb2 and app1." in output
    assert records(estate, "lb1")[0]["phase"] == "rolling_back"
    assert [estate.lock(host)["release_id"] for host in HOSTS] == [document["release_id"]] * 3
