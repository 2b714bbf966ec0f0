# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The HTTP steps of an inventory, judged by what the module http_steps takes. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_types import check_mapping

NAMES = ("health_check_steps", "smoke_test_steps", "smoke_test_session_begin", "smoke_test_session_use")


def check_steps(values: Mapping[str, Any], options: Mapping[str, Any]) -> list[Problem]:
    """Give the problems of all steps that an inventory gives.

    :param options: fields of a step, as in the argument specification of the module http_steps.
    """
    problems: list[Problem] = _half_a_session(values)
    for name in NAMES:
        steps = values.get(name)
        if not isinstance(steps, Sequence) or isinstance(steps, str):
            continue
        if name == "health_check_steps" and not steps:
            found = "an empty list"
            remedy = "give one step, or leave it out for the default; an empty list would pass without any evidence"
            problems.append(Problem(f"{name} has no step", "at least one step", found, remedy))
        for index, step in enumerate(steps):
            if isinstance(step, Mapping):
                problems += check_mapping(f"{name}[{index}]", step, _relaxed(options), "")
    return problems


def _half_a_session(values: Mapping[str, Any]) -> list[Problem]:
    begin, use = "smoke_test_session_begin", "smoke_test_session_use"
    given = [name for name in (begin, use) if values.get(name)]
    if len(given) != 1:
        return []
    missing = use if given == [begin] else begin
    remedy = f"give {missing} as well: a session is begun in one version and used in the other; or leave out {given[0]}"
    return [Problem(f"{missing} has no step", f"steps beside those of {given[0]}", "none", remedy)]


def _relaxed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Let the module itself judge values: a step may carry secrets, and one status may stand for a list of one."""
    return {
        name: {
            "type": "dict" if option.get("options") else "raw",
            "required": option.get("required", False),
            "description": "a part of every step",
            "no_log": True,
            **({"options": _relaxed(option["options"])} if option.get("options") else {}),
        }
        for name, option in options.items()
    }
