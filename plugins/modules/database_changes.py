#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module database_changes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_changes
short_description: See what a migration has added to a PostgreSQL database
description:
  - Reads which tables and columns there are. Given what it has read before a migration, it says what is there now and
    was not, which is what taking the migration back would remove.
  - Changes nothing. Does not fail by itself where the database cannot be asked; then RV(problem) says why.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
  - bluegreen.release.database.look
options:
  before:
    description: The RV(schema) of the look before the migration.
    type: dict
  writes:
    description:
      - Columns that the migration writes over rows that are there, each with C(table), without its schema, and
        C(column). Null where nobody knows, and then it may be each. Only with O(before).
    type: list
    elements: dict
"""

EXAMPLES = r"""
- name: See what there is before the migration
  bluegreen.release.database_changes:
    application: shop
    database:
      address: db.example.com
      name: shop
      user: shop
      password: "{{ vault_database_password }}"
  register: __before
"""

RETURN = r"""
schema:
  description: Type and default of every column, by table and column. Without O(before).
  returned: success
  type: dict
changes:
  description:
    - C(since), the number of the next transaction; C(tables), C(columns), C(altered) and C(dropped) as lists. Null
      without O(before), and where the database cannot be asked.
  returned: success
  type: dict
problem:
  description: Why the database cannot be asked; empty when it can.
  returned: success
  type: str
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import database, database_changes
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError


def argument_spec() -> dict[str, Any]:
    return {
        **database.LOOK_SPEC,
        "before": {"type": "dict"},
        "writes": {"type": "list", "elements": "dict"},
    }


def looked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, or what has changed in it. Raises DatabaseError."""
    name = f"bluegreen.release look of {given['application']}"
    with contextlib.closing(database.connect(given["database"], name)) as connection:
        since = database_changes.next_transaction(connection)
        schema = database_changes.schema(connection)
    if given["before"] is None:
        return {"schema": schema, "changes": None}
    found = database_changes.changes(given["before"], schema, since, given["writes"])
    return {"schema": {}, "changes": dict(found)}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        found = looked(module.params)
    except DatabaseError as error:
        module.exit_json(changed=False, schema={}, changes=None, problem=str(error))
    module.exit_json(changed=False, problem="", **found)


if __name__ == "__main__":
    main()
