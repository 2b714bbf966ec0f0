#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module database_backup."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_backup
short_description: Dump a PostgreSQL database so that it is known to restore
description:
  - Dumps in C(pg_dump)'s custom format, in one snapshot; restores the dump into a database that exists for this alone,
    and compares number and content of the rows with those of the snapshot.
  - A dump has a manifest beside it, which is written last. One without it, or with another size or checksum than it
    says, does not count.
  - The password is given to PostgreSQL's tools in a file that only they can read.
  - Needs C(pg_dump) and C(pg_restore) of the server's version or newer, and Python's psycopg2. The role needs CREATEDB
    for O(verify).
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.database.required
attributes:
  check_mode:
    details:
      - Looks at what there is and dumps nothing.
  idempotent:
    description: Whether a second run changes nothing.
    support: partial
    details:
      - With O(max_age_seconds), a good dump that is younger is left as it is.
options:
  directory:
    description: Where dumps are kept; made with mode 0700.
    type: path
    required: true
  tables:
    description:
      - Tables whose rows are dumped, without their schema; those that there are not are left out. Empty for the whole
        database. The definitions of all tables are always in the dump.
    type: list
    elements: str
    default: []
  compare:
    description: Tables whose rows are compared. Empty for all whose rows are dumped.
    type: list
    elements: str
    default: []
  verify:
    description: Whether the dump is restored and compared.
    type: bool
    default: true
  max_age_seconds:
    description: A good dump of the same kind that is younger is not made anew; V(0) to make one in any case.
    type: float
    default: 0
  keep_seconds:
    description: Dumps that are older are removed afterwards, never the newest good one of its kind. V(0) to keep all.
    type: float
    default: 0
  spare_megabytes:
    description: Free space that must remain, beyond the size of what is dumped.
    type: int
    default: 256
  label:
    description: What it is made for, for its manifest; a release's id for example.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Have a good dump that is no older than a day
  bluegreen.release.database_backup:
    database:
      address: db.example.com
      name: shop
      user: shop
      password: "{{ vault_database_password }}"
    directory: /var/backups/bluegreen/shop
    max_age_seconds: 86400
    keep_seconds: 604800
  register: __backup
"""

RETURN = r"""
backup:
  description:
    - The manifest of the dump - C(file), C(kind), C(made_at), C(bytes), C(sha256), C(tables), C(verified), C(seconds),
      C(verify_seconds), C(peak_bytes), C(label). Null in check mode where there is none.
  returned: success
  type: dict
removed:
  description: Dumps that were removed because of their age.
  returned: success
  type: list
  elements: str
bad:
  description: Dumps that do not count, and why.
  returned: success
  type: list
  elements: str
"""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import database, database_backup, database_copy
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError
from ansible_collections.bluegreen.release.plugins.module_utils.database_backup import Wanted


def argument_spec() -> dict[str, Any]:
    return {
        **database.SPEC,
        "directory": {"type": "path", "required": True},
        "tables": {"type": "list", "elements": "str", "default": []},
        "compare": {"type": "list", "elements": "str", "default": []},
        "verify": {"type": "bool", "default": True},
        "max_age_seconds": {"type": "float", "default": 0},
        "keep_seconds": {"type": "float", "default": 0},
        "spare_megabytes": {"type": "int", "default": 256},
        "label": {"type": "str", "default": ""},
    }


def young(given: Mapping[str, Any], known: list[dict[str, Any]], now: float) -> dict[str, Any] | None:
    """The newest good dump of the kind that is asked for, if it is young enough."""
    kind = "tables" if given["tables"] else "full"
    good = [one for one in known if one.get("kind") == kind and not one["problem"]]
    return good[0] if good and good[0]["made_at"] > now - given["max_age_seconds"] else None


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given, now = module.params, time.time()
    try:
        known = database_backup.manifests(given["directory"])
        bad = [f"{one['file']}: {one['problem']}" for one in known if one["problem"]]
        found = young(given, known, now)
        if found or module.check_mode:
            module.exit_json(changed=not found, backup=found, removed=[], bad=bad)
        wanted = Wanted(
            login=given["database"], directory=given["directory"], tables=tuple(given["tables"]),
            compare=tuple(given["compare"]), label=given["label"], verify=given["verify"],
            spare_megabytes=given["spare_megabytes"],
        )  # fmt: skip
        made = asdict(database_backup.make(wanted))
        database_copy.sweep(given["database"])
        keep = given["keep_seconds"]
        removed = database_backup.prune(given["directory"], keep, now) if keep else []
    except (DatabaseError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, backup=made, removed=removed, bad=bad)


if __name__ == "__main__":
    main()
