#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module slot_login."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot_login
short_description: Log a host in to the registry of an image
description:
  - Logs in with the Docker command, under the fence of the host, and needs no Python library on it.
  - The login is kept where the Docker command of this user keeps all of them, so that whatever pulls or asks for an
    image finds it.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.fence
  - bluegreen.release.docker
attributes:
  check_mode:
    details:
      - Does not try the password.
  idempotent:
    details:
      - The password is tried on each run. With a credential helper every run says changed.
options:
  image:
    description: An image of the registry.
    type: str
    required: true
  username:
    description: User of the registry.
    type: str
    required: true
  password:
    description: Password or token.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Log in to the registry
  bluegreen.release.slot_login:
    image: registry.example.com/shop
    username: release
    password: "{{ release_registry_password }}"
    state_directory: /var/lib/bluegreen/shop
    epoch: 7
"""

RETURN = r"""
registry:
  description: The registry.
  returned: always
  type: str
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError, fenced
from ansible_collections.bluegreen.release.plugins.module_utils.options import DOCKER, FENCE
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import registry_of
from ansible_collections.bluegreen.release.plugins.module_utils.slot_registry import (
    LoginError,
    configuration_directory,
    is_logged_in,
    log_in,
)


def argument_spec() -> dict[str, Any]:
    return {
        **FENCE,
        **DOCKER,
        "image": {"type": "str", "required": True},
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given = module.params
    login = (given["image"], given["username"], given["password"])
    registry = registry_of(given["image"])

    def run(command: list[str], data: str) -> tuple[int, str, str]:
        found: tuple[int, str, str] = module.run_command(command, data=data)
        return found

    try:
        with fenced(given["state_directory"], given["epoch"], dry_run=module.check_mode):
            known = is_logged_in(configuration_directory(dict(os.environ)), *login)
            if not module.check_mode:
                log_in(run, given["docker_cli"], *login)
    except (FenceError, LoginError) as error:
        module.fail_json(msg=str(error), registry=registry)
    module.exit_json(changed=not known, registry=registry)


if __name__ == "__main__":
    main()
