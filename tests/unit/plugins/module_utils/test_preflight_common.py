"""Common inputs that contradict each other: each row changes one thing of inputs that are fine."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_common import (
    check_common,
    check_compose_names,
)

GOOD: dict[str, Any] = {
    "release_services": ["api", "worker"],
    "release_service": "api",
    "release_singleton_services": ["worker"],
    "release_singleton_host": "app1",
    "release_shared_services": ["db"],
    "release_shared_project": "shop-shared",
    "release_projects": {"blue": "shop-blue", "green": "shop"},
    "release_profiles": ["prod"],
    "release_app_hosts": ["app1", "app2"],
    "release_registry_username": "ann",
    "release_registry_password": "secret-of-ann",
}
COMPOSE = {"services": {"api": {}, "worker": {"profiles": ["prod", "jobs"]}, "db": None}}


def test_good_inputs_have_no_problem() -> None:
    assert check_common(GOOD) == [] and check_compose_names(GOOD, COMPOSE) == []
    assert check_common({}) == [] and check_compose_names({}, {}) == []


@pytest.mark.parametrize(
    ("change", "what", "do"),
    [
        (
            {"release_singleton_services": ["workr"]},
            "release_singleton_services names a service that is not in a slot",
            "rename it to worker",
        ),
        ({"release_singleton_services": ["api"]}, "The service that answers HTTP is a singleton", "take api out"),
        ({"release_shared_services": ["db", "worker"]}, "A shared service is in a slot", "take worker out"),
        ({"release_services": ["api", "worker", "api"]}, "release_services has an entry twice", "second"),
        ({"release_profiles": ["prod", "prod"]}, "release_profiles has an entry twice", "second"),
        ({"release_projects": {"blue": "Shop", "green": "s"}}, "release_projects.blue is no name of a", "correct"),
        ({"release_projects": {"blue": "-s", "green": "s"}}, "release_projects.blue is no name of a", "correct"),
        ({"release_projects": {"blue": "s", "green": "s"}}, "Two compose projects have one name", ".green another"),
        ({"release_shared_project": "a b"}, "release_shared_project is no name of a compose project", "correct"),
        ({"release_profiles": ["p r"]}, "release_profiles has no name of a profile", "correct"),
        ({"release_registry_password": ""}, "The login of the registry is half given", "_password from a vault"),
        ({"release_registry_username": ""}, "The login of the registry is half given", "_username, or remove"),
        ({"release_singleton_host": "ap2"}, "release_singleton_host is no application host", "to app2"),
        ({"release_singleton_host": ""}, "release_singleton_host is no application host", "to app1"),
    ],
)
def test_one_change_one_problem(change: dict[str, Any], what: str, do: str) -> None:
    (problem,) = check_common({**GOOD, **change})
    assert problem.what.startswith(what) and do in problem.do
    assert "secret-of-ann" not in " ".join(problem)


@pytest.mark.parametrize(
    "change",
    [
        {"release_singleton_services": [], "release_singleton_host": "nobody"},
        {"release_shared_services": [], "release_shared_project": "shop"},
        {"release_registry_username": "", "release_registry_password": ""},
        {"release_services": "api", "release_projects": "x", "release_registry_password": 5},
    ],
)
def test_what_matters_to_nobody_or_is_reported_elsewhere_is_passed_over(change: dict[str, Any]) -> None:
    assert check_common({**GOOD, **change}) == []


@pytest.mark.parametrize(
    ("change", "what", "do"),
    [
        ({"release_profiles": ["prud"]}, "release_profiles names an unknown profile", "rename it to prod"),
        ({"release_profiles": ["x"]}, "release_profiles names an unknown profile", "take it out of release_profiles"),
        (
            {"release_shared_services": ["wrker"]},
            "release_shared_services names an unknown service",
            "rename it to worker",
        ),
    ],
)
def test_names_that_the_compose_file_does_not_have(change: dict[str, Any], what: str, do: str) -> None:
    (problem,) = check_compose_names({**GOOD, **change}, COMPOSE)
    assert problem.what == what and problem.do == do


def test_all_profiles_at_once_are_no_unknown_one() -> None:
    assert check_compose_names({"release_profiles": ["*"]}, COMPOSE) == []


def test_shared_services_may_be_in_the_project_of_a_slot_that_ran_before() -> None:
    assert check_common({**GOOD, "release_shared_project": GOOD["release_projects"]["green"]}) == []
