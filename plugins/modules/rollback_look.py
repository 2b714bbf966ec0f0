#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that a host knows when users are to go back, in one look."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_look
short_description: Read all that going back needs of a host, at once
version_added: 0.1.0
description:
  - Reads what the host remembers of releases, where its nginx sends users, and how healthy both slots are, as far as it
    is asked for them. One task instead of three, because users wait for it.
  - Changes nothing and never fails over what it finds.
author:
  - bluegreen.release maintainers (@bluegreen-release)
extends_documentation_fragment:
  - bluegreen.release.attributes.reads
options:
  state_directory:
    description: The state directory of the application on the host.
    type: path
    required: true
  limit:
    description: How many closed records to return at most, newest first. Unfinished ones are always returned.
    type: int
    default: 20
  proxy:
    description: How nginx is asked, on a proxy; see M(bluegreen.release.nginx_switch). Empty elsewhere.
    type: dict
    default: {}
    options:
      flags_directory:
        description: Directory that holds the flag; without it nginx is not asked.
        type: path
      probe_url:
        description: Where nginx says which flag its workers see.
        type: str
      probe_headers:
        description: Headers of the probe request, C(Host) and the secret.
        type: dict
        default: {}
      tls_name:
        description: Name that the certificate must be for when the URL is https.
        type: str
        default: ""
      ca:
        description: File of the authorities that https is verified by.
        type: path
  slots:
    description: URL of each slot's instance on an application host, by the name of the slot. Empty elsewhere.
    type: dict
    default: {}
  steps:
    description: The health check, as the steps of M(bluegreen.release.http_steps). It is sent once to each slot.
    type: list
    elements: dict
    default: []
  version_header:
    description: Header in which the application names its version. Empty when it has none.
    type: str
    default: ""
  validate_certs:
    description: Whether the certificate of an instance is checked.
    type: bool
    default: true
  secrets:
    description: Values that must not be shown.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Look at an application host
  bluegreen.release.rollback_look:
    state_directory: /var/lib/bluegreen/shop
    slots:
      blue: http://127.0.0.1:8001
      green: http://127.0.0.1:8002
    steps:
      - name: health
        path: /health
"""

RETURN = r"""
record:
  description: What M(bluegreen.release.release_record) returns for a query.
  type: dict
  returned: always
proxy:
  description: What M(bluegreen.release.nginx_switch) returns for a query.
  type: dict
  returned: O(proxy) is given
slots:
  description: >-
    By slot C(passed), C(reason) (empty when it passed) and C(version) (empty when unknown). A slot that is silent for a
    second longer than the other is not waited for.
  type: dict
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.options import Options, host_names
from ansible_collections.bluegreen.release.plugins.module_utils.rollback_looking import act

_PROXY = {
    "flags_directory": {"type": "path"},
    "probe_url": {"type": "str"},
    "probe_headers": {"type": "dict", "default": {}, "no_log": True},
    "tls_name": {"type": "str", "default": ""},
    "ca": {"type": "path"},
}
SPEC: Options = {
    "state_directory": {"type": "path", "required": True},
    "limit": {"type": "int", "default": 20},
    "proxy": {"type": "dict", "default": {}, "options": _PROXY},
    "slots": {"type": "dict", "default": {}},
    "steps": {"type": "list", "elements": "dict", "default": []},
    "version_header": {"type": "str", "default": ""},
    "validate_certs": {"type": "bool", "default": True},
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
}
REQUIRED_IF: list[tuple[str, ...]] = []


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.no_log_values -= host_names(module.params)
    result = act(module.params, module.check_mode)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
