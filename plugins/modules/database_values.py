#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module database_values."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_values
short_description: Put back values that a downgrade has removed
description:
  - Reads a file that M(bluegreen.release.database_loss) has written, and puts everything in it back in one
    transaction, or nothing.
  - Overwrites nothing that was written since. A value goes only where the column holds its default, a row only where
    its key is free.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.database.look
attributes:
  check_mode:
    details:
      - Does it, counts, and undoes it before anybody else sees it.
options:
  directory:
    description: Where the files are.
    type: path
    required: true
  file:
    description: Name of the file; empty for the youngest.
    type: str
    default: ""
  wait_seconds:
    description: For how long a migration that is running is waited for, and at most a lock.
    type: float
    default: 30
"""

EXAMPLES = r"""
- name: Put back what the last downgrade has removed
  bluegreen.release.database_values:
    application: shop
    database:
      address: db.example.com
      name: shop
      user: shop
      password: "{{ vault_database_password }}"
    directory: /var/backups/bluegreen/shop
  register: __values
"""

RETURN = r"""
file:
  description: The file that was read.
  returned: success
  type: str
lines:
  description: What came of each table, in words.
  returned: success
  type: list
  elements: str
tables:
  description:
    - For each table C(table), the number of its C(rows) in the file, and how many were C(restored), were C(kept) as
      they were written since, or are C(gone).
  returned: success
  type: list
  elements: dict
"""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import database, database_values
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError
from ansible_collections.bluegreen.release.plugins.module_utils.database_lock import alone
from ansible_collections.bluegreen.release.plugins.module_utils.database_values import Restored


def argument_spec() -> dict[str, Any]:
    return {
        **database.LOOK_SPEC,
        "directory": {"type": "path", "required": True},
        "file": {"type": "str", "default": ""},
        "wait_seconds": {"type": "float", "default": 30},
    }


def put_back(given: Mapping[str, Any], check: bool) -> tuple[str, list[Restored]]:
    """The path of the file, and what came of it. Raises DatabaseError and OSError."""
    directory, work = given["directory"], f"migration of {given['application']}"
    path = os.path.join(directory, given["file"]) if given["file"] else database_values.newest(directory)
    with contextlib.closing(database.connect(given["database"], f"bluegreen.release {work}")) as connection:
        database.query(connection, "SET statement_timeout = 0")
        database.query(connection, f"SET lock_timeout = {int(given['wait_seconds'] * 1000)}")
        with alone(connection, work, given["wait_seconds"]):
            return path, database_values.put_back(connection, path, check)


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        path, restored = put_back(module.params, module.check_mode)
    except (DatabaseError, OSError) as error:
        module.fail_json(msg=str(error))
    lines = database_values.in_words(restored, module.check_mode)
    changed = any(one.restored for one in restored)
    module.exit_json(changed=changed, file=path, lines=lines, tables=[asdict(one) for one in restored])


if __name__ == "__main__":
    main()
