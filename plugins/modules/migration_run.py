#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module migration_run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_run
short_description: Run a migration tool, alone on its database and never in the way of users
description:
  - Runs one command in a container of its own, with the files and the image of a slot, under the fence of the host.
  - Where it changes the database and O(database) is given, it holds an advisory lock meanwhile, on a connection of its
    own, so that no other migration of the application runs beside it.
  - A run that ends because a lock was not to be had in time is tried again, after pauses that grow and vary.
  - When its time is over, its container is removed, and, with O(database), its sessions on the server are ended, for
    PostgreSQL does not see that a client is gone while its statement runs; the database undoes what was not committed.
    They are found by their name, C(PGAPPNAME), which drivers read that are built on PostgreSQL's own library.
  - Does not fail when the tool does. RV(rc) and what it printed are to be judged.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.fence
  - bluegreen.release.docker
  - bluegreen.release.database
attributes:
  check_mode:
    details:
      - The tool is not run, since the entrypoint of its image runs as well.
  idempotent:
    description: Whether a second run changes nothing.
    support: partial
    details:
      - As far as the tool is.
options:
  application:
    description: Name of the application; whose advisory lock it is.
    type: str
    required: true
  directory:
    description: Folder with the files of the slot.
    type: path
    required: true
  project:
    description: Compose project.
    type: str
    required: true
  compose_files:
    description: Compose files in O(directory), in order.
    type: list
    elements: str
    default: [compose.yml, override.yml]
  env_files:
    description: Files in O(directory) whose variables compose puts into O(compose_files).
    type: list
    elements: str
    default: [slot.env]
  service:
    description: Service in whose container the tool runs.
    type: str
    required: true
  container:
    description: Name of that container.
    type: str
    required: true
  argv:
    description: The command and its arguments.
    type: list
    elements: str
    required: true
  environment:
    description: Variables of the container besides its own. No secrets; the host's process list shows them.
    type: dict
    default: {}
  changes:
    description: Whether the command changes the database.
    type: bool
    default: false
  timeout_seconds:
    description: Longest time for one run, in seconds.
    type: float
    default: 600
  lock_wait_seconds:
    description: For how long runs are tried again that got no lock, and for how long another migration is waited for.
    type: float
    default: 120
  books:
    description:
      - Tables in which the tool keeps which revisions are applied, written in the transaction of the revision itself.
    type: list
    elements: str
    default: [alembic_version, django_migrations]
"""

EXAMPLES = r"""
- name: Upgrade to a revision
  bluegreen.release.migration_run:
    application: shop
    directory: /opt/bluegreen/shop/green
    project: shop-green
    service: api
    container: shop-green-migration
    argv: [alembic, upgrade, "0002"]
    environment:
      PGOPTIONS: -c lock_timeout=2000
    changes: true
    database:
      address: db.example.com
      name: shop
      user: shop
      password: "{{ vault_database_password }}"
    state_directory: /var/lib/bluegreen/shop
    epoch: 7
  register: __upgrade
"""

RETURN = r"""
rc:
  description: Exit code of the tool; null when it was ended because its time was over, and in check mode.
  returned: success
  type: int
stdout:
  description: What the tool printed in its last run.
  returned: success
  type: str
stderr:
  description: What it printed besides.
  returned: success
  type: str
timed_out:
  description: Whether it was ended because its time was over.
  returned: success
  type: bool
attempts:
  description: How often it ran.
  returned: success
  type: int
blockers:
  description: Who stood in its way, in words, as far as O(database) lets it see.
  returned: success
  type: list
  elements: str
transactions:
  description:
    - The transactions that wrote in O(books) during the run, as C(xmin) shows them; none without O(database), or where
      it may not read them.
  returned: success
  type: list
  elements: int
left:
  description: What a run that was ended has left on the server, in words, as far as O(database) lets it see.
  returned: success
  type: list
  elements: str
seconds:
  description: How long it took altogether.
  returned: success
  type: float
last_seconds:
  description: How long the last run took.
  returned: success
  type: float
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import database, fence, migration_books, migration_run
from ansible_collections.bluegreen.release.plugins.module_utils.database import DatabaseError
from ansible_collections.bluegreen.release.plugins.module_utils.database_lock import alone
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError
from ansible_collections.bluegreen.release.plugins.module_utils.migration_run import Limits
from ansible_collections.bluegreen.release.plugins.module_utils.migration_tool import Tool
from ansible_collections.bluegreen.release.plugins.module_utils.options import DOCKER, FENCE

_LONGEST_NAME = 63  # of a session, in PostgreSQL as it is built


def argument_spec() -> dict[str, Any]:
    return {
        **FENCE,
        **DOCKER,
        "application": {"type": "str", "required": True},
        "directory": {"type": "path", "required": True},
        "project": {"type": "str", "required": True},
        "compose_files": {"type": "list", "elements": "str", "default": ["compose.yml", "override.yml"]},
        "env_files": {"type": "list", "elements": "str", "default": ["slot.env"]},
        "service": {"type": "str", "required": True},
        "container": {"type": "str", "required": True},
        "argv": {"type": "list", "elements": "str", "required": True},
        "environment": {"type": "dict", "default": {}},
        "changes": {"type": "bool", "default": False},
        "timeout_seconds": {"type": "float", "default": 600},
        "lock_wait_seconds": {"type": "float", "default": 120},
        "books": {"type": "list", "elements": "str", "default": list(migration_books.BOOKS)},
        "database": {"type": "dict", "options": database.OPTIONS},
    }


def tool_of(given: Mapping[str, Any]) -> Tool:
    """How the tool is run, out of the module's parameters."""
    return Tool(
        docker=given["docker_cli"],
        folder=given["directory"],
        project=given["project"],
        files=given["compose_files"],
        env_files=given["env_files"],
        service=given["service"],
        container=given["container"],
        environment={
            "PGAPPNAME": f"bluegreen.release tool of {given['application']}"[:_LONGEST_NAME],
            **{str(name): str(value) for name, value in given["environment"].items()},
        },
    )


@contextlib.contextmanager
def fenced(given: Mapping[str, Any]) -> Iterator[int]:
    """Hold the fence of the host; gives the descriptor that does. Raises FenceError."""
    descriptor = fence.enter(given["state_directory"], given["epoch"], fence.DEFAULT_WAIT_SECONDS)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def guarded(given: Mapping[str, Any]) -> Iterator[Any]:
    """A connection of our own with the advisory lock held; None where nothing is changed, or no database given."""
    if not (given["changes"] and given["database"]):
        yield None
        return
    work = f"migration of {given['application']}"
    with (
        contextlib.closing(database.connect(given["database"], f"bluegreen.release {work}")) as connection,
        alone(connection, work, given["lock_wait_seconds"]),
    ):
        yield connection


def written(connection: Any, books: Sequence[str]) -> frozenset[int]:
    """The transactions that wrote what is in the books; none without a connection."""
    return migration_books.transactions(connection, books) if connection else frozenset()


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given = module.params
    if module.check_mode:
        silent: dict[str, Any] = {
            "rc": None,
            "stdout": "",
            "stderr": "",
            "timed_out": False,
            "attempts": 0,
            "blockers": [],
            "transactions": [],
            "left": [],
        }
        module.exit_json(changed=given["changes"], seconds=0.0, last_seconds=0.0, **silent)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))  # an exception, so that the container is removed
    limits = Limits(run=given["timeout_seconds"], locks=given["lock_wait_seconds"])
    alone_until = True
    try:
        with guarded(given) as connection:
            before = written(connection, given["books"])
            ended = migration_run.run(tool_of(given), given["argv"], limits, connection, lambda: fenced(given))
            alone_until = database.answers(connection)
            # Where the connection is lost the run has failed as a rule, and its own words are what counts.
            transactions = sorted(written(connection, given["books"]) - before) if alone_until else []
    except (FenceError, DatabaseError, OSError) as error:
        module.fail_json(msg=str(error))
    if not alone_until:
        module.warn(
            "Expected to hold the advisory lock of the migration until its end, found that its connection was lost:"
            " another migration could have begun meanwhile. Look at the log of the database."
        )
    # Ansible takes a result with another rc than 0 for a failure, unless it says that it is none.
    module.exit_json(
        changed=given["changes"], failed=False, timed_out=ended.rc is None, transactions=transactions, **asdict(ended)
    )


if __name__ == "__main__":
    main()
