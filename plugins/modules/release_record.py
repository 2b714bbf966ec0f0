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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.options import RECORD, Options
from ansible_collections.bluegreen.release.plugins.module_utils.record_writing import act

SPEC: Options = {
    **RECORD,
    "state": {"type": "str", "choices": ["present", "query"], "required": True},
    "document": {"type": "dict"},
    "epoch": {"type": "int"},
    "limit": {"type": "int", "default": 20},
}
REQUIRED_IF = [("state", "present", ("document", "epoch"))]


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    result = act(module.params, module.check_mode)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
