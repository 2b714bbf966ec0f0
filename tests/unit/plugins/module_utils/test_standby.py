# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a standby that does not work any more means for the way back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import standby

GOOD = {"passed": True, "reason": ""}
RED = {"passed": False, "reason": "expected status 200, found 500"}
RECORD: dict[str, Any] = {"from_version": "0.9.0", "from_slot": "blue", "version": "1.0.0"}


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"app1": GOOD, "app2": GOOD}, []),
        ({"app1": GOOD, "app2": RED}, ["on app2: expected status 200, found 500"]),
        ({"app1": {"skipped": True}, "app2": None}, []),
        ({}, []),
        ({"app1": {"unreachable": True, "msg": "no route"}, "app2": RED}, ["on app2: expected status 200, found 500"]),
    ],
)
def test_every_host_on_which_it_does_not_work(answers: dict[str, Any], found: list[str]) -> None:
    assert standby.problems(["app1", "app2"], answers) == found


def test_one_that_works_changes_nothing_in_the_record() -> None:
    assert standby.facts([]) == {}
    assert standby.words({**RECORD, "rollback_class": "switch", "verdicts": []}) == ""


def test_one_that_does_not_closes_the_way_back() -> None:
    learned = standby.facts(["on app2: found 500"])
    assert learned["rollback_class"] == "freeze"
    document = {**RECORD, **learned}
    assert standby.closed_because(document) == "on app2: found 500"
    assert standby.words(document).startswith("GOING BACK IS CLOSED: 0.9.0 in blue does not work on what 1.0.0 writes")
