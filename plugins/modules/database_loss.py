#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module database_loss."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_loss
short_description: Count what a downgrade would lose, and keep it
description:
  - Counts, in one snapshot, the rows that were written since a migration and hold something in what it has added.
  - Where there are some and a person has agreed to it, writes them into a file of O(directory), from which
    M(bluegreen.release.database_values) puts them back.
  - Does not fail by itself. RV(problem) is to be judged; a database that cannot be asked is one.
  - Run it when nothing that knows what was added runs any more, and downgrade right behind it.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.database.required
attributes:
  check_mode:
    details:
      - Counts, and writes nothing.
  idempotent:
    description: Whether a second run changes nothing.
    support: none
    details:
      - Each run that keeps something writes a file of its own.
options:
  directory:
    description: Where the file is kept; made with mode 0700.
    type: path
    required: true
  changes:
    description: What the migration has changed, from M(bluegreen.release.database_changes). Null where nobody knows.
    type: dict
  revision:
    description: Where the database is.
    type: str
    required: true
  target:
    description: The revision that it is taken back to.
    type: str
    required: true
  agreed:
    description: The token with which a person has agreed; empty for none.
    type: str
    default: ""
  label:
    description: What it is made for; a release's id for example.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Count what would be lost
  bluegreen.release.database_loss:
    database:
      address: db.example.com
      name: shop
      user: shop
      password: "{{ vault_database_password }}"
    directory: /var/backups/bluegreen/shop
    changes:
      since: 815
      tables: []
      columns:
        - table: public.orders
          column: note
      altered: []
    revision: "0002"
    target: "0001"
  register: __loss
  check_mode: true
"""

RETURN = r"""
problem:
  description: Why the database may not be taken back; empty when it may.
  returned: success
  type: str
rows:
  description: How many rows hold something that would be lost. Null where nobody can count.
  returned: success
  type: int
lines:
  description: What would be lost, in words.
  returned: success
  type: list
  elements: str
token:
  description: What agrees to it; empty where nothing is lost.
  returned: success
  type: str
file:
  description: Name of the file in which it is kept; empty for none.
  returned: success
  type: str
"""

import time
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import database, database_loss, downgrade_plan
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError


def argument_spec() -> dict[str, Any]:
    return {
        **database.SPEC,
        "directory": {"type": "path", "required": True},
        "changes": {"type": "dict"},
        "revision": {"type": "str", "required": True},
        "target": {"type": "str", "required": True},
        "agreed": {"type": "str", "default": ""},
        "label": {"type": "str", "default": ""},
    }


def counted(given: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """What would be lost, and where it is kept. Raises DatabaseError and OSError."""
    way = (given["revision"], given["target"])
    if given["changes"] is None:
        problem = downgrade_plan.refusal(given["agreed"], *way, None)
        return {"problem": problem, "rows": None, "lines": [], "token": downgrade_plan.token(*way, None), "file": ""}
    with database_loss.snapshot(given["database"], "bluegreen.release count of what a downgrade loses") as connection:
        found = database_loss.look(connection, given["changes"])
        lost = database_loss.lost(found)
        problem, file = downgrade_plan.refusal(given["agreed"], *way, lost), ""
        if lost and not problem and not check:
            about = {"label": given["label"], "revision": way[0], "target": way[1]}
            file = database_loss.keep(connection, found, given["directory"], about, time.time())
    return {
        "problem": problem,
        "rows": sum(one.rows for one in lost),
        "lines": downgrade_plan.in_words(lost),
        "token": downgrade_plan.token(*way, lost) if lost else "",
        "file": file,
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        found = counted(module.params, module.check_mode)
    except (DatabaseError, OSError) as error:
        module.exit_json(changed=False, problem=str(error), rows=None, lines=[], token="", file="")
    module.exit_json(changed=bool(found["file"]), **found)


if __name__ == "__main__":
    main()
