#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module adopt_containers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt_containers
short_description: Stop the containers of an adopted project, or start them again
version_added: 0.1.0
description:
  - Stops the containers that a slot has taken the place of, or starts the same containers again and waits until they
    are healthy. Needs no compose file; never makes or removes a container.
  - A container that was made to restart always is made to restart unless stopped, so that it stays stopped when the
    engine restarts.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.fence
  - bluegreen.release.docker
  - bluegreen.release.docker.project
options:
  state:
    description: What the containers are to be.
    type: str
    choices: [started, stopped]
    required: true
  services:
    description: Services whose containers are meant. With none nothing is done.
    type: list
    elements: str
    required: true
  wait_seconds:
    description: Longest wait for healthy containers with O(state=started).
    type: float
    default: 120
"""

EXAMPLES = r"""
- name: Stop what the slot has taken the place of
  bluegreen.release.adopt_containers:
    state: stopped
    project: shop
    services: [api]
    state_directory: /var/lib/bluegreen/shop
    epoch: 1
"""

RETURN = r"""
containers:
  description: Names of the containers that were stopped or started; with check mode those that would be.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.adopt_moving import Moving
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError, fenced
from ansible_collections.bluegreen.release.plugins.module_utils.options import DOCKER, FENCE, PROJECT
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import DockerError


def argument_spec() -> dict[str, Any]:
    return {
        **PROJECT,
        **DOCKER,
        **FENCE,
        "state": {"type": "str", "choices": ["started", "stopped"], "required": True},
        "services": {"type": "list", "elements": "str", "required": True},
        "wait_seconds": {"type": "float", "default": 120},
    }


def move(moving: Moving, state: str, wait_seconds: float, dry: bool) -> list[str]:
    """Bring the containers into the state; the names of those that were not in it. Raises DockerError."""
    if not moving.services:
        return []
    return moving.stop(dry) if state == "stopped" else moving.start(dry, wait_seconds)


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given = module.params
    moving = Moving(module.run_command, given["docker_cli"], given["project"], given["services"])
    try:
        with fenced(given["state_directory"], given["epoch"], dry_run=module.check_mode):
            moved = move(moving, given["state"], given["wait_seconds"], module.check_mode)
    except (DockerError, FenceError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(moved), containers=moved)


if __name__ == "__main__":
    main()
