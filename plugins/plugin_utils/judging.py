# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What actions share that hand the registered results of all hosts to a pure judge on the controller."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, TypeVar

from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, report
from ansible_collections.bluegreen.release.plugins.plugin_utils.action_arguments import arguments_of

Seen = TypeVar("Seen")


class Judged(NamedTuple):
    """What came of it. title: of the report of the problems. plan: None as long as there is a problem."""

    title: str
    problems: list[Problem]
    plan: dict[str, Any] | None
    summary: list[str]


class Judging(ActionBase):
    """Gather what was seen of all hosts, have it judged, return the judgement without failing."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    SPEC: ClassVar[Options]

    @abstractmethod
    def judged(self, given: dict[str, Any], hostvars: Mapping[str, Any]) -> Judged:
        """Judge by the task's arguments and the variables of all hosts."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give ``passed``, ``report``, and, unless there is a problem, ``plan`` and ``summary``."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        found = self.judged(arguments_of(self, self.SPEC), (task_vars or {}).get("hostvars", {}))
        passed = not found.problems
        result.update(
            changed=False,
            passed=passed,
            report=report(found.title, found.problems),
            plan=found.plan if passed else None,
            summary=found.summary if passed else [],
        )
        return result


def views(
    hosts: Iterable[str], hostvars: Mapping[str, Any], view_of: Callable[[Mapping[str, Any]], Seen]
) -> dict[str, Seen]:
    """Give the view of each host; none of one that the inventory does not have."""
    return {host: view_of(hostvars[host]) for host in hosts if host in hostvars}


def registered(value: Any) -> Mapping[str, Any]:
    """Give a registered result; nothing for a task that was skipped."""
    return value if isinstance(value, Mapping) and not value.get("skipped") else {}


def looked(variables: Mapping[str, Any], name: str, parts: Iterable[str]) -> dict[str, Any]:
    """Give what every host is asked for: the registered probe of that name, and what it remembers and serves.

    parts: of which a probe has at least one, if it was one.
    """
    probe = registered(variables.get(name))
    usable = not (probe.get("unreachable") or probe.get("failed")) and any(part in probe for part in parts)
    return {
        "reason": str(probe.get("msg") or ""),
        "probe": dict(probe) if usable else None,
        "record": dict(registered(variables.get("release_record_view"))) or None,
        "proxy": dict(registered(variables.get("nginx_switchover_view"))) or None,
    }
