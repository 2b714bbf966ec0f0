#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Move the users of one proxy to a slot by one rename, and prove it; or say where they are."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_switch
short_description: Move the users of a proxy to a slot without a reload
version_added: 0.1.0
author: bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.fence.to_act
  - bluegreen.release.proxy
description:
  - Renames C(live.blue) to C(live.green) or back, under the fence of the host, and proves over fresh connections
    through the front door of this very proxy that every answer then comes from the wanted slot.
  - Going back is the same task with the other slot. The module restores nothing by itself.
  - With V(closed) and V(opened) it renames C(door.open) to C(door.closed) or back. While the door is closed, nginx lets
    nobody to a slot; how, is in its configuration. A door that is not proved to be closed is opened again.
attributes:
  check_mode:
    support: full
    description: Says whether the flag would be renamed; nothing is renamed and nothing is proved.
  diff_mode:
    support: full
    description: Shows the name of the flag before and after.
  idempotent:
    support: full
    description: A slot that is live already is proved to be so, and nothing changes.
options:
  state:
    description: >-
      V(query) reads and never changes anything; V(switched) makes O(slot) live, and then opens a door that is closed;
      V(closed) and V(opened) move the door alone.
    type: str
    choices: [switched, query, closed, opened]
    default: switched
  slot:
    description: The slot to make live.
    type: str
    choices: [blue, green]
  flags_directory:
    description: Directory that holds the flag.
    type: path
    required: true
  document:
    description: >-
      A record to store before the flag is renamed, with its checksum and of O(epoch). One that cannot be stored is told
      in RV(stored) and stops nothing: the rename works on a full disk. Behind the proof, an event says in C(spool) of
      the state directory whether users are there.
    type: dict
  fence_wait_seconds:
    description: How long to wait for another mutation of this host to end.
    type: float
    default: 10
  probe_url:
    description: Where nginx says which flag its workers see, for example C(http://127.0.0.1:80/.bluegreen/slot).
    type: str
    required: true
  front_url:
    description: A URL of the front door on this proxy; needed to switch.
    type: str
  prove_seconds:
    description: For how long on end every answer must come from the slot.
    type: float
    default: 0.5
  at:
    description: Instant of the rename in seconds since 1970, so that many proxies act together; at most 60 s ahead.
    type: float
"""

EXAMPLES = r"""
- name: Move users to green
  bluegreen.release.nginx_switch:
    slot: green
    flags_directory: /var/lib/bluegreen/shop/flags
    state_directory: /var/lib/bluegreen/shop
    epoch: 7
    probe_url: http://127.0.0.1:80/.bluegreen/slot
    probe_headers:
      Host: green.shop.example
      X-Release-Preview: "{{ vault_preview_secret }}"
    front_url: http://127.0.0.1:80/
    front_headers:
      Host: shop.example
"""

RETURN = r"""
file:
  description: What the files say, V(blue), V(green), V(none) or V(unknown); after a switch, the new state.
  type: str
  returned: always
probe:
  description: What nginx's workers see, V(blue), V(green), V(unknown) or V(unreachable). Read before a switch.
  type: str
  returned: always
probe_reason:
  description: Why the probe is unreachable; empty otherwise.
  type: str
  returned: always
generation:
  description: Generation of the configuration that nginx runs; empty when unreachable.
  type: str
  returned: always
agree:
  description: Whether files and workers named the same slot. Read before a switch.
  type: bool
  returned: always
door:
  description: What the files say of the door, V(open) or V(closed); after it was moved, the new state.
  type: str
  returned: always
door_seen:
  description: >-
    What nginx's workers see of the door, V(open) or V(closed). Empty when unreachable, or configured without a door.
  type: str
  returned: always
door_since:
  description: When the door was closed, seconds since 1970; null where it is open, or nothing says it.
  type: float
  returned: always
held_seconds:
  description: For how long the door was closed; null where nothing says it.
  type: float
  returned: the door was opened
stored:
  description: >-
    release_id and sequence of the record that is stored, with done true; msg with the reason where it is not.
  type: dict
  returned: O(document) is given
renamed_at:
  description: Instant of the rename, seconds since 1970; null when nothing was renamed.
  type: float
  returned: state is switched
proof:
  description: >-
    requests made, wanted (from the slot), first and last seen, last_other and last_other_seconds (the last answer that
    was not from the slot, seconds after the rename), seconds, found (count of each), proved.
  type: dict
  returned: not query and not check mode
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_switching import act
from ansible_collections.bluegreen.release.plugins.module_utils.options import FENCE_TO_ACT, PROXY, Options, host_names

SPEC: Options = {
    **FENCE_TO_ACT,
    **PROXY,
    "state": {"type": "str", "choices": ["switched", "query", "closed", "opened"], "default": "switched"},
    "slot": {"type": "str", "choices": ["blue", "green"]},
    "flags_directory": {"type": "path", "required": True},
    "document": {"type": "dict"},
    "fence_wait_seconds": {"type": "float", "default": 10},
    "probe_url": {"type": "str", "required": True},
    "front_url": {"type": "str"},
    "prove_seconds": {"type": "float", "default": 0.5},
    "at": {"type": "float"},
}
REQUIRED_IF = [
    ("state", "switched", ["slot", "state_directory", "epoch", "front_url"]),
    ("state", "closed", ["state_directory", "epoch"]),
    ("state", "opened", ["state_directory", "epoch"]),
]


def main() -> None:
    """Wiring."""
    module = AnsibleModule(argument_spec=SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    module.no_log_values -= host_names(module.params)
    result = act(module.params, module.check_mode)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
