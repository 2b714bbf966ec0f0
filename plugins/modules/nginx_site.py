#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring the nginx site of an application into effect and prove that it is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_site
short_description: Bring the nginx site of an application into effect, and prove it
version_added: 0.1.0
author: bluegreen.release maintainers (@bluegreen-release)
description:
  - Judges the inputs, makes the directories and the first flag, writes the site and the preview file, has nginx test
    them, reloads, and proves over fresh connections that only the new generation answers.
  - Reloads only when a file changed, or when nginx runs another generation than the files.
  - Puts the former files back when nginx does not take the new ones. All of it under the fence of the host.
attributes:
  check_mode:
    support: full
    description: Says what would change. nginx does not test what was not written.
  diff_mode:
    support: full
    description: Shows the site; of the preview file only whether its content or mode changes.
  idempotent:
    support: full
options:
  site:
    description: Content of the site file, with C(@GENERATION@) where its generation goes.
    type: str
    required: true
  site_file:
    description: Path of the site file (0644).
    type: path
    required: true
  preview:
    description: Content of the file that holds the preview secret.
    type: str
    required: true
  preview_file:
    description: Path of the preview file (0600).
    type: path
    required: true
  inputs:
    description: What the two contents were rendered from; judged before anything is written.
    type: dict
    required: true
    suboptions:
      application:
        description: Name of the application.
        type: str
        required: true
      slots:
        description: The slots and their ports.
        type: dict
        required: true
      instances:
        description: Hosts of the application, each with C(host) and C(address).
        type: list
        elements: dict
        required: true
      server_names:
        description: Names that users ask for.
        type: list
        elements: str
        required: true
      preview_server_name:
        description: Name of the preview.
        type: str
        required: true
      preview_addresses:
        description: Networks that may reach the preview.
        type: list
        elements: str
        default: []
      preview_secret:
        description: Secret of the preview.
        type: str
        required: true
  flags_directory:
    description: Directory of the flag; made when missing.
    type: path
    required: true
  initial_slot:
    description: The slot that a host without a flag is told to serve; empty refuses such a host.
    type: str
    default: ""
    choices: ["", blue, green]
  owner:
    description: >-
      User that owns the directories made here; empty means the owner of the state directory, or the user behind sudo.
    type: str
    default: ""
  state_directory:
    description: Directory of the fence; made when missing.
    type: path
    required: true
  epoch:
    description: Epoch of the release lock; a lower one than the host has seen is refused.
    type: int
    required: true
  fence_wait_seconds:
    description: How long to wait for another mutation of this host to end.
    type: float
    default: 30
  test_command:
    description: Command by which nginx tests its configuration.
    type: list
    elements: str
    default: [nginx, -t]
  reload_command:
    description: Command by which nginx reloads.
    type: list
    elements: str
    default: [nginx, -s, reload]
  probe_url:
    description: Where nginx says its generation.
    type: str
    required: true
  probe_headers:
    description: Headers of the probe request, C(Host) and the secret. The secret is never shown.
    type: dict
    default: {}
  prove_seconds:
    description: For how long on end every answer must be of the new generation.
    type: float
    default: 0.3
  prove_timeout_seconds:
    description: When to give up the proof.
    type: float
    default: 10
"""

EXAMPLES = r"""
- name: Bring the site into effect
  become: true
  bluegreen.release.nginx_site:
    site: "{{ lookup('ansible.builtin.template', 'site.conf.j2') }}"
    site_file: /etc/nginx/conf.d/shop.conf
    preview: "{{ lookup('ansible.builtin.template', 'preview.conf.j2') }}"
    preview_file: /etc/nginx/bluegreen/shop-preview.conf
    inputs:
      application: shop
      slots: {blue: {port: 8001}, green: {port: 8002}}
      instances: [{host: app1, address: 192.0.2.11}]
      server_names: [shop.example]
      preview_server_name: green.shop.example
      preview_secret: "{{ vault_preview_secret }}"
    flags_directory: /var/lib/bluegreen/shop/flags
    state_directory: /var/lib/bluegreen/shop
    epoch: 7
    probe_url: http://127.0.0.1:80/.bluegreen/slot
    probe_headers: {Host: green.shop.example, X-Release-Preview: "{{ vault_preview_secret }}"}
"""

RETURN = r"""
generation:
  description: Names the configuration; the same as long as nothing in it changes.
  type: str
  returned: when the inputs are good
reloaded:
  description: Whether nginx was reloaded.
  type: bool
  returned: when the inputs are good
files:
  description: Paths of the files that changed.
  type: list
  elements: str
  returned: when the inputs are good
made:
  description: Directories and flags that were made.
  type: list
  elements: str
  returned: when the inputs are good
proof:
  description: requests made, first and last seen, last_other_seconds, seconds, found, proved.
  type: dict
  returned: when nginx was reloaded
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import (
    ApplyError,
    CommandResult,
    Nginx,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_probe import look_at_generation
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_siting import Site


def _inputs_spec() -> dict[str, Any]:
    return {
        "application": {"type": "str", "required": True},
        "slots": {"type": "dict", "required": True},
        "instances": {"type": "list", "elements": "dict", "required": True},
        "server_names": {"type": "list", "elements": "str", "required": True},
        "preview_server_name": {"type": "str", "required": True},
        "preview_addresses": {"type": "list", "elements": "str", "default": []},
        "preview_secret": {"type": "str", "required": True, "no_log": True},
    }


def _argument_spec() -> dict[str, Any]:
    return {
        "site": {"type": "str", "required": True},
        "site_file": {"type": "path", "required": True},
        "preview": {"type": "str", "required": True, "no_log": True},
        "preview_file": {"type": "path", "required": True},
        "inputs": {"type": "dict", "required": True, "options": _inputs_spec()},
        "flags_directory": {"type": "path", "required": True},
        "initial_slot": {"type": "str", "choices": ["", "blue", "green"], "default": ""},
        "owner": {"type": "str", "default": ""},
        "state_directory": {"type": "path", "required": True},
        "epoch": {"type": "int", "required": True},
        "fence_wait_seconds": {"type": "float", "default": 30},
        "test_command": {"type": "list", "elements": "str", "default": ["nginx", "-t"]},
        "reload_command": {"type": "list", "elements": "str", "default": ["nginx", "-s", "reload"]},
        "probe_url": {"type": "str", "required": True},
        "probe_headers": {"type": "dict", "default": {}, "no_log": True},
        "prove_seconds": {"type": "float", "default": 0.3},
        "prove_timeout_seconds": {"type": "float", "default": 10},
    }


def _nginx(module: AnsibleModule) -> Nginx:
    def run(command: list[str]) -> CommandResult:
        code, out, err = module.run_command(command)
        return CommandResult(code, out + err)

    return Nginx(
        run=run,
        test_command=module.params["test_command"],
        reload_command=module.params["reload_command"],
        look=look_at_generation(module.params["probe_url"], module.params["probe_headers"]),
        prove_seconds=module.params["prove_seconds"],
        timeout_seconds=module.params["prove_timeout_seconds"],
    )


def main() -> None:
    """Wiring."""
    module = AnsibleModule(argument_spec=_argument_spec(), supports_check_mode=True)
    # A host name is no secret; hiding it would blot out every message that names it.
    module.no_log_values.discard(module.params["probe_headers"].get("Host"))
    site = Site(module.params, _nginx(module), module.check_mode)
    try:
        site.run()
    except (ApplyError, FenceError, OSError, KeyError) as error:
        module.fail_json(msg=str(error), **site.result)
    module.exit_json(**site.result)


if __name__ == "__main__":
    main()
