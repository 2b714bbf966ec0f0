#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module slot_logs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot_logs
short_description: Keep the logs of a slot's containers before they go
description:
  - Writes the log of each container of a compose project into a file of its own,
    C(RELEASE_ID-SLOT-SERVICE.log), mode 0600, under the fence of the host. Logs may hold users' data.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.fence
  - bluegreen.release.docker
  - bluegreen.release.docker.project
attributes:
  check_mode:
    details:
      - Names the files of all containers, also of those whose log is kept already.
options:
  services:
    description: Services of the project that are the slot's; empty when all are. The others are left alone.
    type: list
    elements: str
    default: []
  directory:
    description: Directory of the logs; made with mode 0700 where it is missing.
    type: path
    required: true
  lines:
    description: How many last lines of each log are kept.
    type: int
    default: 100000
"""

EXAMPLES = r"""
- name: Keep the logs of the green slot
  bluegreen.release.slot_logs:
    project: shop-green
    directory: /srv/shop/logs
    state_directory: /var/lib/bluegreen/shop
    epoch: 7
"""

RETURN = r"""
paths:
  description: The log files, one for each container.
  returned: always
  type: list
  elements: str
containers:
  description: How many containers the slot has in the project.
  returned: always
  type: int
services:
  description: Those of O(services) that have containers.
  returned: success
  type: list
  elements: str
"""

import filecmp
import os
import subprocess
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError, fenced
from ansible_collections.bluegreen.release.plugins.module_utils.options import DOCKER, FENCE, PROJECT
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import (
    Container,
    DockerError,
    containers_of,
)
from ansible_collections.bluegreen.release.plugins.module_utils.slot_files import make_directory


def argument_spec() -> dict[str, Any]:
    return {
        **PROJECT,
        **DOCKER,
        **FENCE,
        "services": {"type": "list", "elements": "str", "default": []},
        "directory": {"type": "path", "required": True},
        "lines": {"type": "int", "default": 100000},
    }


def file_names(containers: Sequence[Container], project: str) -> dict[str, str]:
    """Container id to the name of its log; a service's second container gets a number."""
    names: dict[str, str] = {}
    for container in containers:
        slot = container.slot or project.rpartition("-")[2]
        stem = f"{container.release_id or 'unknown'}-{slot}-{container.service or container.name}"
        taken = sum(name.startswith(f"{stem}.") for name in names.values())
        names[container.id] = f"{stem}.{taken + 1}.log" if taken else f"{stem}.log"
    return names


def keep(command: list[str], path: str) -> bool:
    """Write the command's output, both streams, to the path; whether the file changed. Raises OSError, DockerError."""
    temporary = f"{path}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            done = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, check=False)
            os.fsync(stream.fileno())
        if done.returncode:
            raise DockerError(f"expected the log for {path}, found exit code {done.returncode} from {command[0]} logs")
        if os.path.exists(path) and filecmp.cmp(temporary, path, shallow=False):
            os.unlink(temporary)
            return False
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    return True


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    parameters = module.params
    cli, directory = parameters["docker_cli"], parameters["directory"]
    changed = False
    try:
        with fenced(parameters["state_directory"], parameters["epoch"], dry_run=module.check_mode):
            only = parameters["services"]
            whole = containers_of(module.run_command, cli, parameters["project"])
            containers = [one for one in whole if not only or one.service in only]
            names = file_names(containers, parameters["project"])
            if containers and not module.check_mode:
                make_directory(directory)
            for identifier, name in names.items():
                command = [cli, "logs", "--timestamps", "--tail", str(parameters["lines"]), identifier]
                changed |= True if module.check_mode else keep(command, os.path.join(directory, name))
    except (FenceError, DockerError) as error:
        module.fail_json(msg=str(error), paths=[])
    except OSError as error:
        module.fail_json(msg=f"expected to keep logs in {directory}, found: {error}. Check the disk.", paths=[])
    paths = sorted(os.path.join(directory, name) for name in names.values())
    services = sorted({one.service for one in containers}) if only else []
    module.exit_json(changed=changed, paths=paths, containers=len(containers), services=services)


if __name__ == "__main__":
    main()
