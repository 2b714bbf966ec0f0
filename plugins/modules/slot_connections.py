#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module slot_connections."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot_connections
short_description: Wait until nobody is connected to a slot
description:
  - Counts established connections to a port inside the containers of a service, from the kernel's own table.
  - Repeats until there are none or O(within_seconds) are over. Changes nothing.
  - A proxy keeps idle connections for a while after its last request, so this takes as long as its keep-alive.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.docker
  - bluegreen.release.docker.project
attributes:
  check_mode:
    details:
      - Looks once and does not wait.
options:
  service:
    description: Service whose containers are looked at.
    type: str
    required: true
  port:
    description: TCP port inside the container.
    type: int
    required: true
  within_seconds:
    description: Longest wait. V(0) looks once.
    type: float
    default: 0
  interval_seconds:
    description: Pause between two looks.
    type: float
    default: 0.5
  fail:
    description: Whether the task fails when somebody is still connected at the end.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Wait until the standby serves nobody
  bluegreen.release.slot_connections:
    project: shop-blue
    service: api
    port: 8000
    within_seconds: 90
"""

RETURN = r"""
drained:
  description: Whether nobody was connected at the end; true where no container runs.
  returned: always
  type: bool
connections:
  description: Remote addresses that were still connected, one entry for each connection.
  returned: always
  type: list
  elements: str
seconds:
  description: How long the wait took.
  returned: always
  type: float
"""

import time
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.options import DOCKER, PROJECT
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import (
    DockerError,
    Run,
    containers_of,
)
from ansible_collections.bluegreen.release.plugins.module_utils.slot_sockets import connected


def argument_spec() -> dict[str, Any]:
    return {
        **PROJECT,
        **DOCKER,
        "service": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "within_seconds": {"type": "float", "default": 0},
        "interval_seconds": {"type": "float", "default": 0.5},
        "fail": {"type": "bool", "default": True},
    }


def running(parameters: dict[str, Any], run: Run) -> list[int]:
    """Main processes of the service's running containers. Raises DockerError."""
    containers = containers_of(run, parameters["docker_cli"], parameters["project"])
    return [entry.pid for entry in containers if entry.service == parameters["service"] and entry.pid]


def drain(
    look: Callable[[], list[str]], within: float, interval: float,
    now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
) -> tuple[list[str], float]:  # fmt: skip
    """Who is still connected when nobody is or the time is over, and the seconds it took."""
    started = now()
    while True:
        found = look()
        elapsed = now() - started
        if not found or elapsed + interval > within:
            return found, elapsed
        sleep(interval)


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    parameters = module.params
    try:
        pids = running(parameters, module.run_command)
        within = 0.0 if module.check_mode else parameters["within_seconds"]

        def look() -> list[str]:
            return [peer for pid in pids for peer in connected(pid, parameters["port"])]

        found, seconds = drain(look, within, parameters["interval_seconds"])
    except DockerError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"expected to read the connections of {parameters['project']} in /proc, found: {error}."
            " The engine must run on this host itself, and its containers must not restart meanwhile."
        )
    result: dict[str, Any] = {"drained": not found, "connections": sorted(found), "seconds": round(seconds, 2)}
    if found and parameters["fail"] and not module.check_mode:
        module.fail_json(
            msg=f"expected nobody connected to {parameters['project']} within {within:g} s, found {len(found)}"
            f" connections from {', '.join(sorted(set(found)))}. Wait for them to end, or end them, and run again.",
            **result,
        )
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
