#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module database_proof."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_proof
short_description: Prove that the rows of before a migration are there after it
description:
  - With O(state=before), notes in one snapshot the rows of the tables that a migration touches, those that follow them
    by a foreign key that cascades, and those of O(more) - the key of each, and a digest of each other column.
  - With O(state=after), looks for them in one snapshot, by their keys, and compares the columns that are there before
    and after. A value that differs was changed by the migration when one of O(transactions) wrote the row last, else
    by a user. The file of before is removed.
  - Of a table with more than O(rows) rows, a sample is noted - the keys whose hash is below a bound. A table without
    a primary key is counted.
  - The file is readable for the SSH user alone and holds no value. Keys are in it, and in messages, where they are
    numbers, times or UUIDs; of others a message has the beginning of their md5.
  - Changes nothing in the database. Needs PostgreSQL 11 or newer, and a role that may read the tables.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.fence
  - bluegreen.release.database.look
attributes:
  check_mode:
    details:
      - Looks at nothing.
  idempotent:
    description: Whether a second run changes nothing.
    support: partial
    details:
      - O(state=before) notes what is there then; O(state=after) can be run once.
options:
  state:
    description: On which side of the migration it runs.
    type: str
    choices: [before, after]
    required: true
  release_id:
    description: The release; names the file in C(proof) of O(state_directory).
    type: str
    required: true
  seconds:
    description: How long the look may take.
    type: float
    default: 120
  tables:
    description: Tables that the migration touches, without their schema; those that there are not are left out.
    type: list
    elements: str
    default: []
  more:
    description: Tables to look at besides, without their schema; they have to be there.
    type: list
    elements: str
    default: []
  everything:
    description: Whether all other tables are looked at as well, because nobody knows what the migration touches.
    type: bool
    default: false
  books:
    description: Tables in which migration tools keep their revisions; never looked at.
    type: list
    elements: str
    default: []
  rows:
    description: How many rows of a table are noted at most; about so many of a larger one.
    type: int
    default: 100000
  steps:
    description:
      - For O(state=after), the revisions that were applied - C(revision), C(phase), C(autocommit), and in C(rows) what
        their SQL does to rows.
    type: list
    elements: dict
    default: []
  transactions:
    description: For O(state=after), the transactions of each revision, by its name.
    type: dict
    default: {}
  removes:
    description: For O(state=after), revisions that remove rows on purpose.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Note the rows that are there
  bluegreen.release.database_proof:
    state: before
    application: shop
    release_id: 20260131T235959Z-1.0.0-0a1b
    database: &shop
      address: db.example.com
      name: shop
      user: shop
      password: "{{ vault_database_password }}"
    tables: [orders]
    more: [profiles]
    state_directory: /var/lib/bluegreen/shop
    epoch: 7

- name: See whether they are there after the migration
  bluegreen.release.database_proof:
    state: after
    application: shop
    release_id: 20260131T235959Z-1.0.0-0a1b
    database: *shop
    steps:
      - {revision: "0002", phase: expand, rows: kept, autocommit: false}
    transactions: {"0002": [1234]}
    state_directory: /var/lib/bluegreen/shop
    epoch: 7
  register: __proof
"""

RETURN = r"""
problem:
  description: For O(state=after), why the rows are not proved to be there, in words; empty when they are.
  returned: success
  type: str
lines:
  description: What was noted, or what became of it, in words, a line a table.
  returned: success
  type: list
  elements: str
proof:
  description:
    - For O(state=after), what is kept of it - C(state), which is C(proved) or C(failed), C(reason), C(seconds), and
      C(tables) with C(table), the rows C(before) and C(after), how many were C(compared), whether that is C(sampled),
      and how many were found C(equal), C(updated) by users, C(changed) by the migration and C(gone). Else null.
  returned: success
  type: dict
seconds:
  description: How long the look took.
  returned: success
  type: float
"""

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import database, database_proof, fence, proof_eval
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError
from ansible_collections.bluegreen.release.plugins.module_utils.database_proof import Wanted
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError
from ansible_collections.bluegreen.release.plugins.module_utils.options import FENCE
from ansible_collections.bluegreen.release.plugins.module_utils.record import RecordError


def argument_spec() -> dict[str, Any]:
    return {
        **FENCE,
        "state": {"type": "str", "choices": ["before", "after"], "required": True},
        "release_id": {"type": "str", "required": True},
        **database.LOOK_SPEC,
        "seconds": {"type": "float", "default": 120},
        "tables": {"type": "list", "elements": "str", "default": []},
        "more": {"type": "list", "elements": "str", "default": []},
        "everything": {"type": "bool", "default": False},
        "books": {"type": "list", "elements": "str", "default": []},
        "rows": {"type": "int", "default": 100000},
        "steps": {"type": "list", "elements": "dict", "default": []},
        "transactions": {"type": "dict", "default": {}},
        "removes": {"type": "list", "elements": "str", "default": []},
    }


def noted(given: Mapping[str, Any], path: str) -> dict[str, Any]:
    """What the module says of before. Raises DatabaseError and OSError."""
    wanted = Wanted(
        tables=tuple(given["tables"]), more=tuple(given["more"]), everything=given["everything"],
        books=tuple(given["books"]), rows=given["rows"], seconds=given["seconds"],
    )  # fmt: skip
    with _connected(given) as connection:
        found = database_proof.note(connection, wanted, path)
    return {"lines": database_proof.lines(found), "problem": "", "proof": None}


def proved(given: Mapping[str, Any], path: str) -> dict[str, Any]:
    """What the module says of after. A look that cannot be taken is a problem as well."""
    began = time.monotonic()
    done = proof_eval.work(given["steps"], given["transactions"], given["removes"])
    try:
        with _connected(given) as connection:
            found = database_proof.prove(connection, path, done, given["seconds"])
        problem = proof_eval.message(proof_eval.problems(found, done))
        told, tables = proof_eval.lines(found, done), [one.as_dict() for one in found]
    except (DatabaseError, OSError) as error:
        problem, told, tables = f"Whether rows were lost could not be proved: {error}.", [], []
    finally:
        database_proof.remove(path)
    proof = {
        "state": "failed" if problem else "proved", "reason": problem,
        "seconds": round(time.monotonic() - began, 1), "tables": tables,
    }  # fmt: skip
    return {"lines": told, "problem": problem, "proof": proof}


def _connected(given: Mapping[str, Any]) -> contextlib.AbstractContextManager[Any]:
    name = f"bluegreen.release proof of {given['application']}"
    return contextlib.closing(database.connect(given["database"], name))


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given, began = module.params, time.monotonic()
    if module.check_mode:
        module.exit_json(changed=False, problem="", lines=[], proof=None, seconds=0.0)
    look = noted if given["state"] == "before" else proved
    try:
        path = database_proof.path_of(given["state_directory"], given["release_id"])
        with fence.fenced(given["state_directory"], given["epoch"]):
            said = look(given, path)
    except (FenceError, DatabaseError, RecordError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, seconds=round(time.monotonic() - began, 1), **said)


if __name__ == "__main__":
    main()
