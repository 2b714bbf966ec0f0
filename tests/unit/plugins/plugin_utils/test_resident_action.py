# SPDX-License-Identifier: GPL-3.0-or-later
"""When a module runs by the program on the host, when it is sent, and that it never runs twice."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import resident
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options
from ansible_collections.bluegreen.release.plugins.plugin_utils.resident import Resident, answer_of

SPEC: Options = {
    "state_directory": {"type": "path", "required": True},
    "secret": {"type": "str", "no_log": True},
    "probe_headers": {"type": "dict", "default": {}, "no_log": True},
    "limit": {"type": "int", "default": 5},
}
MODULE: Any = SimpleNamespace(__name__="plugins.modules.release_lock", SPEC=SPEC, REQUIRED_IF=[])
GIVEN = {"state_directory": "/state"}


class Action(Resident):
    """An action whose host answers as it is told to."""

    def __init__(
        self, rc: int = 0, stdout: str = "{}", stderr: str = "", pipelining: bool = True, become: Any = None
    ) -> None:
        self.answer = {"rc": rc, "stdout": stdout, "stderr": stderr}
        self._connection: Any = SimpleNamespace(has_pipelining=pipelining, become=become)
        self._task: Any = SimpleNamespace(check_mode=True)
        self.commands: list[tuple[str, Any]] = []
        self.sent: list[dict[str, Any]] = []

    def _low_level_execute_command(
        self, cmd: Any, sudoable: Any = True, in_data: Any = None, executable: Any = None, encoding_errors: Any = "",
        chdir: Any = None,
    ) -> Any:  # fmt: skip
        assert not sudoable
        self.commands.append((cmd, json.loads(in_data)))
        return self.answer

    def _execute_module(
        self, module_name: Any = None, module_args: Any = None, tmp: Any = None, task_vars: Any = None,
        persist_files: Any = False, delete_remote_tmp: Any = None, wrap_async: Any = False,
        ignore_unknown_opts: bool = False,
    ) -> Any:  # fmt: skip
        self.sent.append({"module_name": module_name, "module_args": module_args, "task_vars": task_vars})
        return {"by": "module"}

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.do()

    def do(self, **more: Any) -> dict[str, Any]:
        return self.execute(MODULE, {**GIVEN, **more}, {})


def test_the_program_is_asked_by_its_name_and_nothing_secret_is_in_the_command() -> None:
    action = Action(stdout='{"changed": true}\n')
    assert action.do(secret="canary") == {"changed": True} and action.sent == []
    ((command, told),) = action.commands
    assert command == f"/state/{resident.file_name()} release_lock"
    assert told == {
        "params": {**GIVEN, "secret": "canary", "limit": 5, "probe_headers": {}},
        "check_mode": True,
    }


@pytest.mark.parametrize("rc", [126, 127])
def test_where_it_is_not_there_the_module_is_sent(rc: int) -> None:
    action = Action(rc=rc, stderr="not found")
    assert action.do() == {"by": "module"}
    assert action.sent == [{"module_name": "bluegreen.release.release_lock", "module_args": GIVEN, "task_vars": {}}]


@pytest.mark.parametrize(
    ("action", "more"),
    [
        (Action(pipelining=False), {}),
        (Action(become=object()), {}),
        (Action(), {"state_directory": "~/state"}),
        (Action(), {"limit": "many"}),
        (Action(), {"unknown": 1}),
    ],
)
def test_what_only_the_module_can_do_or_judge_is_sent(action: Action, more: dict[str, Any]) -> None:
    assert action.do(**more) == {"by": "module"} and action.commands == []


@pytest.mark.parametrize(("rc", "stdout"), [(1, ""), (0, "no answer"), (0, ""), (0, "[]"), (255, "{}")])
def test_one_that_began_and_did_not_end_has_failed_and_nothing_runs_twice(rc: int, stdout: str) -> None:
    action = Action(rc=rc, stdout=stdout, stderr="Traceback: broken")
    found = action.do()
    assert found["failed"] and "broken" in found["msg"] and action.sent == []


def test_secrets_are_not_in_the_answer_but_host_names_are() -> None:
    action = Action(stdout=json.dumps({"msg": "canary-1 at shop.test with canary-2"}))
    found = action.do(secret="canary-1", probe_headers={"Host": "shop.test", "X-Release-Preview": "canary-2"})
    assert "canary" not in found["msg"] and "shop.test" in found["msg"]


def test_what_a_login_prints_before_the_answer_is_not_the_answer() -> None:
    assert answer_of('welcome\n{"changed": false}\n') == {"changed": False}
