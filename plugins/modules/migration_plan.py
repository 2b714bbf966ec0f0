#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin migration_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_plan
short_description: Decide which pending migrations a release applies
version_added: 0.1.0
description:
  - Reads what a migration tool said, gives each pending revision a phase, and plans what the live code survives.
  - The phase is what O(phases) says, or the line C(Release-Phase) in the docstring of the revision, or what its SQL
    looks like to C(squawk) and to PostgreSQL's own parser. A mark may be stricter than the SQL, never milder.
  - Of a revision without a mark whose SQL cannot be written down, it is what the tool was seen to send on a copy of the
    database, the result C(rehearse) of O(results).
  - Revisions of phase C(expand) and C(data) are applied. Those of phase C(contract) and C(irreversible) wait when they
    come last; before others that are needed they are refused, unless the live code was written for them.
  - Runs on the controller only and needs no connection. Never fails for what a tool said; RV(problem) says what is
    wrong.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
requirements:
  - squawk-cli and pglast on the controller
options:
  results:
    description: Results of the tool's runs by verb, each with C(rc), C(stdout) and C(stderr).
    type: dict
    required: true
  commands:
    description: The tool's commands by verb. None means that there is nothing to migrate.
    type: dict
    required: true
  phases:
    description: The inventory's word on the phase of a revision, by its name.
    type: dict
    default: {}
  revision_pattern:
    description: Regular expression whose group 1 is a revision.
    type: str
    required: true
  unknown_pattern:
    description: What the tool says of a revision that it does not know.
    type: str
    default: ""
  pending_pattern:
    description: For a tool that lists every migration, what the line of one looks like that is not applied.
    type: str
    default: ""
  live:
    description: Results of the same questions in the image of the live slot, each with C(__migration_verb).
    type: list
    elements: dict
    default: []
  contract:
    description: Whether what waited is to be applied; the image is that of every slot that runs.
    type: bool
    default: false
  irreversible:
    description: With O(contract), whether revisions of phase C(irreversible) are to be applied as well.
    type: bool
    default: false
  closed_door:
    description: >-
      Whether users may be kept from the live slot while revisions are applied that its code does not survive. Without
      it they are refused.
    type: bool
    default: false
  unasked:
    description: Why the tool was not asked; empty when it was.
    type: str
    default: ""
  uncopied:
    description: Why nothing was or will be seen on a copy of the database; empty where that may be asked for.
    type: str
    default: ""
  left:
    description: What asking has left behind; returned as it is.
    type: list
    elements: str
    default: []
  lock_timeout_seconds:
    description: The longest lock timeout that the tool's own connection may have; V(0) for no such demand.
    type: float
    default: 0
  limits:
    description:
      - Seconds by the input that says them, C(migration_timeout_seconds) and C(migration_statement_timeout_seconds).
        Needed with O(slow).
    type: dict
    default: {}
  slow:
    description:
      - Revisions that a limit has ended before, each with C(revision), C(seconds), C(by), the input that said the
        limit, C(limit) and C(release_id). One that would be applied is refused, unless that limit is larger now.
    type: list
    elements: dict
    default: []
  slow_accepted:
    description: Of O(slow), those that are to be tried all the same.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Decide what is applied
  bluegreen.release.migration_plan:
    results:
      current: {rc: 0, stdout: "0001", stderr: ""}
      heads: {rc: 0, stdout: "0002 (head)", stderr: ""}
      preview: {rc: 0, stdout: "-- revision 0002\nALTER TABLE things ADD COLUMN note text;", stderr: ""}
    commands:
      current: [migrate, current]
      heads: [migrate, heads]
      preview: [migrate, preview]
      upgrade: [migrate, upgrade]
    revision_pattern: '^([0-9]+)'
  register: __outlook
"""

RETURN = r"""
known:
  description: Whether what the tool said could be read.
  returned: always
  type: bool
problem:
  description: Why there is no plan; empty when there is one.
  returned: always
  type: str
before:
  description: Revision of the database; empty for none.
  returned: always
  type: str
after:
  description: Revision that a release takes it to; of the image where there is no plan.
  returned: always
  type: str
pending:
  description: Revisions that the database does not have.
  returned: always
  type: list
  elements: str
lines:
  description: The plan for people.
  returned: always
  type: list
  elements: str
plan:
  description: >-
    C(before), C(target), C(head), C(steps), C(postponed), C(rollback_class) and C(breaking), the revisions that need
    the closed door; null where there is none.
  returned: always
  type: dict
asks_live:
  description: Whether the image of the live slot could change the answer.
  returned: always
  type: bool
asks_preview:
  description: Whether the command C(preview) could.
  returned: always
  type: bool
asks_copy:
  description: Whether a run on a copy of the database could.
  returned: always
  type: bool
unknown:
  description: With RV(asks_copy), the revisions that would have to run there, in order.
  returned: always
  type: list
  elements: str
user:
  description: Role of the tool's own connection; empty where it is not known.
  returned: always
  type: str
left:
  description: As given.
  returned: always
  type: list
  elements: str
"""
