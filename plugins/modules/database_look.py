#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module database_look."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_look
short_description: See what a migration would wait for on its database
description:
  - Looks for long transactions and running dumps on the tables of a migration, for replicas that are behind, and for
    free connections. Looks again until nothing stands in the way, or its time is over.
  - Changes nothing, and does not fail by itself. RV(problems) is to be judged; a database that cannot be reached is
    one.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
  - bluegreen.release.database.look
options:
  tables:
    description: Tables that the migration touches, without their schema.
    type: list
    elements: str
    default: []
  everywhere:
    description: Whether it waits for transactions on all other tables as well, as building an index beside users does.
    type: bool
    default: false
  wait_seconds:
    description: For how long to look again while something stands in the way.
    type: float
    default: 0
  transaction_seconds:
    description: After how many seconds a transaction stands in the way.
    type: float
    default: 30
  replica_lag_seconds:
    description: How far a replica may be behind.
    type: float
    default: 60
  spare_connections:
    description: How many connections must be free.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: See what a migration would wait for
  bluegreen.release.database_look:
    application: shop
    database:
      address: db.example.com
      name: shop
      user: shop
      password: "{{ vault_database_password }}"
    tables: [orders]
    wait_seconds: 60
  register: __seen
"""

RETURN = r"""
problems:
  description: What stands in the way, in words; empty for nothing.
  returned: success
  type: list
  elements: str
lines:
  description: What a migration finds, in words.
  returned: success
  type: list
  elements: str
seen:
  description: C(transactions), C(connections), C(replicas) and C(tables) as they were seen last; empty for nothing.
  returned: success
  type: dict
"""

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import database, database_look
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError
from ansible_collections.bluegreen.release.plugins.module_utils.database_look import Limits

_AGAIN_SECONDS = 1.0


def argument_spec() -> dict[str, Any]:
    return {
        **database.LOOK_SPEC,
        "tables": {"type": "list", "elements": "str", "default": []},
        "everywhere": {"type": "bool", "default": False},
        "wait_seconds": {"type": "float", "default": 0},
        "transaction_seconds": {"type": "float", "default": 30},
        "replica_lag_seconds": {"type": "float", "default": 60},
        "spare_connections": {"type": "int", "default": 5},
    }


def looked(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What was seen last, and what is in the way of it. Raises DatabaseError."""
    limits = Limits(given["transaction_seconds"], given["replica_lag_seconds"], given["spare_connections"])
    deadline = time.monotonic() + given["wait_seconds"]
    name = f"bluegreen.release look of {given['application']}"
    with contextlib.closing(database.connect(given["database"], name)) as connection:
        while True:
            seen = database_look.look(connection, given["tables"])
            found = database_look.problems(seen, limits, given["tables"], given["everywhere"])
            if not found or time.monotonic() >= deadline:
                return seen, found
            time.sleep(_AGAIN_SECONDS)


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        seen, found = looked(module.params)
    except DatabaseError as error:
        module.exit_json(changed=False, problems=[str(error)], lines=[], seen={})
    module.exit_json(changed=False, problems=found, lines=database_look.lines(seen), seen=seen)


if __name__ == "__main__":
    main()
