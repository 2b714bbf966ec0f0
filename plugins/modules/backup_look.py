#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module backup_look."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_look
short_description: See whether a host has what dumps of a database need
description:
  - Looks for C(pg_dump), C(pg_restore) and Python's psycopg2, asks the database for its version and its size and for
    what the role may do, and looks at the room there is.
  - Changes nothing, and does not fail for what is missing; what it gives is to be judged.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
  - bluegreen.release.database.required
options:
  directory:
    description: Where dumps are kept; it need not be there.
    type: path
    required: true
  max_age_seconds:
    description: How old a good dump of everything may be, for none to be made.
    type: float
    default: 0
"""

EXAMPLES = r"""
- name: See what dumps need
  bluegreen.release.backup_look:
    database:
      address: db.example.com
      name: shop
      user: shop
      password: "{{ vault_database_password }}"
    directory: /var/backups/bluegreen/shop
    max_age_seconds: 86400
  register: __seen
"""

RETURN = r"""
tools:
  description: Version of C(pg_dump) and of C(pg_restore); null for one that there is not.
  returned: success
  type: dict
driver:
  description: Whether there is psycopg2.
  returned: success
  type: bool
database:
  description:
    - C(problem), why it gave no answer; else C(version) of the server, C(creates), whether the role may make databases,
      and C(bytes) of its tables with their indexes.
  returned: success
  type: dict
directory:
  description: C(path), C(exists), C(writable), C(read_only), C(free_bytes).
  returned: success
  type: dict
young:
  description: Whether there is a good dump of everything that is no older than O(max_age_seconds).
  returned: success
  type: bool
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import backup_look, database


def argument_spec() -> dict[str, Any]:
    return {
        **database.SPEC,
        "directory": {"type": "path", "required": True},
        "max_age_seconds": {"type": "float", "default": 0},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given = module.params
    found = backup_look.look(given["database"], given["directory"], given["max_age_seconds"], time.time())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
