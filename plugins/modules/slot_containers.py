#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module slot_containers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot_containers
short_description: Prove that a slot runs the image that was asked for, or show what it runs
description:
  - Reads the containers of a compose project, and the digests of the images that they run.
  - Changes nothing.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.docker
  - bluegreen.release.docker.project
options:
  services:
    description: Services each of which must have a running, healthy container.
    type: list
    elements: str
    default: []
  released:
    description: Services whose containers must run exactly O(digest).
    type: list
    elements: str
    default: []
  digest:
    description: Reference of the image by digest, or the id (C(sha256:...)) of an image that no registry knows.
    type: str
    default: ""
  log_lines:
    description: How many last log lines of each container RV(report) shows when something is wrong.
    type: int
    default: 20
  cause:
    description: Message of the task that should have started the containers; a problem when it is not empty.
    type: str
    default: ""
  wait_seconds:
    description:
      - How long containers that are coming up are waited for, in seconds. Not waited when O(cause) says that they
        could not be started, and not in check mode.
      - Compose's own waiting fails for a service whose health check is disabled.
    type: int
    default: 0
  fail:
    description: Whether the task fails when something is wrong.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Prove that the candidate runs the released image
  bluegreen.release.slot_containers:
    project: shop-green
    services: [api]
    released: [api]
    digest: registry.example.com/shop@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

RETURN = r"""
containers:
  description: The containers, each with name, service, image, state, health and release_id.
  returned: always
  type: list
  elements: dict
problems:
  description: What was expected and found; empty when all is as asked.
  returned: always
  type: list
  elements: str
report:
  description: State, health and last log lines of each container; empty when all is as asked.
  returned: always
  type: str
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.options import DOCKER, PROJECT
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import (
    Container,
    DockerError,
    Run,
    containers_of,
    describe,
    digests_of,
    image_problems,
    last_lines,
    under_way,
)

_POLL_SECONDS = 0.5


def argument_spec() -> dict[str, Any]:
    return {
        **PROJECT,
        **DOCKER,
        "services": {"type": "list", "elements": "str", "default": []},
        "released": {"type": "list", "elements": "str", "default": []},
        "digest": {"type": "str", "default": ""},
        "log_lines": {"type": "int", "default": 20},
        "cause": {"type": "str", "default": ""},
        "wait_seconds": {"type": "int", "default": 0},
        "fail": {"type": "bool", "default": True},
    }


def wait(
    look: Callable[[], list[Container]],
    services: Sequence[str],
    seconds: float,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Container]:
    """The containers once none of them is coming up any more, or the seconds are over. Raises DockerError."""
    deadline = now() + seconds
    containers = look()
    while under_way(containers, services) and now() < deadline:
        sleep(_POLL_SECONDS)
        containers = look()
    return containers


def observe(parameters: dict[str, Any], run: Run) -> dict[str, Any]:
    """The containers of the slot and what is wrong with them. Raises DockerError."""
    cli = parameters["docker_cli"]
    seconds = 0 if parameters["cause"] else parameters["wait_seconds"]
    containers = wait(lambda: containers_of(run, cli, parameters["project"]), parameters["services"], seconds)
    digests = digests_of(run, cli, [container.image_id for container in containers]) if parameters["released"] else {}
    problems = image_problems(containers, digests, parameters["services"], parameters["released"], parameters["digest"])
    if parameters["cause"]:
        problems.insert(0, f"expected its containers to start, found: {parameters['cause'].strip()}")
    report = ""
    if problems:
        logs = {container.id: last_lines(run, cli, container, parameters["log_lines"]) for container in containers}
        report = describe(containers, logs)
    shown = ("name", "service", "image", "state", "health", "release_id")
    return {
        "containers": [{name: getattr(container, name) for name in shown} for container in containers],
        "problems": problems,
        "report": report,
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        waiting = {} if not module.check_mode else {"wait_seconds": 0}
        result = observe({**module.params, **waiting}, module.run_command)
    except DockerError as error:
        module.fail_json(msg=str(error), containers=[], problems=[str(error)], report="")
    if result["problems"] and module.params["fail"]:
        found = "; ".join(result["problems"])
        module.fail_json(msg=f"Slot {module.params['project']}: {found}.\n{result['report']}", **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
