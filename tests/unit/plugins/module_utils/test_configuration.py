# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the record keeps of a configuration, and what a rollback says of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import configuration

HASH, OTHER = "a" * 64, "b" * 64
HOST = {"files": {"compose.yml": HASH}, "environment": {"TOKEN": "0" * 16}}
OLD: dict[str, Any] = {
    "hosts": {"app1": HOST, "app2": HOST}, "secret_versions": {"token": "7"}, "nginx": "gen-1",
    "singletons": {"host": "app1", "services": ["jobs"]},
}  # fmt: skip


def release(to_slot: str, outcome: str | None, **changes: Any) -> dict[str, Any]:
    from_slot = "blue" if to_slot == "green" else "green"
    base = {"to_slot": to_slot, "from_slot": from_slot, "outcome": outcome, "config_generation": None}
    return {**base, **changes}


def test_collected_takes_what_every_host_answered_and_nothing_else() -> None:
    answer = {"configuration": HOST, "paths": ["/srv/shop/green/slot.env"], "changed": True}
    facts: dict[str, dict[str, Any]] = {"app1": {"__green_provision_files": answer}, "app2": {}}
    found = configuration.collected(["app1", "app2"], facts, "gen-1", {"token": "7"}, OLD["singletons"])
    assert found == {**OLD, "hosts": {"app1": HOST}}
    assert configuration.problems(found) == []


@pytest.mark.parametrize(
    ("documents", "nginx"),
    [
        ([release("green", "live", configuration=OLD)], "gen-1"),
        ([release("blue", "rolled_back", from_configuration=OLD)], "gen-1"),
        ([release("blue", "rolled_back", from_configuration=OLD, config_generation="gen-2")], "gen-2"),
        ([release("blue", "failed"), release("green", "live", configuration=OLD)], None),
        ([release("blue", "live", configuration=OLD), release("green", "live", configuration=OLD)], "gen-1"),
        ([], None),
    ],
)
def test_the_configuration_of_the_live_slot_is_the_newest_records(
    documents: list[dict[str, Any]], nginx: str | None
) -> None:
    found = configuration.of_live(documents, "green")
    assert (found and found["nginx"]) == nginx


def test_a_first_install_had_no_configuration() -> None:
    assert configuration.of_live([release("green", "failed", from_slot=None, from_configuration=OLD)], None) is None


def test_differences_name_what_changed_and_no_value() -> None:
    now = {"files": {"compose.yml": OTHER, "extra.yml": HASH}, "environment": {}}
    assert configuration.differences(HOST, now) == [
        "file compose.yml was changed", "file extra.yml was added", "variable TOKEN is gone",
    ]  # fmt: skip
    assert configuration.differences(HOST, HOST) == []


def facts(**changes: Any) -> dict[str, dict[str, Any]]:
    same = {"__rollback_files": {"configuration": HOST}}
    base: dict[str, dict[str, Any]] = {"app1": same, "app2": same, "lb1": {"__rollback_nginx": {"changed": True}}}
    return {**base, **changes}


def told(left: dict[str, dict[str, Any]], **changes: Any) -> dict[str, list[str]]:
    document = {"from_configuration": OLD, "configuration": {"secret_versions": {"token": "8"}}, **changes}
    return configuration.told_back(document, ["lb1"], ["app1", "app2"], left)


def test_what_came_back_is_told_line_by_line() -> None:
    assert told(facts()) == {
        "done": [
            "compose file and environment are those of the record on app1, app2",
            "secret token is version 7 again (was 8)",
            "lb1: nginx has its configuration gen-1 again",
        ],
        "undone": [],
    }


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ({"app2": {"__rollback_files": {"configuration": {**HOST, "files": {"compose.yml": OTHER}}}}}, "was changed"),
        ({"app2": {"__rollback_files": {"problem": "no such key"}}}, "could not be read: no such key"),
        ({"app2": {}}, "no answer of this host"),
        ({"lb1": {"__rollback_nginx": {"missing": True}}}, "is not kept there any more"),
        ({"lb1": {"__rollback_nginx": {"failed": True, "msg": "test failed"}}}, "is not back: test failed"),
    ],
)
def test_what_did_not_come_back_is_told_with_its_reason(left: dict[str, Any], words: str) -> None:
    (found,) = told(facts(**left))["undone"]
    assert words in found and found.startswith(next(iter(left)))


def test_nothing_is_told_of_what_no_record_knows() -> None:
    assert told(facts(), from_configuration=None) == {"done": [], "undone": []}
    assert told({"app1": {}, "app2": {}, "lb1": {}}, from_configuration={"hosts": {}}) == {"done": [], "undone": []}
    assert told(facts(lb1={"__rollback_nginx": {"changed": False}}))["undone"] == []
