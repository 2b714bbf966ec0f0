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
  - Taking also makes the folders of the state directory and installs the fence wrapper. The state directory
    itself must exist and belong to the SSH user.
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

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import (
    fence,
    lock,
    state_directory,
    transitions,
)
from ansible_collections.bluegreen.release.plugins.module_utils.options import RECORD


class Refused(Exception):
    """Somebody else has the lock."""


def _result(directory: str, before: dict[str, Any] | None, after: dict[str, Any] | None, epoch: int) -> dict[str, Any]:
    texts = [state_directory.as_file(holder).decode() if holder else "" for holder in (before, after)]
    header = os.path.join(directory, fence.HOLDER_FILE)
    return {
        "done": True,
        "lock": after,
        "epoch": epoch,
        "diff": {"before": texts[0], "after": texts[1], "before_header": header},
    }


def _store(directory: str, holder: dict[str, Any], folders: list[str]) -> None:
    # The epoch first: from here on every other run is refused, whatever happens to the rest.
    fence.store_epoch(directory, holder["epoch"])
    for folder in folders:
        os.makedirs(os.path.join(directory, folder), mode=0o755, exist_ok=True)
    state_directory.install_wrapper(directory, holder["epoch"])
    fence.write_durably(os.path.join(directory, fence.HOLDER_FILE), state_directory.as_file(holder))


def _decide(directory: str, params: dict[str, Any]) -> tuple[lock.Decision, dict[str, Any] | None]:
    holder, damage = state_directory.read_holder(directory)
    if damage and not params["takeover"]:
        raise Refused(
            f"expected to read who holds the release lock in {directory}/{fence.HOLDER_FILE}, found that it {damage}. "
            "See in playbooks/status.yml that no release runs, then take it with -e release_takeover=true."
        )
    phase, epoch = state_directory.holder_phase(directory, holder), fence.read_epoch(directory)
    if holder is not None and holder["release_id"] in params["leftovers"]:
        phase = transitions.CLOSED
    return lock.decide_take(params["holder"], holder, phase, epoch, params["takeover"], params["decided"]), holder


def take(params: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    """Take the lock. Raises Refused, FenceError or OSError."""
    directory, wanted = params["state_directory"], params["holder"]
    problem = lock.holder_problem(wanted)
    if problem:
        raise fence.FenceError(f"The wanted holder is not whole: {problem}.")
    if dry_run:
        decision, holder = _decide(directory, params)
        document = state_directory.record_of(directory, wanted["release_id"])
    else:
        with fence.flocked(directory, params["wait_seconds"]):
            decision, holder = _decide(directory, params)
            if decision.write:
                _store(directory, wanted, params["folders"])
            # The epoch is raised: no earlier run can write it here any more.
            document = state_directory.record_of(directory, wanted["release_id"])
    if decision.refusal:
        raise Refused(decision.refusal)
    result = _result(directory, holder, wanted, wanted["epoch"])
    return {"changed": decision.write, "refused": False, "note": decision.note, "document": document, **result}


def drop(params: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    """Release the lock when the release holds it. Raises FenceError or OSError."""
    directory, path = params["state_directory"], os.path.join(params["state_directory"], fence.HOLDER_FILE)
    with fence.fenced(directory, params["epoch"], params["wait_seconds"], dry_run):
        holder, damage = state_directory.read_holder(directory)
        decision = lock.decide_release(params["release_id"], holder)
        if decision.write and not dry_run:
            os.unlink(path)
    after = None if decision.write else holder
    note = f"left alone: {path} {damage}" if damage else decision.note
    return {"changed": decision.write, "note": note, **_result(directory, holder, after, params["epoch"])}


def query(params: dict[str, Any]) -> dict[str, Any]:
    """Who holds the lock. Raises FenceError when the epoch cannot be read."""
    holder, _damage = state_directory.read_holder(params["state_directory"])
    phase = state_directory.holder_phase(params["state_directory"], holder)
    return {
        "changed": False, "lock": holder, "lock_phase": phase, "epoch": fence.read_epoch(params["state_directory"]),
    }  # fmt: skip


def run(module: AnsibleModule) -> dict[str, Any]:
    """Do what state asks for."""
    if module.params["state"] == "query":
        return query(module.params)
    return (take if module.params["state"] == "taken" else drop)(module.params, module.check_mode)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            **RECORD,
            "state": {"type": "str", "choices": ["taken", "released", "query"], "required": True},
            "holder": {"type": "dict"},
            "release_id": {"type": "str"},
            "epoch": {"type": "int"},
            "takeover": {"type": "bool", "default": False},
            "decided": {"type": "bool", "default": False},
            "leftovers": {"type": "list", "elements": "str", "default": []},
            "folders": {"type": "list", "elements": "str", "default": []},
        },
        required_if=[("state", "taken", ("holder",)), ("state", "released", ("release_id", "epoch"))],
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except Refused as error:
        module.fail_json(msg=str(error), refused=True)
    except fence.FenceError as error:
        module.fail_json(msg=str(error), refused=False)
    except OSError as error:
        module.fail_json(
            msg=f"expected to write in {module.params['state_directory']}, found: {error}. Make room or correct the "
            "rights (it must belong to the SSH user), then run again.",
            refused=False,
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
