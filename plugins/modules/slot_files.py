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
  - Directories get mode 0700, files 0600. Other files in the directory stay.
author:
  - bluegreen.release maintainers (@bluegreen-release)
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    support: full
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)).
    details:
      - The content of O(secret_files) is not shown.
  idempotent:
    support: full
    description: Whether a second run changes nothing.
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
    description: File names and contents that must not be shown.
    type: dict
    default: {}
  state_directory:
    description: Directory of the host's fence.
    type: path
    required: true
  epoch:
    description: Epoch of this run's lock; a lower one than the host has seen is refused.
    type: int
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
"""

RETURN = r"""
paths:
  description: Paths that were written, or would be in check mode.
  returned: always
  type: list
  elements: str
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError, fenced
from ansible_collections.bluegreen.release.plugins.module_utils.slot_files import (
    Change,
    directory_change,
    file_change,
    make_directory,
    write,
)


def argument_spec() -> dict[str, Any]:
    return {
        "directory": {"type": "path", "required": True},
        "files": {"type": "dict", "default": {}},
        "secret_files": {"type": "dict", "default": {}, "no_log": True},
        "state_directory": {"type": "path", "required": True},
        "epoch": {"type": "int", "required": True},
    }


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
    return [change for change in changes if change]


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    parameters = module.params
    try:
        with fenced(parameters["state_directory"], parameters["epoch"], dry_run=module.check_mode):
            changes = apply(parameters, module.check_mode)
    except FenceError as error:
        module.fail_json(msg=str(error), paths=[])
    except OSError as error:
        module.fail_json(
            msg=f"expected to write into {parameters['directory']}, found: {error}. Check its owner and the disk.",
            paths=[],
        )
    module.exit_json(
        changed=bool(changes),
        paths=[change.path for change in changes],
        diff=[
            {"before_header": change.path, "after_header": change.path, "before": change.before, "after": change.after}
            for change in changes
        ],
    )


if __name__ == "__main__":
    main()
