"""What goes into nginx and the steps of checks, judged as what uses them judges them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_routing import check_routing, in_parts
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_steps import check_steps
from ansible_collections.bluegreen.release.plugins.modules.http_steps import argument_spec

VALUES: dict[str, Any] = {
    "nginx_switchover_server_names": ["shop.example.com"],
    "nginx_switchover_preview_server_name": "green.shop.example.com",
    "nginx_switchover_preview_secret": "0123456789abcdef",
}
INSTANCES = [{"host": "app1", "address": "10.0.0.3"}]
STEP = argument_spec()["steps"]["options"]


def test_good_inputs() -> None:
    assert check_routing(VALUES, INSTANCES) == []
    assert check_routing(VALUES, []) == [], "no application host is told by its own name"
    assert check_routing({}, INSTANCES) == []


@pytest.mark.parametrize(
    ("change", "what", "found"),
    [
        ({"nginx_switchover_server_names": []}, "nginx_switchover_server_names cannot be used", "none"),
        ({"nginx_switchover_preview_secret": "short"}, "nginx_switchover_preview_secret cannot be used", "5 char"),
        ({"nginx_switchover_preview_addresses": ["x"]}, "nginx_switchover_preview_addresses cannot be used", "'x'"),
    ],
)
def test_a_refusal_of_the_site(change: dict[str, Any], what: str, found: str) -> None:
    (problem,) = check_routing({**VALUES, **change}, INSTANCES)
    assert problem.what == what and found in problem.found and all(problem)


def test_a_refusal_in_parts() -> None:
    assert in_parts("a.b: expected x, found 'y z' (not shown). Make one with: openssl") == (
        "a.b cannot be used",
        "x",
        "'y z' (not shown)",
        "make one with: openssl",
    )
    assert in_parts("a: expected x, found y.")[2:] == ("y", "correct a")
    assert in_parts("nothing of the kind").found == "nothing of the kind"


@pytest.mark.parametrize(
    ("steps", "whats"),
    [
        ([{"name": "a", "path": "/"}], []),
        ([{"name": "a", "path": "/", "expect": {"status": 200}, "save": {"token": "x"}}], []),
        ([{"name": "a", "path": "/", "pth": 1}], ["health_check_steps[0] has an unknown key"]),
        ([{"name": "a", "path": "/", "expect": {"code": 1}}], ["health_check_steps[0].expect has an unknown key"]),
        ([{"path": "/"}], ["health_check_steps[0] lacks a key"]),
        ([{"name": "a", "path": "/"}, {"name": "b"}], ["health_check_steps[1] lacks a key"]),
        ([], ["health_check_steps has no step"]),
        ("x", []),
        (["x"], []),
    ],
)
def test_steps(steps: Any, whats: list[str]) -> None:
    assert [one.what for one in check_steps({"health_check_steps": steps}, STEP)] == whats


def test_no_smoke_test_is_a_choice() -> None:
    assert check_steps({"smoke_test_steps": []}, STEP) == []


@pytest.mark.parametrize(("given", "missing"), [("begin", "use"), ("use", "begin")])
def test_half_a_session(given: str, missing: str) -> None:
    step = [{"name": "a", "path": "/"}]
    found = check_steps({f"smoke_test_session_{given}": step, f"smoke_test_session_{missing}": []}, STEP)
    assert [one.what for one in found] == [f"smoke_test_session_{missing} has no step"]
    assert check_steps({"smoke_test_session_begin": step, "smoke_test_session_use": step}, STEP) == []


def test_a_step_shows_no_value() -> None:
    problems = check_steps({"smoke_test_steps": [{"name": "a", "path": "/", "expect": "hunter2"}]}, STEP)
    assert len(problems) == 1 and "hunter2" not in repr(problems)
