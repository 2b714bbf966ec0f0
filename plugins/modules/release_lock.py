#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take and release the release lock of a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_lock
short_description: Take or release the release lock of a host
version_added: 0.1.0
description:
  - One release at a time. Taking the lock raises the epoch of the host, so that every module of an earlier run is
    refused from then on. It is decided and done under the fence of the host, so of two takers exactly one wins.
  - A lock that another release holds is refused, unless O(takeover=true) or the record of that release is closed on
    this host (the run was killed between closing and releasing).
  - Taking also makes the folders of the state directory and installs the fence wrapper, and the program by which the
    tasks that users wait for in a rollback run without being sent. The state directory itself must exist and belong
    to the SSH user.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.record
options:
  state:
    description: What the lock shall be.
    type: str
    choices: [taken, released, query]
    required: true
  holder:
    description: >-
      Who takes the lock: C(release_id), C(user), C(host), C(job), C(mode), C(purpose), C(since), C(epoch).
      Required with O(state=taken).
    type: dict
  release_id:
    description: The release whose lock is dropped. Required with O(state=released).
    type: str
  epoch:
    description: The epoch of the run that drops the lock. Required with O(state=released).
    type: int
  takeover:
    description: Take the lock from another release.
    type: bool
    default: false
  decided:
    description: >-
      The host that decides has given the lock to this holder, so its epoch may be known here already, from what was
      done under it.
    type: bool
    default: false
  leftovers:
    description: >-
      Releases whose lock counts as left behind, because another host knows that their record is closed.
    type: list
    elements: str
    default: []
  folders:
    description: Folders to have in the state directory. Made when the lock is taken.
    type: list
    elements: str
    default: []
attributes:
  diff_mode:
    description: Returns what changed, or would change.
    support: full
  idempotent:
    description: Taking again with the same holder, or releasing again, changes nothing.
"""

EXAMPLES = r"""
- name: Take the lock
  bluegreen.release.release_lock:
    state: taken
    state_directory: /var/lib/bluegreen/shop
    folders: [records]
    holder:
      release_id: 20260131T235959Z-1.0.0-0a1b
      user: alice
      host: control1
      job: ""
      mode: run
      purpose: release 1.0.0
      since: "2026-01-31T23:59:59Z"
      epoch: 7

- name: Drop the lock
  bluegreen.release.release_lock:
    state: released
    state_directory: /var/lib/bluegreen/shop
    release_id: 20260131T235959Z-1.0.0-0a1b
    epoch: 7
"""

RETURN = r"""
done:
  description: True when the lock is as asked; absent when the task failed, whatever C(failed_when) made of it.
  returned: O(state=taken) or O(state=released)
  type: bool
refused:
  description: Whether another release or another run has the lock. The task fails then.
  returned: O(state=taken)
  type: bool
note:
  description: What is worth telling, for example from whom the lock was taken over. Empty when nothing is.
  returned: O(state=taken) or O(state=released)
  type: str
document:
  description: The record of the release as this host had it when the lock was taken, null when it had none.
  returned: O(state=taken)
  type: dict
lock:
  description: Who holds the lock now, null when nobody does.
  returned: always
  type: dict
lock_phase:
  description: The phase of the release that holds the lock, null when this host has no record of it.
  returned: O(state=query)
  type: str
epoch:
  description: The highest epoch this host has seen.
  returned: always
  type: int
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import resident
from ansible_collections.bluegreen.release.plugins.module_utils.lock_taking import act
from ansible_collections.bluegreen.release.plugins.module_utils.options import RECORD, Options

SPEC: Options = {
    **RECORD,
    "state": {"type": "str", "choices": ["taken", "released", "query"], "required": True},
    "holder": {"type": "dict"},
    "release_id": {"type": "str"},
    "epoch": {"type": "int"},
    "takeover": {"type": "bool", "default": False},
    "decided": {"type": "bool", "default": False},
    "leftovers": {"type": "list", "elements": "str", "default": []},
    "folders": {"type": "list", "elements": "str", "default": []},
}
REQUIRED_IF = [("state", "taken", ("holder",)), ("state", "released", ("release_id", "epoch"))]


def install_resident(module: AnsibleModule, result: dict[str, Any]) -> None:
    """With a lock that was taken just now comes the program that a rollback asks; without it a rollback is slower."""
    if module.check_mode or module.params["state"] != "taken" or not result["changed"]:
        return
    try:
        resident.install(module.params["state_directory"])
    except OSError as error:
        module.warn(f"the program that makes a rollback quick could not be installed: {error}")


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    result = act(module.params, module.check_mode)
    if result.get("failed"):
        module.fail_json(**result)
    install_resident(module, result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
