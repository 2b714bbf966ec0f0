# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the judging actions make of registered results, and of a judgement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.plugin_utils import judging

PROBLEM = Problem("It is odd", "even", "odd", "mend it")


class Fixed(judging.Judging):
    """A judge that has made up its mind."""

    SPEC: ClassVar[Options] = {}

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def judged(self, given: dict[str, Any], hostvars: Mapping[str, Any]) -> judging.Judged:
        return judging.Judged("No", self.problems, {"slot": hostvars["lb1"]}, ["a line"])


@pytest.fixture(autouse=True)
def _no_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    monkeypatch.setattr(judging, "arguments_of", lambda *_: {})


def test_without_a_problem_there_are_a_plan_and_a_summary() -> None:
    found = Fixed([]).run(None, {"hostvars": {"lb1": "blue"}})
    assert (found["passed"], found["plan"], found["summary"]) == (True, {"slot": "blue"}, ["a line"])


def test_with_one_there_is_its_report_alone_and_no_failure() -> None:
    found = Fixed([PROBLEM]).run(None, {"hostvars": {"lb1": "blue"}})
    assert (found["passed"], found["plan"], found["summary"], found["changed"]) == (False, None, [], False)
    assert "failed" not in found
    assert found["report"].startswith("No: 1 problem. Nothing was touched.") and "1. It is odd" in found["report"]


def test_hosts_that_the_inventory_does_not_have_are_not_seen() -> None:
    assert judging.views(["a", "b"], {"b": {"x": 1}}, dict) == {"b": {"x": 1}}


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({"clock": 1}, {"clock": 1}),
        ({"clock": 1, "failed": True}, None),
        ({"unreachable": True, "msg": "no route"}, None),
        ({"skipped": True, "clock": 1}, None),
        (None, None),
    ],
)
def test_a_probe_that_did_not_answer_is_none(probe: Any, expected: Any) -> None:
    found = judging.looked({"p": probe, "release_record_view": {"skipped": True}}, "p", ["clock", "time"])
    assert (found["probe"], found["record"], found["proxy"]) == (expected, None, None)
    assert found["reason"] == ("no route" if probe and "msg" in probe else "")
