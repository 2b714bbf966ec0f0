# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hooks as an inventory writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import hooks
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem

GOOD: dict[str, Any] = {"name": "tell", "command": ["./tell", "-v"]}


def problems(folder: Path, point: str = "after_switch", **changes: Any) -> list[Problem]:
    return hooks.hook_problems({point: [{**GOOD, **changes}]}, str(folder))


def test_good_hooks_have_no_problem(tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "drain.yml").write_text("[]\n")
    whole = {
        "name": "drain", "tasks": "hooks/drain.yml", "hosts": "first_lb", "timeout_seconds": 5, "on_failure": "warn",
        "environment": {"TOKEN": "x"}, "check_mode": "run",
    }  # fmt: skip
    given = {point: [GOOD, whole] for point in hooks.POINTS}
    assert hooks.hook_problems(given, str(tmp_path)) == []
    assert hooks.hook_problems({}, str(tmp_path)) == []
    assert len(hooks.POINTS) == 18


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("off", "points, each with a list of hooks"),
        ({"befor_switch": [GOOD]}, "write before_switch"),
        ({"lunch": [GOOD]}, "choose a point of docs/hooks.md"),
        ({"before_switch": GOOD}, "a list of hooks"),
        ({"before_switch": "date"}, "a list of hooks"),
        ({"before_switch": ["date"]}, "name, and command or tasks"),
        ({"before_switch": [GOOD, {"name": "n"}]}, "neither"),
    ],
)
def test_wrong_shapes_are_told(given: Any, words: str, tmp_path: Path) -> None:
    (found,) = hooks.hook_problems(given, str(tmp_path))
    assert words in " ".join(found)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tasks": "drain.yml"}, "command and tasks"),
        ({"command": "date"}, "write it as a list of words"),
        ({"command": [["date"]]}, "command as a list of words"),
        ({"command": [], "tasks": "none.yml"}, "none.yml"),
        ({"command": [], "tasks": "../"}, "path of a task file"),
        ({"hosts": "firstlb"}, "write hosts: first_lb"),
        ({"hosts": "web7"}, "write hosts: controller"),
        ({"on_failure": "ignore"}, "on_failure out of fail, warn"),
        ({"check_mode": True}, "check_mode out of list, run"),
        ({"timeout_seconds": 0}, "above 0"),
        ({"timeout_seconds": "soon"}, "above 0"),
        ({"timeout_seconds": True}, "above 0"),
        ({"timeout": 5}, "write timeout_seconds"),
        ({"environment": ["A=b"]}, "environment as names and texts"),
        ({"environment": {"A": 1}}, "quote the values"),
        ({"name": " "}, "a name"),
        ({"name": None}, "a name"),
    ],
)
def test_each_wrong_field_is_one_problem(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, **changes)
    assert words in " ".join(found)
    assert "release_hooks.after_switch, hook 1" in found.what


def test_no_value_of_the_environment_is_shown(tmp_path: Path) -> None:
    found = problems(tmp_path, environment={"TOKEN": 77123}) + problems(tmp_path, environment=["TOKEN=77123"])
    assert len(found) == 2 and "77123" not in str(found)


def test_defaults_are_filled_in_and_nothing_stops_a_rollback() -> None:
    given = {"before_rollback": [GOOD], "after_check": [{**GOOD, "hosts": "lb"}]}
    whole = {**hooks.DEFAULTS, **GOOD, "hosts": "lb", "identity": "after_check/1"}
    assert hooks.hooks_of(given, "after_check") == [whole]
    assert hooks.hooks_of(given, "before_check") == []
    assert [hook["on_failure"] for hook in hooks.hooks_of(given, "before_rollback", True)] == ["warn"]
    assert [hook["on_failure"] for hook in hooks.hooks_of(given, "before_rollback")] == ["fail"]


@pytest.mark.parametrize(
    ("word", "targets"),
    [
        ("controller", ["lb2"]),
        ("lb", ["lb1", "lb2"]),
        ("app", ["app1", "lb2"]),
        ("first_lb", ["lb1"]),
        ("first_app", ["app1"]),
        ("all", ["lb1", "lb2", "app1"]),
    ],
)
def test_targets(word: str, targets: list[str]) -> None:
    assert hooks.hook_targets(word, ["lb1", "lb2"], ["app1", "lb2"], ["app1", "lb2"]) == targets


COMMON = {"application": "shop", "environment": "prod", "version": "2.0"}
PLAN = {"version": "2.0", "live": "blue", "candidate": "green", "live_version": "1.0", "digest": "r/shop@sha256:aa"}


def test_the_payload_grows_with_what_is_known() -> None:
    early = hooks.payload("before_preflight", COMMON, {}, {}, "", True)
    assert (early["version"], early["slot"], early["release_id"], early["check_mode"]) == ("2.0", None, None, True)
    planned = hooks.payload("after_preflight", COMMON, PLAN, {}, "", False)
    assert (planned["slot"], planned["from_slot"], planned["from_version"]) == ("green", "blue", "1.0")
    context = {**PLAN, "release_id": "id-1", "document": {"outcome": "live"}}
    closed = hooks.payload("after_close", COMMON, PLAN, context, "", False)
    assert (closed["release_id"], closed["outcome"]) == ("id-1", "live")
    assert hooks.payload("after_rollback", COMMON, PLAN, context, "incomplete", False)["outcome"] == "incomplete"


def test_a_rollback_alone_tells_the_version_that_it_takes_back() -> None:
    context = {"version": "2.1", "candidate": "green", "live": None, "live_version": None, "release_id": "id-2"}
    told = hooks.payload("before_rollback", {**COMMON, "version": None}, {}, context, "", False)
    assert (told["version"], told["from_slot"]) == ("2.1", None)


def test_variables_and_standard_input_say_the_same() -> None:
    told = hooks.payload("after_preflight", COMMON, PLAN, {}, "", False)
    found = hooks.variables(told)
    assert (found["BLUEGREEN_SLOT"], found["BLUEGREEN_RELEASE_ID"], found["BLUEGREEN_CHECK_MODE"]) == (
        "green", "", "false",
    )  # fmt: skip
    assert set(found) == {f"BLUEGREEN_{name.upper()}" for name in told}
    assert '"slot": "green"' in hooks.standard_input(told) and hooks.standard_input(told).endswith("}\n")


def test_a_host_that_answered_an_earlier_hook_has_not_answered_this_one() -> None:
    facts: dict[str, dict[str, Any]] = {
        "lb1": {"__hook_on_controller": {"skipped": True}, "__hook_on_hosts": {"identity": "b", "problem": ""}},
        "lb2": {"__hook_from_file": {"identity": "a", "problem": ""}},
        "lb3": {},
        "lb4": {"__hook_from_file": {"identity": "b", "problem": "exit code 3"}},
        "lb5": {"__hook_on_hosts": {"unreachable": True, "msg": "no route"}},
    }
    found = hooks.ending(["lb1", "lb2", "lb3", "lb4", "lb5", "lb6"], facts, "b")
    silent = "no answer of this host"
    assert found["failures"] == {"lb2": silent, "lb3": silent, "lb4": "exit code 3", "lb5": "no route", "lb6": silent}
    assert found["lost"] == ["lb2", "lb3", "lb6"]
