# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the judge is given of nginx's container, from what the observing tasks registered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.action.preflight_judge import view_of

WEB = {
    "Name": "/web",
    "State": {"Status": "running"},
    "Config": {},
    "Mounts": None,
    "NetworkSettings": {"Networks": None},
}
MISSING = {"rc": 1, "stdout": "[]", "stderr": "Error: No such container: web", "msg": "non-zero return code"}


def seen(container: dict[str, Any], privileged: dict[str, Any]) -> tuple[bool, str]:
    view = view_of({"__preflight_container": container, "__preflight_privileged": privileged})
    return view.container is not None, view.uncontained


def test_a_container_that_is_there() -> None:
    assert seen({"rc": 0, "stdout": json.dumps([WEB])}, {"rc": 0}) == (True, "")


def test_a_container_that_is_missing_is_told_in_the_words_of_the_engine_alone() -> None:
    assert seen(MISSING, MISSING) == (False, "Error: No such container: web")


@pytest.mark.parametrize(
    ("container", "privileged"),
    [
        ({"skipped": True, "changed": False}, {"rc": 0}),
        # An engine other than Docker, called by nginx_switchover_test_command.
        (MISSING, {"rc": 0}),
        # Said by the other command already.
        ({"rc": 1, "msg": "Missing sudo password"}, {"rc": 1, "msg": "Missing sudo password"}),
    ],
)
def test_what_says_nothing_of_a_container(container: dict[str, Any], privileged: dict[str, Any]) -> None:
    assert seen(container, privileged) == (False, "")


def test_a_failure_that_only_ansible_has_words_for() -> None:
    assert seen({"rc": 1, "msg": "non-zero return code"}, {"rc": 1}) == (False, "non-zero return code")
