#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin release_advance."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_advance
short_description: Compute the next record of a release and write it
version_added: 0.1.0
description:
  - Computes the next document from the fact C(release_record_context) on the controller, refuses what the transition
    table does not allow, and has M(bluegreen.release.release_record) store it where O(write) says so.
  - Run on all hosts of a release with one O(stamp), it gives every host the same document.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.record
attributes:
  diff_mode:
    description: Returns the difference of the stored record.
    support: full
  idempotent:
    description: Every call is one more step of the history.
    support: none
options:
  application:
    description: Name of the application, for messages.
    type: str
    required: true
  phase:
    description: Phase to advance to. Empty with an O(outcome), or to add O(facts) only.
    type: str
    default: ""
  outcome:
    description: Outcome to close the record with.
    type: str
    default: ""
  facts:
    description: What the record learns.
    type: dict
    default: {}
  document:
    description: Write this document as it is, instead of computing the next one.
    type: dict
    default: {}
  stamp:
    description: When and who, as the filter P(bluegreen.release.release_stamp#filter) gives it.
    type: dict
    required: true
  write:
    description: Whether this host keeps a copy of the record.
    type: bool
    required: true
  switch:
    description:
      - Arguments of M(bluegreen.release.nginx_switch). Where O(write) says so, users are then moved in the same task,
        behind the record; a record that cannot be stored stops no switch. The result is that of the switch.
    type: dict
    default: {}
  best_effort:
    description:
      - Go on from the newest document that any of O(hosts) has, and do not fail where it cannot be stored.
        The result then has no C(done).
    type: bool
    default: false
  hosts:
    description: The hosts of the release; asked with O(best_effort) only.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Write that the migration begins
  bluegreen.release.release_advance:
    application: shop
    state_directory: /var/lib/bluegreen/shop
    phase: migrating
    stamp: "{{ '1.0.0' | bluegreen.release.release_stamp('') }}"
    write: true
  register: written
"""

RETURN = r"""
context:
  description: What every other role may know of the release, with the next document in it.
  returned: when the step is allowed
  type: dict
stamp:
  description: As given; by it hosts that begin late know a step again.
  returned: when the step is allowed
  type: dict
done:
  description: True when this host has stored the record.
  returned: when it was stored
  type: bool
sequence:
  description: Sequence number of the stored record.
  returned: when it was stored
  type: int
"""
