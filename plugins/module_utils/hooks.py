# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an inventory asks for around the phases: whether it is well said, who runs it, what it is told. Pure."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_types import nearest

PHASES = ("preflight", "provision", "migrate", "check", "switch", "watch", "close", "rollback", "adopt")
POINTS = tuple(f"{when}_{phase}" for phase in PHASES for when in ("before", "after"))
HOSTS = ("controller", "lb", "app", "first_lb", "first_app", "all")
ON_FAILURE = ("fail", "warn")
IN_CHECK_MODE = ("list", "run")
DEFAULTS: Mapping[str, Any] = {
    "command": [], "tasks": "", "hosts": "controller", "timeout_seconds": 60, "on_failure": "fail", "environment": {},
    "check_mode": "list",
}  # fmt: skip
FIELDS = ("name", *DEFAULTS)
LONGEST_SECONDS = 86400
_DOCUMENT = "docs/hooks.md"
# Where the tasks of the role leave what came of a hook.
_ANSWERS = ("__hook_on_controller", "__hook_on_hosts", "__hook_from_file")


def hook_problems(hooks: Any, folder: str) -> list[Problem]:
    """Everything that is wrong with the hooks of an inventory.

    hooks: the value of release_hooks. folder: of the inventory, where paths of task files begin.
    """
    if not isinstance(hooks, Mapping):
        return [_problem("release_hooks", "points, each with a list of hooks", _shown(hooks), f"see {_DOCUMENT}")]
    problems = []
    for point, listed in hooks.items():
        where = f"release_hooks.{point}"
        if point not in POINTS:
            close = nearest(str(point), POINTS)
            do = f"write {close}" if close else f"choose a point of {_DOCUMENT}"
            problems.append(_problem(where, "before_ or after_ and the name of a phase", str(point), do))
        elif not isinstance(listed, Sequence) or isinstance(listed, (str, bytes)):
            problems.append(_problem(where, "a list of hooks", _shown(listed), f"see {_DOCUMENT}"))
        else:
            for index, hook in enumerate(listed, start=1):
                problems += _one_problems(f"{where}, hook {index}", hook, folder)
    return problems


def _one_problems(where: str, hook: Any, folder: str) -> list[Problem]:
    if not isinstance(hook, Mapping):
        return [_problem(where, "name, and command or tasks", _shown(hook), f"see {_DOCUMENT}")]
    named = f"{where} ({hook['name']})" if isinstance(hook.get("name"), str) else where
    problems = []
    for field in hook:
        if field not in FIELDS:
            close = nearest(str(field), FIELDS)
            do = f"write {close}" if close else "take it out"
            problems.append(_problem(named, f"fields out of {', '.join(FIELDS)}", str(field), do))
    if not isinstance(hook.get("name"), str) or not str(hook["name"]).strip():
        problems.append(_problem(named, "a name", _shown(hook.get("name")), "say in a few words what the hook does"))
    return problems + _act_problems(named, hook, folder) + _choice_problems(named, hook) + _value_problems(named, hook)


def _act_problems(where: str, hook: Mapping[str, Any], folder: str) -> list[Problem]:
    """What is wrong with the one thing that the hook does."""
    given = [field for field in ("command", "tasks") if hook.get(field)]
    if len(given) != 1:
        found = " and ".join(given) or "neither"
        return [_problem(where, "exactly one of command and tasks", found, "keep one; make two hooks of two")]
    if given == ["command"]:
        command = hook["command"]
        if not isinstance(command, (list, tuple)) or not all(isinstance(word, (str, int, float)) for word in command):
            do = "write it as a list of words; a shell line as [sh, -c, 'the line']"
            return [_problem(where, "command as a list of words", _shown(command), do)]
        return []
    path = task_file(str(hook["tasks"]), folder)
    if not isinstance(hook["tasks"], str) or not os.path.isfile(path):
        do = "make the file, or correct the path; it begins at the inventory's folder"
        return [_problem(where, "tasks as the path of a task file", path, do)]
    return []


def _choice_problems(where: str, hook: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for field, words in (("hosts", HOSTS), ("on_failure", ON_FAILURE), ("check_mode", IN_CHECK_MODE)):
        if field in hook and hook[field] not in words:
            close = nearest(str(hook[field]), words)
            do = f"write {field}: {close or DEFAULTS[field]}"
            problems.append(_problem(where, f"{field} out of {', '.join(words)}", _shown(hook[field]), do))
    return problems


def _value_problems(where: str, hook: Mapping[str, Any]) -> list[Problem]:
    problems = []
    seconds = hook.get("timeout_seconds", DEFAULTS["timeout_seconds"])
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= LONGEST_SECONDS:
        expected = f"timeout_seconds as a number above 0, at most {LONGEST_SECONDS}"
        problems.append(_problem(where, expected, _shown(seconds), "write the seconds that the hook may take"))
    variables = hook.get("environment", {})
    if not isinstance(variables, Mapping) or not all(isinstance(value, str) for value in variables.values()):
        # Its values may be secret, so they are not shown.
        found = "another type" if not isinstance(variables, Mapping) else "values that are not text"
        problems.append(_problem(where, "environment as names and texts", found, "quote the values"))
    return problems


def _problem(where: str, expected: str, found: str, do: str) -> Problem:
    return Problem(f"A hook is not usable: {where}", expected, found, do)


def _shown(value: Any) -> str:
    """A value for a message: its type where it is a collection, which may hold secrets."""
    if value is None:
        return "nothing"
    return type(value).__name__ if isinstance(value, (Mapping, list, tuple)) else repr(value)


def task_file(path: str, folder: str) -> str:
    """The path of a hook's task file on the controller; *path* begins at *folder*, the inventory's."""
    return os.path.normpath(os.path.join(folder, os.path.expanduser(path)))


def hooks_of(hooks: Mapping[str, Any], point: str, warn_only: bool = False) -> list[dict[str, Any]]:
    """The hooks of a point, complete with defaults and an C(identity). With *warn_only* none of them stops the run."""
    listed = [
        {**DEFAULTS, **hook, "identity": f"{point}/{index}"} for index, hook in enumerate(hooks.get(point) or [], 1)
    ]
    return [{**hook, "on_failure": "warn"} for hook in listed] if warn_only else listed


def hook_targets(word: str, lb_hosts: Sequence[str], app_hosts: Sequence[str], present: Sequence[str]) -> list[str]:
    """The hosts that act for a hook. For the controller one of *present* stands in, those that the run can reach."""
    everyone = list(dict.fromkeys([*lb_hosts, *app_hosts]))
    if word == "controller":
        return [host for host in everyone if host in present][:1]
    named = {
        "lb": list(lb_hosts), "app": list(app_hosts), "first_lb": list(lb_hosts)[:1],
        "first_app": list(app_hosts)[:1], "all": everyone,
    }  # fmt: skip
    return named[word]


def payload(
    point: str, common: Mapping[str, Any], plan: Mapping[str, Any], context: Mapping[str, Any], outcome: str,
    check_mode: bool,
) -> dict[str, Any]:  # fmt: skip
    """What a hook is told. What is not known yet is null. No secret is in it.

    common: application, environment, version (asked for). plan: preflight_plan. context: release_record_context.
    """
    known: dict[str, Any] = {**plan, **{key: value for key, value in context.items() if value is not None}}
    document = known.get("document") or {}
    return {
        "point": point, "application": common["application"], "environment": common["environment"],
        "release_id": known.get("release_id"), "version": known.get("version") or common.get("version") or None,
        "from_version": known.get("live_version"), "slot": known.get("candidate"), "from_slot": known.get("live"),
        "digest": known.get("digest"), "outcome": outcome or document.get("outcome"), "check_mode": check_mode,
    }  # fmt: skip


def variables(told: Mapping[str, Any]) -> dict[str, str]:
    """The payload as environment variables of a command; what is not known is empty."""
    return {f"BLUEGREEN_{name.upper()}": _text(value) for name, value in told.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def standard_input(told: Mapping[str, Any]) -> str:
    """The payload as the one JSON object that a command reads."""
    return json.dumps(dict(told), sort_keys=True) + "\n"


def ending(targets: Sequence[str], facts: Mapping[str, Mapping[str, Any]], identity: str) -> dict[str, Any]:
    """How the hook *identity* ended: ``failures``, host to reason, and ``lost``, hosts that gave no answer at all.

    An answer to an earlier hook is none. A host that was lost has left the run, whatever the hook's failure means.
    """
    failures, lost = {}, []
    for host in targets:
        answers = [facts[host].get(name) for name in _ANSWERS] if host in facts else []
        known = [answer for answer in answers if isinstance(answer, Mapping)]
        own = next((answer for answer in known if answer.get("identity") == identity), None)
        broken = next((answer for answer in known if answer.get("unreachable") or answer.get("failed")), None)
        if own is None:
            failures[host] = str(broken.get("msg", "no message")) if broken else "no answer of this host"
            lost += [] if broken else [host]
        elif own.get("problem"):
            failures[host] = str(own["problem"])
    return {"failures": failures, "lost": lost}
