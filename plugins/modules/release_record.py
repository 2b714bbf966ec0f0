#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only writer of release records."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_record
short_description: Read and write the records of releases on a host
version_added: 0.1.0
description:
  - A record is a JSON document with the history of one release. Every proxy keeps a copy of each.
  - With O(state=present) it writes one document, durably (temporary file, fsync, rename), under the fence of the host.
    It refuses a stale epoch, a record that is not newer than the stored one, an illegal history and a wrong checksum.
  - With O(state=query) it returns all that the host remembers and changes nothing. Files that cannot be
    read are named in RV(corrupt), not failed on.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes
  - bluegreen.release.record
options:
  state:
    description: Whether to write O(document) or only to read.
    type: str
    choices: [present, query]
    required: true
  document:
    description: The whole record, with its checksum. Required with O(state=present).
    type: dict
  epoch:
    description: The epoch of the lock that the run holds. Required with O(state=present).
    type: int
  limit:
    description: How many closed records to return at most, newest first. Unfinished ones are always returned.
    type: int
    default: 20
attributes:
  diff_mode:
    description: Returns what changed, or would change.
    support: full
  idempotent:
    description: Running it again with the same document changes nothing.
"""

EXAMPLES = r"""
- name: Read what the host remembers
  bluegreen.release.release_record:
    state: query
    state_directory: /var/lib/bluegreen/shop
  register: view

- name: Write the next record
  bluegreen.release.release_record:
    state: present
    state_directory: /var/lib/bluegreen/shop
    document: "{{ release_record_context.document }}"
    epoch: "{{ release_record_context.epoch }}"
"""

RETURN = r"""
done:
  description: True when the record is stored; absent when the task failed, whatever C(failed_when) made of it.
  returned: O(state=present)
  type: bool
release_id:
  description: The release whose record was written.
  returned: O(state=present)
  type: str
sequence:
  description: The sequence number that the stored record has now.
  returned: O(state=present)
  type: int
records:
  description: The valid records, newest release first.
  returned: O(state=query)
  type: list
  elements: dict
corrupt:
  description: Files that cannot be read or are not valid, each with C(file) and C(problem).
  returned: O(state=query)
  type: list
  elements: dict
lock:
  description: Who holds the release lock here, null when it is free.
  returned: O(state=query)
  type: dict
lock_phase:
  description: The phase of the release that holds the lock, null when this host has no record of it.
  returned: O(state=query)
  type: str
epoch:
  description: The highest epoch this host has seen, null when the file is damaged.
  returned: O(state=query)
  type: int
fence:
  description: The installed fence wrapper, its C(checksum) and whether it is C(current).
  returned: O(state=query)
  type: dict
directory:
  description: Whether the state directory is V(ready), V(missing), or V(foreign) (not writable for the SSH user).
  returned: O(state=query)
  type: str
python:
  description: The Python interpreter that ran the module.
  returned: O(state=query)
  type: str
uid:
  description: Numeric id of the user that ran the module.
  returned: O(state=query)
  type: int
gid:
  description: Numeric group id of that user.
  returned: O(state=query)
  type: int
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils import fence, record, state_directory
from ansible_collections.bluegreen.release.plugins.module_utils.options import RECORD


def write(params: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    """Write the record. Raises FenceError, RecordError or OSError, and then the old record is still there."""
    directory, wanted = params["state_directory"], params["document"]
    problems = record.validate(wanted)
    if not problems and wanted["epoch"] != params["epoch"]:
        problems = [f"expected a document of epoch {params['epoch']}, found one of epoch {wanted['epoch']}."]
    if problems:
        raise record.RecordError(f"The record is not valid: {' '.join(problems)}")
    path = state_directory.record_path(directory, wanted["release_id"])
    with fence.fenced(directory, params["epoch"], params["wait_seconds"], dry_run):
        stored, corrupt = state_directory.read_record(path)
        problem = record.compare(stored, wanted)
        if problem:
            raise record.RecordError(f"The record of {wanted['release_id']} was not written: {problem}")
        changed = stored is None or stored["checksum"] != wanted["checksum"]
        if changed and not dry_run:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            fence.write_durably(path, state_directory.as_file(wanted))
    before = "" if stored is None else state_directory.as_file(stored).decode()
    result = {"changed": changed, "done": True, "release_id": wanted["release_id"], "sequence": wanted["sequence"]}
    result["diff"] = {"before": before, "after": state_directory.as_file(wanted).decode(), "before_header": path}
    if corrupt:
        result["warnings"] = [f"{path} {corrupt}; it was replaced."]
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            **RECORD,
            "state": {"type": "str", "choices": ["present", "query"], "required": True},
            "document": {"type": "dict"},
            "epoch": {"type": "int"},
            "limit": {"type": "int", "default": 20},
        },
        required_if=[("state", "present", ("document", "epoch"))],
        supports_check_mode=True,
    )
    if module.params["state"] == "query":
        seen = state_directory.view(module.params["state_directory"], module.params["limit"])
        module.exit_json(changed=False, **seen)
    try:
        result = write(module.params, module.check_mode)
    except (fence.FenceError, record.RecordError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"expected to write the record in {module.params['state_directory']}, found: {error}. "
            "The old record is still there. Make room or correct the rights, then run again."
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
