#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module migration_look."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_look
short_description: Ask a migration tool in an image that no slot runs yet
description:
  - Runs the commands one after the other, each in a container of its own, until one of them fails.
  - All of it happens in a temporary folder and a compose project of its own. Both are removed again, with every
    container, network and volume of that project, and the image, if the host did not have it before.
  - Does the same in check mode, which it is made for. Says why when the tool could not be asked, and does not fail.
  - The image's entrypoint runs as well; one that changes something does so here too.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
options:
  application:
    description: Beginning of the name of the compose project.
    type: str
    required: true
  service:
    description: Service of the compose files in whose container the tool runs.
    type: str
    required: true
  files:
    description: File names and contents.
    type: dict
    default: {}
  secret_files:
    description: File names and contents that must not be shown.
    type: dict
    default: {}
  compose_files:
    description: Those of O(files) that are compose files, in order.
    type: list
    elements: str
    default: [compose.yml, override.yml]
  env_files:
    description: Those of O(secret_files) whose variables compose puts into the compose files.
    type: list
    elements: str
    default: [slot.env]
  commands:
    description: Name to a list of words, in order.
    type: dict
    required: true
  environment:
    description: Variables of the container besides its own. No secrets; the host's process list shows them.
    type: dict
    default: {}
  username:
    description: User of the image's registry; empty to pull as the host is set up.
    type: str
    default: ""
  password:
    description: Password of O(username).
    type: str
    default: ""
  timeout_seconds:
    description: Longest time for one command, in seconds.
    type: float
    default: 120
"""

EXAMPLES = r"""
- name: Ask what would be migrated
  bluegreen.release.migration_look:
    application: shop
    service: api
    files:
      compose.yml: "{{ lookup('ansible.builtin.file', 'compose.yml') }}"
      override.yml: "services: {api: {image: 'registry.example.com/shop:1.0.0'}}"
    secret_files:
      slot.env: "{{ release_app_environment | bluegreen.release.compose_environment_file }}"
    commands:
      current: [alembic, current]
      heads: [alembic, heads]
  register: __look
"""

RETURN = r"""
known:
  description: Whether every command could be run; what it said is to be judged still.
  returned: always
  type: bool
reason:
  description: Why a command could not be run; empty when all could.
  returned: always
  type: str
answers:
  description: Name of a command to its C(rc), C(stdout) and C(stderr).
  returned: always
  type: dict
pulled:
  description: The image that was pulled, and removed again; empty for none.
  returned: always
  type: str
left:
  description: What could not be removed again.
  returned: always
  type: list
  elements: str
"""

import signal
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.migration_look import (
    Answer,
    Look,
    NotKnown,
    Question,
)


def argument_spec() -> dict[str, Any]:
    return {
        "application": {"type": "str", "required": True},
        "service": {"type": "str", "required": True},
        "files": {"type": "dict", "default": {}},
        "secret_files": {"type": "dict", "default": {}, "no_log": True},
        "compose_files": {"type": "list", "elements": "str", "default": ["compose.yml", "override.yml"]},
        "env_files": {"type": "list", "elements": "str", "default": ["slot.env"]},
        "commands": {"type": "dict", "required": True},
        "environment": {"type": "dict", "default": {}},
        "username": {"type": "str", "default": ""},
        "password": {"type": "str", "default": "", "no_log": True},
        "timeout_seconds": {"type": "float", "default": 120},
    }


def run(words: list[str], given: str, seconds: float) -> Answer:
    """Run a command. Raises NotKnown when it takes too long or is not there."""
    try:
        done = subprocess.run(words, input=given, text=True, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise NotKnown(f"`{' '.join(words[:2])}` took longer than {seconds:g} s") from None
    except FileNotFoundError:
        raise NotKnown(f"the host has no command {words[0]}") from None
    return Answer(done.returncode, done.stdout, done.stderr)


def question(parameters: dict[str, Any]) -> Question:
    """The question out of the module's parameters."""
    return Question(
        application=parameters["application"],
        service=parameters["service"],
        files={str(name): str(text) for part in ("files", "secret_files") for name, text in parameters[part].items()},
        compose_files=parameters["compose_files"],
        env_files=parameters["env_files"],
        commands={str(verb): [str(word) for word in words] for verb, words in parameters["commands"].items()},
        environment={str(name): str(value) for name, value in parameters["environment"].items()},
        seconds=parameters["timeout_seconds"],
        login=(parameters["username"], parameters["password"]) if parameters["username"] else None,
    )


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))  # an exception, so that what was made is removed
    look, reason = Look(question(module.params), run), ""
    try:
        look.ask()
    except (NotKnown, OSError) as error:
        reason = str(error)
    module.exit_json(
        changed=False,
        known=not reason,
        reason=reason,
        answers={verb: asdict(answer) for verb, answer in look.answers.items()},
        pulled=look.pulled,
        left=look.left,
    )


if __name__ == "__main__":
    main()
