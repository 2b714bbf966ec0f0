#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module adopt_probe."""

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt_probe
short_description: Describe a host before an application that runs on it is adopted
version_added: 0.1.0
description:
  - Gives what the plan of an adoption needs to know of one host, in one call and without changing anything.
  - Of environments only names are read, never values.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
  - bluegreen.release.docker
options:
  nginx_command:
    description: Command that prints the whole configuration of nginx. Empty on a host that is no proxy.
    type: list
    elements: str
    default: []
  hidden_files:
    description: Files of nginx whose content is not read, because it is secret.
    type: list
    elements: path
    default: []
  projects:
    description: Compose projects to look at. Empty on a host without a Docker engine.
    type: list
    elements: str
    default: []
  ports:
    description: Ports of which to say who holds them.
    type: list
    elements: int
    default: []
  environment:
    description: Values that containers should have, as the filter P(bluegreen.release.adopt_digests#filter) gives them.
    type: dict
    default: {}
  included_files:
    description: Files that nginx is to include; wildcards are allowed. Looked for on a proxy.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Describe a proxy
  become: true
  bluegreen.release.adopt_probe:
    nginx_command: [nginx, -T]
    hidden_files: [/etc/nginx/bluegreen/shop-preview.conf]

- name: Describe an application host
  bluegreen.release.adopt_probe:
    projects: [shop, shop-blue, shop-green]
    ports: [8001, 8002]
"""

RETURN = r"""
nginx:
  description: >-
    C(dump), what nginx -T prints, C(problem) when it does not pass, and C(missing), which of O(included_files) are not
    there.
  returned: with O(nginx_command)
  type: dict
docker:
  description: Versions C(engine) and C(compose); C(problem) when the engine cannot be asked.
  returned: with O(projects)
  type: dict
projects:
  description: Services of every compose project of the host, by project.
  returned: with O(projects)
  type: dict
containers:
  description:
    - Containers of the projects, each with id, name, service, project, image, image_id, digests, state, health, ports,
      memory (its limit in bytes, 0 for none) and networks.
    - Of its environment only names, those that the image does not set itself, and in differs those whose value is
      another than that of O(environment).
  returned: with O(projects)
  type: list
  elements: dict
listeners:
  description: By port, the container, project or command that holds it; a free port has no entry.
  returned: with O(projects)
  type: dict
"""

import glob
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import adopt_look
from ansible_collections.bluegreen.release.plugins.module_utils.options import DOCKER
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import DockerError, Run


def argument_spec() -> dict[str, Any]:
    return {
        **DOCKER,
        "nginx_command": {"type": "list", "elements": "str", "default": []},
        "hidden_files": {"type": "list", "elements": "path", "default": []},
        "projects": {"type": "list", "elements": "str", "default": []},
        "ports": {"type": "list", "elements": "int", "default": []},
        "environment": {"type": "dict", "default": {}, "no_log": True},
        "included_files": {"type": "list", "elements": "str", "default": []},
    }


def observe(parameters: dict[str, Any], run: Run) -> dict[str, Any]:
    """Look at what was asked for; a host of both kinds is asked for both."""
    result: dict[str, Any] = {}
    if parameters["nginx_command"]:
        result["nginx"] = adopt_look.describe_nginx(run, parameters["nginx_command"], parameters["hidden_files"])
        result["nginx"]["missing"] = [path for path in parameters["included_files"] if not glob.glob(path)]
    if not parameters["projects"]:
        return result
    cli = parameters["docker_cli"]
    result.update(docker=adopt_look.describe_engine(run, cli), containers=[], listeners={})
    if result["docker"]["problem"]:
        return result
    try:
        entries = adopt_look.inspected(run, cli)
        result["projects"] = adopt_look.describe_projects(entries)
        result["containers"] = adopt_look.describe_containers(
            run, cli, entries, parameters["projects"], parameters["environment"]
        )
    except DockerError as error:
        result["docker"]["problem"] = str(error)
        return result
    result["listeners"] = adopt_look.describe_listeners(entries, parameters["ports"])
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def run(command: list[str]) -> tuple[int, str, str]:
        try:
            code, out, err = module.run_command(command, handle_exceptions=False)
        except OSError as error:
            return 127, "", f"{command[0]}: {error.strerror}"
        return int(code), str(out), str(err)

    module.exit_json(changed=False, **observe(module.params, run))


if __name__ == "__main__":
    main()
