"""Values against options: what passes, what does not, and what is shown."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_types import (
    check_value,
    described,
    has_type,
    nearest,
)

PORT = {"type": "dict", "options": {"port": {"type": "int", "required": True}}}
SLOTS = {"type": "dict", "options": {"blue": {**PORT, "required": True}, "green": {**PORT, "required": True}}}


@pytest.mark.parametrize(
    ("value", "kind", "passes"),
    [
        ("1.0.0", "str", True),
        (1.1, "str", False),
        (1, "str", False),
        (True, "str", False),
        ("/srv", "path", True),
        (8001, "int", True),
        ("8001", "int", True),
        ("-1", "int", True),
        ("8001.5", "int", False),
        ("", "int", False),
        (8001.0, "int", False),
        (True, "int", False),
        (0.5, "float", True),
        ("0.5", "float", True),
        (3, "float", True),
        ("half", "float", False),
        (True, "bool", True),
        ("true", "bool", True),
        ("No", "bool", True),
        ("maybe", "bool", False),
        (2, "bool", False),
        (["a"], "list", True),
        ("a,b", "list", False),
        ({"a": 1}, "dict", True),
        ("a=1", "dict", False),
        ([1], "dict", False),
        (object(), "raw", True),
    ],
)
def test_type(value: Any, kind: str, passes: bool) -> None:
    assert has_type(value, kind) is passes


def whats(value: Any, option: dict[str, Any]) -> list[str]:
    return [problem.what for problem in check_value("x", value, option)]


def test_nested_keys_are_checked_and_the_nearest_is_named() -> None:
    problems = check_value("release_slots", {"blue": {"prt": 1}, "green": {"port": True}}, SLOTS)
    assert [(one.what, one.do) for one in problems] == [
        ("release_slots.blue has an unknown key", "rename it to port"),
        ("release_slots.blue lacks a key", "add port"),
        ("release_slots.green.port has the wrong type", "give release_slots.green.port as a whole number"),
    ]


def test_elements_of_a_list_are_checked() -> None:
    option = {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}}}
    assert whats([{"name": "a"}, {}, "b"], option) == ["x[1] lacks a key", "x[2] has the wrong type"]
    assert whats(["a", 1], {"type": "list", "elements": "str"}) == ["x[1] has the wrong type"]


def test_choices() -> None:
    option = {"type": "str", "choices": ["switch", "freeze"]}
    assert whats("switch", option) == []
    (problem,) = check_value("x", "swich", option)
    assert (problem.expected, problem.found, problem.do) == (
        "one of switch, freeze",
        "'swich' (text)",
        "did you mean switch?",
    )


def test_choices_hold_for_the_elements_of_a_list() -> None:
    option = {"type": "list", "elements": "str", "choices": ["a", "b"]}
    assert whats(["a", "c"], option) == ["x[1] is not one of the possible values"]


def test_nothing_passes_as_not_given_and_a_default_as_what_it_is() -> None:
    assert whats(None, {"type": "int"}) == []
    assert whats({}, {**SLOTS, "default": {}}) == []
    assert len(whats({}, SLOTS)) == 2


@pytest.mark.parametrize("option", [{"type": "int", "no_log": True}, {"type": "dict"}])
def test_what_may_be_secret_is_not_shown(option: dict[str, Any]) -> None:
    (problem,) = check_value("x", "hunter2", option)
    assert "hunter2" not in " ".join(problem)


def test_long_values_are_cut() -> None:
    (problem,) = check_value("x", "y" * 500, {"type": "int"})
    assert len(problem.found) < 100


def test_nearest() -> None:
    assert nearest("release_verson", ["release_version", "release_slots"]) == "release_version"
    assert nearest("release_zzz", ["nginx_switchover_listen"]) is None


def test_described_takes_the_first_sentence() -> None:
    assert described({"type": "bool", "description": ["Is it so.", "More."]}) == "true or false (Is it so)"
