#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin reconcile_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reconcile_plan
short_description: Decide what brings every host to what the last record says
version_added: 0.1.0
description:
  - Decides on the controller from what M(bluegreen.release.rollback_look) registered on every host that answered.
  - A run that is at work is left alone. A rollback that was not ended is to be ended; a proxy that serves another slot
    than the closed record says, or that does not have that record, is to be brought there.
  - Fails where a person is needed, for example when a release was left in the middle.
author:
  - bluegreen.release maintainers
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
  - bluegreen.release.estate.hosts
  - bluegreen.release.estate.looks
options:
  patience_seconds:
    description: For how long after its last step a run counts as at work.
    type: float
    default: 600
"""

EXAMPLES = r"""
- name: Decide
  bluegreen.release.reconcile_plan:
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
    V(nothing), V(busy), V(go_back) (end a rollback), V(bring) (every proxy to the slot of the record) or V(drop) (the
    lock of a release that never began).
  type: str
  returned: success
slot:
  description: The slot that users belong on; empty where no record says it.
  type: str
  returned: success
reason:
  description: Why, in words.
  type: str
  returned: success
moves:
  description: Proxies that serve another slot.
  type: list
  elements: str
  returned: success
silent:
  description: Hosts that did not answer.
  type: list
  elements: str
  returned: success
notes:
  description: What was found on the way and stops nothing.
  type: list
  elements: str
  returned: success
wish:
  description: C(holder) and C(document), the wish for the lock; null where nothing is to be done.
  type: dict
  returned: success
ansible_facts:
  description: >-
    C(release_record_context), and what the tasks that take the lock and write the record read.
  type: dict
  returned: when something is to be done
"""
