"""Whom a check asks, and what every answer must carry."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.bluegreen.release.plugins.filter.checks import check_target, smoke_beginning

CONTEXT = {"live": "blue", "live_version": "0.9.0", "candidate": "green", "version": "1.0.0"}
FIRST: dict[str, Any] = {"live": None, "live_version": None, "candidate": "blue", "version": "0.9.0"}


@pytest.mark.parametrize(
    ("which", "slot", "version", "expected"),
    [
        ("candidate", "", "", ("green", "1.0.0")),
        ("live", "", "", ("blue", "0.9.0")),
        ("live", "green", "", ("green", "1.0.0")),
        ("candidate", "blue", "2.0.0", ("blue", "2.0.0")),
    ],
)
def test_slot_and_version(which: str, slot: str, version: str, expected: tuple[str, str]) -> None:
    target = check_target(CONTEXT, which, slot, version, "X-Release-Version")
    assert (target["slot"], target["version"]) == expected
    assert target["instance_headers"] == {"X-Release-Version": expected[1]}
    assert target["proxy_headers"] == {"X-Release-Slot": expected[0], "X-Release-Version": expected[1]}


def test_application_without_a_version_header() -> None:
    target = check_target(CONTEXT, "live", version_header="")
    assert target["instance_headers"] == {} and target["proxy_headers"] == {"X-Release-Slot": "blue"}


def test_where_a_session_is_begun() -> None:
    slots = {"blue": {"port": 8001}, "green": {"port": 8002}}
    steps = [{"name": "log in", "path": "/login"}]
    for which, port, version in (("live", 8001, "0.9.0"), ("candidate", 8002, "1.0.0")):
        found = smoke_beginning(which, CONTEXT, slots, steps, "X-V")
        assert found == {"base_url": f"http://127.0.0.1:{port}", "steps": steps, "expect_headers": {"X-V": version}}
    assert smoke_beginning("live", CONTEXT, slots, [], "X-V") is None


def test_outside_a_release_the_slot_must_be_named() -> None:
    assert check_target({}, "candidate", "blue", "", "X-V")["instance_headers"] == {}
    with pytest.raises(AnsibleFilterError, match="knows no candidate slot"):
        check_target({}, "candidate")


def test_first_install_has_no_live_slot() -> None:
    with pytest.raises(AnsibleFilterError, match="knows no live slot"):
        check_target(FIRST, "live")
