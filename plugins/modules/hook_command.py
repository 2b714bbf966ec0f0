#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module hook_command."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hook_command
short_description: Run a command of a hook, with its payload and an end
version_added: 0.1.0
description:
  - Runs a command with a payload in its environment and on its standard input. No shell is used.
  - When its time is over, the command and all its children are killed.
  - Does not fail by itself. RV(problem) says what is wrong, so that every host of a run can act on it alike.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
attributes:
  check_mode:
    details:
      - The command is not run, as nothing is known of what it does.
  idempotent:
    description: Whether a second run changes nothing.
    support: none
options:
  identity:
    description: Given back as RV(identity), to tell this answer from one to an earlier hook.
    type: str
    required: true
  argv:
    description: The command and its arguments.
    type: list
    elements: str
    required: true
  directory:
    description: Where the command runs.
    type: path
  payload:
    description: What the command is told; variables C(BLUEGREEN_...) and one JSON object on standard input.
    type: dict
    default: {}
  environment:
    description: More variables of the command. Their values are taken out of RV(output).
    type: dict
    default: {}
  timeout_seconds:
    description: After how many seconds the command is killed.
    type: float
    default: 60.0
"""

EXAMPLES = r"""
- name: Tell the load balancer in front of the proxies
  bluegreen.release.hook_command:
    identity: after_switch/1
    argv: [/usr/local/bin/announce, --quiet]
    payload:
      point: after_switch
      version: 1.0.0
    timeout_seconds: 10
  no_log: true  # environment may hold secrets
  register: __announced
"""

RETURN = r"""
identity:
  description: As given.
  returned: always
  type: str
problem:
  description: What was expected and found; empty when the command ended with exit code 0.
  returned: always
  type: str
code:
  description: Exit code of the command, null when it did not start.
  returned: always
  type: int
output:
  description: The end of what the command printed.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import hook_run, hooks


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "argv": {"type": "list", "elements": "str", "required": True},
            "directory": {"type": "path"},
            "payload": {"type": "dict", "default": {}},
            "environment": {"type": "dict", "default": {}},
            "timeout_seconds": {"type": "float", "default": 60.0},
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=True, identity=given["identity"], problem="", code=None, output="")
    secrets = {str(name): str(value) for name, value in given["environment"].items()}
    ended = hook_run.run(
        given["argv"], hooks.standard_input(given["payload"]), hooks.variables(given["payload"]), secrets,
        given["timeout_seconds"], given["directory"],
    )  # fmt: skip
    problem = f"{ended.problem}. It printed: {ended.output or 'nothing'}" if ended.problem else ""
    module.exit_json(
        changed=True, identity=given["identity"], problem=problem, code=ended.code, output=ended.output
    )  # fmt: skip


if __name__ == "__main__":
    main()
