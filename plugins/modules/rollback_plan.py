#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin rollback_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_plan
short_description: Decide what going back has to do
version_added: 0.1.0
description:
  - Decides on the controller from what M(bluegreen.release.rollback_look) registered on every host that answered. The
    newest record that can be read says which slot users came from.
  - Fails where there is nothing to go back to, where the slot is not healthy, and where another release holds the lock.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
  - bluegreen.release.estate.hosts
  - bluegreen.release.estate.looks
options:
  to:
    description: Id of the release that users are to go back to; empty for the one before the last.
    type: str
    default: ""
  force:
    description: Go back although the slot is not healthy.
    type: bool
    default: false
  takeover:
    description: Go back although another release holds the lock.
    type: bool
    default: false
  database:
    description: What is asked for the schema, V(auto), V(never) or V(always).
    type: str
    choices: [auto, never, always]
    default: auto
  unfinished:
    description: Go back only from a release that was not ended.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Decide
  bluegreen.release.rollback_plan:
    lb_hosts: [lb1, lb2]
    app_hosts: [app1]
    looks: look
    stamp: "{{ '1.0.0' | bluegreen.release.release_stamp('') }}"
  run_once: true
  register: plan
"""

RETURN = r"""
action:
  description: >-
    V(go_back), V(already_back) when an earlier rollback still holds, V(nothing) with O(unfinished=true) when no
    release was left in the middle, or V(drop) when a release took the lock and never began.
  type: str
  returned: success
slot:
  description: The slot that users belong on; empty where they were on none.
  type: str
  returned: success
version:
  description: The version that runs there.
  type: str
  returned: success
reason:
  description: Why, in words.
  type: str
  returned: success
notes:
  description: What was found on the way and stops nothing.
  type: list
  elements: str
  returned: success
wish:
  description: C(holder) and C(document), the wish for the lock; null where there is nothing to go back from.
  type: dict
  returned: success
ansible_facts:
  description: >-
    C(release_record_context), and what the tasks that take the lock and write the record read.
  type: dict
  returned: when something is to be done
"""
