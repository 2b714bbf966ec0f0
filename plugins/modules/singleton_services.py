#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module singleton_services."""

from __future__ import annotations

DOCUMENTATION = r"""
module: singleton_services
short_description: Stop or start the services that run once, with proof
version_added: 0.1.0
description:
  - Stops services in slots and proves that none of their containers runs, or starts them in a slot and proves that
    one of each runs, and still does a moment later. Acts under the fence of the host.
  - A container whose restart policy is C(always) gets C(unless-stopped) when it is stopped. Otherwise it would come
    back with the engine.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.fence.to_act
  - bluegreen.release.docker
options:
  state:
    description: Whether to stop O(services) in O(slots), to start them there, or only to look.
    type: str
    choices: [stopped, started, query]
    required: true
  projects:
    description: Slot to its compose project.
    type: dict
    required: true
  services:
    description: The services.
    type: list
    elements: str
    required: true
  slots:
    description: Where to stop them; with O(state=started) the one slot to start them in.
    type: list
    elements: str
    default: []
  directory:
    description: Directory of the application; each slot has a folder in it. Needed with O(state=started).
    type: path
  files:
    description: Compose files in that folder.
    type: list
    elements: str
    default: [compose.yml, override.yml]
  env_files:
    description: Environment files in that folder.
    type: list
    elements: str
    default: [slot.env]
  profiles:
    description: Profiles of the compose file that are active.
    type: list
    elements: str
    default: []
  existing:
    description: Start the containers that are there as they are, and leave out services that the slot never had.
    type: bool
    default: false
  settle_seconds:
    description: How long a started container must keep running to be proved.
    type: float
    default: 2.0
  identity:
    description: Given back, to tell this answer from one to an earlier task.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Stop the scheduler in the old slot
  bluegreen.release.singleton_services:
    state: stopped
    projects: {blue: shop-blue, green: shop-green}
    slots: [blue]
    services: [scheduler]
    state_directory: /var/lib/bluegreen/shop
    epoch: 7

- name: Start it in the new one
  bluegreen.release.singleton_services:
    state: started
    projects: {blue: shop-blue, green: shop-green}
    slots: [green]
    services: [scheduler]
    directory: /srv/shop
    state_directory: /var/lib/bluegreen/shop
    epoch: 7
"""

RETURN = r"""
done:
  description: True when all is as asked; absent when the task failed.
  returned: success
  type: bool
identity:
  description: As given.
  returned: success
  type: str
names:
  description: Containers that were stopped, or services that were started.
  returned: success
  type: list
  elements: str
absent:
  description: Services that the slot does not have, with O(existing).
  returned: success
  type: list
  elements: str
running:
  description: Slot to service to the names of its running containers, after the task.
  returned: success
  type: dict
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import singleton
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError, fenced
from ansible_collections.bluegreen.release.plugins.module_utils.options import DOCKER, FENCE_TO_ACT
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import DockerError, Run


def argument_spec() -> dict[str, Any]:
    return {
        **FENCE_TO_ACT,
        **DOCKER,
        "state": {"type": "str", "choices": ["stopped", "started", "query"], "required": True},
        "projects": {"type": "dict", "required": True},
        "services": {"type": "list", "elements": "str", "required": True},
        "slots": {"type": "list", "elements": "str", "default": []},
        "directory": {"type": "path"},
        "files": {"type": "list", "elements": "str", "default": ["compose.yml", "override.yml"]},
        "env_files": {"type": "list", "elements": "str", "default": ["slot.env"]},
        "profiles": {"type": "list", "elements": "str", "default": []},
        "existing": {"type": "bool", "default": False},
        "settle_seconds": {"type": "float", "default": 2.0},
        "identity": {"type": "str", "default": ""},
    }


def act(given: dict[str, Any], run: Run, dry_run: bool) -> tuple[list[str], list[str]]:
    """Stop or start; what was, and what the slot does not have. Raises DockerError, SingletonError."""
    cli, services, projects = given["docker_cli"], given["services"], given["projects"]
    if given["state"] == "stopped":
        names = [
            name for slot in given["slots"] for name in singleton.stop(run, cli, projects[slot], services, dry_run)
        ]
        return names, []
    (slot,) = given["slots"]
    folder = f"{given['directory']}/{slot}"
    place = singleton.Place(projects[slot], folder, given["files"], given["env_files"], given["profiles"])
    names, absent = singleton.start(run, cli, place, services, given["existing"], dry_run)
    if not dry_run:
        present = [name for name in services if name not in absent]
        singleton.prove(run, cli, place.project, present, given["settle_seconds"], time.sleep)
    return names, absent


def main() -> None:
    acting = ["state_directory", "epoch", "slots"]
    module = AnsibleModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        required_if=[("state", "stopped", acting), ("state", "started", [*acting, "directory"])],
    )
    given = module.params
    names: list[str] = []
    absent: list[str] = []
    try:
        if given["state"] != "query":
            with fenced(given["state_directory"], given["epoch"], dry_run=module.check_mode):
                names, absent = act(given, module.run_command, module.check_mode)
        found = singleton.running(module.run_command, given["docker_cli"], given["projects"], given["services"])
    except (FenceError, DockerError, singleton.SingletonError) as error:
        module.fail_json(msg=str(error), identity=given["identity"])
    module.exit_json(
        changed=bool(names), done=True, identity=given["identity"], names=names, absent=absent, running=found
    )


if __name__ == "__main__":
    main()
