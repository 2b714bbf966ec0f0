#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module database_copy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_copy
short_description: Copy a PostgreSQL database, to see there what a migration does
description:
  - Copies definitions and rows, as they are in one moment, into a database C(bluegreen_lint_NAME) of the same server,
    which belongs to O(owner) and to nobody else. One that a killed run has left is removed first.
  - A comment of the copy, RV(made.mark), says for whom it is and until when it is of use.
  - The password is given to PostgreSQL's tools in a file that only they can read.
  - Needs C(pg_dump) and C(pg_restore) of the server's version or newer, and Python's psycopg2. The role needs CREATEDB.
  - Does not fail by itself. RV(problem) is to be judged; a database that cannot be reached is one.
  - Refuses a database from which others can be written to, by a foreign server or the extension C(dblink).
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.database.required
attributes:
  check_mode:
    details:
      - Makes and removes nothing.
  idempotent:
    description: Whether a second run changes nothing.
    support: partial
    details:
      - A copy is made anew each time. One that is gone already is not removed again.
options:
  state:
    description: Whether to make the copy, or to remove the one that was made for O(label).
    type: str
    choices: [present, absent]
    default: present
  label:
    description: For whom it is made.
    type: str
    required: true
  owner:
    description:
      - Role that the copy and its tables are to belong to, which O(database.user) must be a member of. Empty for
        O(database.user) itself.
    type: str
    default: ""
  timeout_seconds:
    description: Longest time for copying.
    type: float
    default: 600
  most_megabytes:
    description: How large the database may be.
    type: int
    default: 4096
  spare_megabytes:
    description:
      - Free space that must remain on the disk of the server, besides twice the size of the database; seen only where
        the server is on this host and says where its files are, as it does to members of C(pg_monitor).
    type: int
    default: 256
"""

EXAMPLES = r"""
- name: Have a copy of the database
  bluegreen.release.database_copy:
    database: &shop
      address: db.example.com
      name: shop
      user: shop
      password: "{{ vault_database_password }}"
    label: shop 17
  register: __copy

- name: Remove it
  bluegreen.release.database_copy:
    database: *shop
    label: shop 17
    state: absent
"""

RETURN = r"""
made:
  description: C(name), C(mark), C(bytes) of what was copied, and C(seconds); null where none was made.
  returned: success
  type: dict
problem:
  description: Why the copy could not be made, or not be removed; empty when it was.
  returned: success
  type: str
"""

import signal
import sys
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import database, database_copy
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError
from ansible_collections.bluegreen.release.plugins.module_utils.database_copy import Wanted


def argument_spec() -> dict[str, Any]:
    return {
        **database.SPEC,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "label": {"type": "str", "required": True},
        "owner": {"type": "str", "default": ""},
        "timeout_seconds": {"type": "float", "default": 600},
        "most_megabytes": {"type": "int", "default": 4096},
        "spare_megabytes": {"type": "int", "default": 256},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given = module.params
    if module.check_mode:
        module.exit_json(changed=given["state"] == "present", made=None, problem="")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))  # an exception, so that no part of a copy stays
    try:
        if given["state"] == "absent":
            removed = database_copy.remove(given["database"], given["label"])
            module.exit_json(changed=removed, made=None, problem="")
        made = database_copy.make(
            Wanted(
                login=given["database"], label=given["label"], owner=given["owner"], seconds=given["timeout_seconds"],
                most_megabytes=given["most_megabytes"], spare_megabytes=given["spare_megabytes"],
            )
        )  # fmt: skip
    except (DatabaseError, OSError) as error:
        module.exit_json(changed=False, made=None, problem=str(error))
    module.exit_json(changed=True, made=asdict(made), problem="")


if __name__ == "__main__":
    main()
