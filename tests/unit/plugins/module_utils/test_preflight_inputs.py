"""Variables of a run against the specifications of all roles."""

from __future__ import annotations

from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_inputs import (
    Foreign,
    Unreadable,
    check_variables,
    known_options,
    prefixes,
)

SPECS: dict[str, Any] = {
    "release": {
        "main": {
            "options": {
                "release_version": {"type": "str"},
                "release_image": {"type": "str", "required": True},
            }
        }
    },
    "health_check": {
        "main": {"options": {"health_check_slot": {"type": "str", "required": True}}},
        "watch": {"options": {"health_check_watch_seconds": {"type": "int"}}},
    },
    "empty": {"main": {}},
}
GOOD: dict[str, Any] = {"release_version": "1", "release_image": "r/a"}


def check(*hosts: dict[str, Any], required: list[str] | None = None) -> list[tuple[str, str, str]]:
    values = {f"h{index}": one for index, one in enumerate(hosts, start=1)}
    found = check_variables(SPECS, values, required or [], ["release_record_*"], ["health_check_slot"])
    return [(problem.what, problem.found, problem.do) for problem in found]


def test_good_variables_pass() -> None:
    assert check(GOOD, {**GOOD, "ansible_host": Foreign(), "release_record_context": {}}) == []


def test_prefixes_are_those_of_the_roles_and_two_of_the_collection() -> None:
    assert prefixes(["health_check"]) == ("health_check_", "release_", "rollback_")


def test_required_anywhere_is_required() -> None:
    options = known_options({"a": {"one": {"options": {"a_x": {}}}, "two": {"options": {"a_x": {"required": True}}}}})
    assert options["a_x"]["required"] is True


def test_unknown_variable_names_the_nearest_and_the_hosts() -> None:
    bad = {**GOOD, "health_check_watch_second": 5}
    assert check(GOOD, bad) == [
        (
            "The variable health_check_watch_second is not known",
            "health_check_watch_second, set for h2",
            "rename it to health_check_watch_seconds, or remove it",
        )
    ]
    assert check(bad)[0][1].endswith("set for every host")


def test_unknown_without_a_nearest() -> None:
    ((_, _, remedy),) = check({**GOOD, "rollback_qqqqqqqq": 1})
    assert remedy.startswith("remove it")


def test_wrong_type_is_told_once_with_its_hosts() -> None:
    bad = {**GOOD, "health_check_watch_seconds": "soon"}
    assert [one[0] for one in check(bad, bad)] == ["health_check_watch_seconds has the wrong type"]
    assert [one[0] for one in check(GOOD, bad)] == ["health_check_watch_seconds has the wrong type on h2"]


def test_unreadable_value() -> None:
    ((what, found, _),) = check({**GOOD, "release_image": Unreadable("'vault_x' is undefined")})
    assert (what, found) == ("release_image cannot be evaluated", "'vault_x' is undefined")


def test_missing_by_specification_and_by_the_run() -> None:
    assert [one[0] for one in check({}, required=["release_version"])] == [
        "release_version is missing",
        "release_image is missing",
    ]
    assert check({"release_image": "r/a"}) == []


def test_missing_on_one_host_names_it() -> None:
    assert check(GOOD, {"release_version": "1"})[0][1] == "no such variable for h2"


def test_empty_required_value() -> None:
    assert [one[0] for one in check({**GOOD, "release_image": None})] == ["release_image is empty"]


def test_misspelt_prefix_is_found() -> None:
    ((what, found, remedy),) = check(
        {"release_image": "r/a", "relase_version": Foreign(), "ansible_version": Foreign()},
        required=["release_version"],
    )
    assert what == "release_version is missing"
    assert found.endswith("there is a relase_version")
    assert remedy == "rename relase_version to release_version"
