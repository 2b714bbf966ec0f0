# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking many hosts, again and again, from one action: Ansible gives an action the connection of its own host only.

The others' are kept until the end, so with SSH all questions to a host go over one connection.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options
from ansible_collections.bluegreen.release.plugins.plugin_utils.host_connection import Variables, connect, variables_of
from ansible_collections.bluegreen.release.plugins.plugin_utils.resident import Resident


class Answer(NamedTuple):
    """What a host gave. problem: why there is nothing, "" when there is something; the host is named by who asked."""

    result: dict[str, Any]
    problem: str


class _Speaker(Resident):
    """An action bound to another host; what it lacks of a task is that of the action that made it."""

    _lacking = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """It is asked by execute; nobody runs it as a task."""
        raise NotImplementedError

    def _may_ask(self, arguments: Mapping[str, Any], spec: Options) -> bool:
        paths = [str(arguments.get(name) or "") for name, option in spec.items() if option.get("type") == "path"]
        plain = not any("~" in path or "$" in path for path in paths)
        return plain and not self._lacking and bool(self._is_pipelining_enabled("new"))

    def _ask(self, module: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
        found = super()._ask(module, params)
        # It does not come by itself, and looking for it each second would take as long as an answer.
        self._lacking = found is None
        return found


class _Host:
    """One host: its connection, and whether a question to it is still open."""

    def __init__(self, speaker: _Speaker, variables: Variables) -> None:
        self.speaker, self._variables = speaker, variables
        self._thread: threading.Thread | None = None
        self._answer: Answer | None = None

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def begin(self, module: ModuleType, params: Mapping[str, Any]) -> None:
        # Of Ansible's own contexts a new thread has none, unless it is given them.
        context = contextvars.copy_context()
        self._answer = None
        self._thread = threading.Thread(target=context.run, args=(self._run, module, params), daemon=True)
        self._thread.start()

    def _run(self, module: ModuleType, params: Mapping[str, Any]) -> None:
        try:
            result = self.speaker.execute(module, params, self._variables)
            failed = result.get("failed") or result.get("unreachable")
            self._answer = Answer(result, _said(result) if failed else "")
        except AnsibleConnectionFailure as error:
            self._answer = Answer({}, f"expected to reach it, found: {_line(error)}")
        except Exception as error:  # one host's trouble must not end the watch of the others
            self._answer = Answer({}, f"expected an answer, found {type(error).__name__}: {_line(error)}")

    def end(self, deadline: float, seconds: float) -> Answer:
        if self._thread is not None:
            self._thread.join(max(deadline - time.monotonic(), 0))
        return self._answer or Answer({}, f"expected an answer within {seconds:g} s, found none")


class Hosts:
    """The hosts of these names, as the action's play knows them. Never raises for one that cannot be reached.

    action: whose ``run`` this is called in. task_vars: that it was given.
    """

    def __init__(self, action: ActionBase, task_vars: Mapping[str, Any], names: Iterable[str]) -> None:
        self._hosts: dict[str, _Host] = {}
        self._problems: dict[str, str] = {}
        for name in dict.fromkeys(names):
            try:
                variables = variables_of(task_vars, name)
                self._hosts[name] = _Host(_Speaker(**connect(action, name, variables)), variables)
            except AnsibleError as error:
                self._problems[name] = f"expected a connection that can be made, found: {_line(error)}"

    def ask(self, module: ModuleType, params: Mapping[str, Mapping[str, Any]], seconds: float) -> dict[str, Answer]:
        """Run the module on each host that *params* name, with the parameters there, side by side.

        module: one of ours with SPEC and REQUIRED_IF, resident or not. seconds: how long it may take in all; a host
        that is not done then has a problem, and another each time until it is: nothing runs there twice at once.
        """
        deadline = time.monotonic() + seconds
        answers: dict[str, Answer] = {}
        begun: dict[str, _Host] = {}
        for name, given in params.items():
            host = self._hosts.get(name)
            if host is None:
                answers[name] = Answer({}, self._problems.get(name) or "expected a host of the inventory, found none")
            elif host.busy:
                answers[name] = Answer({}, "expected it to have answered the question before, found it silent")
            else:
                host.begin(module, given)
                begun[name] = host
        answers.update({name: host.end(deadline, seconds) for name, host in begun.items()})
        return {name: answers[name] for name in params}

    def close(self) -> None:
        """Let go of every connection but those that still wait for an answer."""
        for host in self._hosts.values():
            if not host.busy:
                speaker: Any = host.speaker
                with contextlib.suppress(Exception):
                    speaker.cleanup(force=True)
                    speaker._connection.close()

    def __enter__(self) -> Hosts:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _said(result: Mapping[str, Any]) -> str:
    """Why a module failed; where its Python did not even begin, what the shell says of it."""
    told = [str(result.get(name) or "").strip() for name in ("msg", "module_stderr")]
    return _line(": ".join(one for one in told if one)) or "it failed and gave no reason"


def _line(error: object) -> str:
    return " ".join(str(error).split())[:500]
