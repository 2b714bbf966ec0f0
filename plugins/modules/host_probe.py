#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe a host before a release, without changing it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_probe
short_description: Describe a proxy or an application host before a release
version_added: 0.1.0
description:
  - Gives what preflight and status need to know of one host, in one call and without changing anything.
  - Asks the Docker engine over its socket; the image's digest is asked of the registry by the engine itself,
    so that the answer holds for the pull that follows.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
options:
  slots:
    description: The slots, each with its C(port), as in C(release_slots).
    type: dict
    required: true
  projects:
    description: Slot to its compose project, as in C(release_projects).
    type: dict
    required: true
  shared_services:
    description: Services that both slots use; no part of a slot, though they may run in its project.
    type: list
    elements: str
    default: []
  state_directory:
    description: Directory of flags, record, lock and epoch.
    type: path
    required: true
  engine:
    description: Whether this host has, or should have, a Docker engine with the slots.
    type: bool
    default: false
  engine_socket:
    description: Socket of the Docker engine.
    type: path
    default: /var/run/docker.sock
  image:
    description: Image to look for in its registry, repository and tag. Empty to look for none.
    type: str
    default: ""
  registry_insecure:
    description: Whether the registry speaks plain HTTP.
    type: bool
    default: false
  registry_username:
    description: User of the registry; empty for the login that the user of this host keeps.
    type: str
    default: ""
  registry_password:
    description: Password or token of O(registry_username).
    type: str
    default: ""
  flags_directory:
    description: Directory of the flags; empty for C(flags) in O(state_directory).
    type: str
    default: ""
  proxy:
    description: Whether nginx runs, or should run, on this host.
    type: bool
    default: false
  names:
    description: Names that this host must be able to resolve.
    type: list
    elements: str
    default: []
  timeout_seconds:
    description: Longest wait for one answer of the engine or the registry.
    type: float
    default: 15.0
"""

EXAMPLES = r"""
- name: Describe an application host
  bluegreen.release.host_probe:
    slots: {blue: {port: 8001}, green: {port: 8002}}
    projects: {blue: shop-blue, green: shop-green}
    state_directory: /var/lib/bluegreen/shop
    engine: true
    image: registry.example.com/shop:1.0.0
  register: __probe

- name: Describe a proxy
  bluegreen.release.host_probe:
    slots: {blue: {port: 8001}, green: {port: 8002}}
    projects: {blue: shop-blue, green: shop-green}
    state_directory: /var/lib/bluegreen/shop
  register: __probe
"""

RETURN = r"""
clock:
  description: Seconds since 1970 on this host when the module began.
  returned: always
  type: float
python:
  description: Version of Python that ran the module.
  returned: always
  type: str
state:
  description: State directory and its C(flags), each with path, exists, writable, read_only, free_bytes.
  returned: always
  type: dict
docker:
  description: Engine version, compose version, root directory and its space; C(problem) when it cannot be asked.
  returned: when O(engine)
  type: dict
slots:
  description: Slot to its C(port), C(containers), C(connections) from here and foreign C(listener), if any.
  returned: always
  type: dict
shared:
  description: Containers of O(shared_services) in any project, each with its C(name), C(project) and who started it.
  returned: always
  type: list
  elements: dict
image:
  description: C(found), C(digest), C(bytes) compressed, C(local), C(platforms), C(problem).
  returned: when O(image)
  type: dict
nginx:
  description:
    - C(runs), null where processes are hidden; C(selinux), null where it does not enforce.
    - C(closed), the first directory on the way to the flags that not everybody may enter.
  returned: when O(proxy)
  type: dict
unresolved:
  description: Those of O(names) that cannot be resolved, each with C(name) and C(reason).
  returned: always
  type: list
  elements: dict
"""

import os
import platform
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import preflight_proc as proc
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_docker import (
    client_login,
    describe_docker,
    describe_image,
    start,
)
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import Engine
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_slots import (
    describe_shared,
    describe_slots,
)


def observe(parameters: dict[str, Any]) -> dict[str, Any]:
    """Look at everything; what the slow commands take is used for the rest."""
    login = (parameters["registry_username"], parameters["registry_password"])
    wanted = parameters["image"] if parameters["engine"] else ""
    with client_login(wanted, *login if wanted else ("", "")) as environment:
        return _observe(parameters, wanted, login, environment)


def _observe(
    parameters: dict[str, Any], wanted: str, login: tuple[str, str], environment: dict[str, str]
) -> dict[str, Any]:
    clock, seconds = time.time(), parameters["timeout_seconds"]
    engine = Engine(parameters["engine_socket"], seconds) if parameters["engine"] else None
    flag = ["--insecure"] if parameters["registry_insecure"] else []
    inspect = ["docker", "manifest", "inspect", "--verbose", *flag, wanted]
    manifest = start(inspect, environment) if wanted else None
    compose = start(["docker", "compose", "version", "--short"]) if engine else None
    state = parameters["state_directory"]
    flags = parameters["flags_directory"] or os.path.join(state, "flags")
    ports = {str(slot): int(one["port"]) for slot, one in parameters["slots"].items()}
    result: dict[str, Any] = {
        "clock": clock,
        "python": platform.python_version(),
        "state": {**proc.directory(state), "flags": proc.directory(flags)},
        "slots": describe_slots(engine, parameters["projects"], ports, parameters["shared_services"]),
        "shared": describe_shared(engine, parameters["shared_services"]),
        "unresolved": proc.unresolved(parameters["names"]),
    }
    if parameters["proxy"]:
        result["nginx"] = {"runs": proc.runs("nginx"), "closed": proc.closed(flags), "selinux": proc.selinux(flags)}
    if engine and wanted:
        result["image"] = describe_image(engine, wanted, login, manifest, seconds)
    if engine:
        result["docker"] = describe_docker(engine, compose, seconds)
    return result


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(
        argument_spec={
            "slots": {"type": "dict", "required": True},
            "projects": {"type": "dict", "required": True},
            "shared_services": {"type": "list", "elements": "str", "default": []},
            "state_directory": {"type": "path", "required": True},
            "engine": {"type": "bool", "default": False},
            "engine_socket": {"type": "path", "default": "/var/run/docker.sock"},
            "image": {"type": "str", "default": ""},
            "registry_insecure": {"type": "bool", "default": False},
            "registry_username": {"type": "str", "default": ""},
            "registry_password": {"type": "str", "default": "", "no_log": True},
            "flags_directory": {"type": "str", "default": ""},
            "proxy": {"type": "bool", "default": False},
            "names": {"type": "list", "elements": "str", "default": []},
            "timeout_seconds": {"type": "float", "default": 15.0},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **observe(module.params))


if __name__ == "__main__":
    main()
