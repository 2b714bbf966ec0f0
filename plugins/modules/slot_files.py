#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module slot_files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot_files
short_description: Write the files of a slot, readable by their owner only
description:
  - Writes all files of a slot's directory in one task, under the fence of the host, each by a rename.
  - Directories get mode 0700, files 0600. Environment files (C(*.env)) that are not among O(secret_files) are
    removed, as a secret that nothing reads is not left lying about. All other files stay.
  - Tells what the slot is configured with, without any value.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.fence.to_act
attributes:
  diff_mode:
    description: Shows what changes in the files.
    support: full
    details:
      - The content of O(secret_files) is not shown.
options:
  directory:
    description: Directory of the slot. Its parent must exist and be writable.
    type: path
    required: true
  files:
    description: File names and contents.
    type: dict
    default: {}
  secret_files:
    description: File names and contents that must not be shown; environment files, named C(*.env).
    type: dict
    default: {}
  state:
    description: C(present) writes the files; C(query) reads what is there and writes nothing.
    type: str
    choices: [present, query]
    default: present
  fail:
    description: Whether V(query) fails when the files cannot be read; otherwise RV(problem) says why.
    type: bool
    default: true
  state_directory:
    description: Directory of the host's fence.
    required: true
"""

EXAMPLES = r"""
- name: Write the files of the green slot
  bluegreen.release.slot_files:
    directory: /srv/shop/green
    files:
      compose.yml: "{{ lookup('ansible.builtin.file', 'compose.yml', rstrip=false) }}"
    secret_files:
      slot.env: "{{ release_app_environment | bluegreen.release.compose_environment_file }}"
    state_directory: /var/lib/bluegreen/shop
    epoch: 7

- name: Read what the green slot is configured with
  bluegreen.release.slot_files:
    state: query
    directory: /srv/shop/green
    state_directory: /var/lib/bluegreen/shop
"""

RETURN = r"""
paths:
  description: Paths that were written, or would be in check mode.
  returned: always
  type: list
  elements: str
configuration:
  description:
    - C(files), name to SHA-256, and C(environment), name of a variable to a fingerprint of 16 hexadecimal digits.
    - Fingerprints are keyed by C(configuration.key) of the state directory, made once and readable by its owner only.
      They can be compared with others of the same host.
    - C(environment) is empty where the host has no key yet, which is before the first release.
  returned: the files could be read
  type: dict
problem:
  description: Why the files could not be read; empty when they could.
  returned: success
  type: str
"""

import os
from collections.abc import Collection
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError, fenced
from ansible_collections.bluegreen.release.plugins.module_utils.options import FENCE_TO_ACT
from ansible_collections.bluegreen.release.plugins.module_utils.slot_configuration import (
    configuration,
    ensure_key,
    is_environment,
    read_files,
    read_key,
)
from ansible_collections.bluegreen.release.plugins.module_utils.slot_files import (
    Change,
    directory_change,
    file_change,
    make_directory,
    write,
)


def argument_spec() -> dict[str, Any]:
    return {
        **FENCE_TO_ACT,
        "directory": {"type": "path", "required": True},
        "files": {"type": "dict", "default": {}},
        "secret_files": {"type": "dict", "default": {}, "no_log": True},
        "state_directory": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["present", "query"], "default": "present"},
        "fail": {"type": "bool", "default": True},
    }


def remove_others(directory: str, keep: Collection[str], check_mode: bool) -> list[Change]:
    """Remove the environment files that are not to be kept; return the changes. Raises OSError."""
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    paths = [os.path.join(directory, name) for name in names if is_environment(name) and name not in keep]
    for path in paths:
        if not check_mode:
            os.unlink(path)
    return [Change(path, "(secret)\n", "") for path in paths]


def apply(parameters: dict[str, Any], check_mode: bool) -> list[Change]:
    """Write what differs; return the changes. Raises OSError."""
    directory = parameters["directory"]
    changes = [directory_change(directory)]
    if changes[0] and not check_mode:
        make_directory(directory)
    for contents, secret in ((parameters["files"], False), (parameters["secret_files"], True)):
        for name, content in sorted(contents.items()):
            path = os.path.join(directory, os.path.basename(name))
            change = file_change(path, str(content), secret)
            changes.append(change)
            if change and not check_mode:
                write(path, str(content))
    found: list[Change] = [change for change in changes if change]
    return found + remove_others(directory, parameters["secret_files"], check_mode)


def written(parameters: dict[str, Any], check_mode: bool) -> tuple[list[Change], dict[str, Any]]:
    """Write, or read only for state query; return the changes and the configuration. Raises FenceError, OSError."""
    state = parameters["state_directory"]
    if parameters["state"] == "query":
        return [], configuration(read_files(parameters["directory"]), read_key(state))
    contents = {name: str(text) for part in ("files", "secret_files") for name, text in parameters[part].items()}
    with fenced(state, parameters["epoch"], dry_run=check_mode):
        key = read_key(state) if check_mode else ensure_key(state)
        return apply(parameters, check_mode), configuration(contents, key)


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(), supports_check_mode=True, required_if=[("state", "present", ["epoch"])]
    )
    parameters = module.params
    try:
        changes, found = written(parameters, module.check_mode)
    except (FenceError, OSError) as error:
        problem = str(error)
        if isinstance(error, OSError):
            problem = f"expected to use {parameters['directory']}, found: {error}. Check its owner and the disk."
        if parameters["fail"] or parameters["state"] == "present":
            module.fail_json(msg=problem, paths=[])
        module.exit_json(changed=False, paths=[], problem=problem)
    module.exit_json(
        problem="",
        changed=bool(changes),
        paths=[change.path for change in changes],
        configuration=found,
        diff=[
            {"before_header": change.path, "after_header": change.path, "before": change.before, "after": change.after}
            for change in changes
        ],
    )


if __name__ == "__main__":
    main()
