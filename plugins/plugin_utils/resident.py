# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running a module of ours by the program that is resident on the host, or, where it is not there, as ever."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.module_utils import resident
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options, host_names
from ansible_collections.bluegreen.release.plugins.plugin_utils import filters_loaded as filters_loaded

# What a shell says of a command that is not there, or cannot be run (its Python is gone).
_NOT_THERE = (126, 127)
_COLLECTION = "bluegreen.release"
# Ansible reads this file in its main process: its workers, one for each host and task, find the name made.
_FILE_NAME = resident.file_name()


class Resident(ActionBase):
    """An action whose module may be resident."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True

    def execute(self, module: ModuleType, arguments: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The result of *module* with *arguments*. AnsibleConnectionFailure where the host cannot be reached.

        module: has SPEC and REQUIRED_IF. Nothing runs twice: only where the program never began is the module sent.
        """
        name, spec = module.__name__.rpartition(".")[2], module.SPEC
        checked = ArgumentSpecValidator(spec, required_if=module.REQUIRED_IF).validate(dict(arguments))
        if not checked.error_messages and self._may_ask(arguments, spec):
            found = self._ask(name, checked.validated_parameters)
            if found is not None:
                hidden = checked._no_log_values - host_names(checked.validated_parameters)
                answer: dict[str, Any] = remove_values(found, hidden)
                return answer
        arguments, name = dict(arguments), f"{_COLLECTION}.{name}"
        return dict(self._execute_module(module_name=name, module_args=arguments, task_vars=task_vars))

    def _may_ask(self, arguments: Mapping[str, Any], spec: Options) -> bool:
        """Whether standard input reaches the host, and every path means there what it means here."""
        paths = [str(arguments.get(name) or "") for name, option in spec.items() if option.get("type") == "path"]
        plain = not any("~" in path or "$" in path for path in paths)
        return bool(self._connection.has_pipelining and not self._connection.become and plain)

    def _ask(self, module: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the program answers; None where there is none."""
        program = os.path.join(str(params["state_directory"]), _FILE_NAME)
        told = json.dumps({"params": dict(params), "check_mode": bool(self._task.check_mode)}).encode()
        run: Any = self._low_level_execute_command
        done = run(f"{shlex.quote(program)} {module}", sudoable=bool(self._connection.become), in_data=told)
        if done["rc"] in _NOT_THERE:
            return None
        answer = answer_of(done["stdout"]) if done["rc"] == 0 else None
        if answer is not None:
            return answer
        said = (done["stderr"] or done["stdout"]).strip()[-1000:] or f"exit code {done['rc']}"
        return {"failed": True, "changed": False, "msg": f"expected an answer of {program}, found: {said}"}


def answer_of(output: str) -> dict[str, Any] | None:
    """The JSON object on the last line, behind what a login may print; None when there is none."""
    lines = output.strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


class ResidentModule(Resident):
    """The module itself."""

    MODULE: ModuleType

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give what the module returns."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        return {**result, **self.execute(self.MODULE, self._task.args, task_vars or {})}
