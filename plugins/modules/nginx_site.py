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
extends_documentation_fragment:
  - bluegreen.release.fence
  - bluegreen.release.proxy
description:
  - Judges the inputs, makes the directories and the first flag, writes the site and the preview file, has nginx test
    them, reloads, and proves over fresh connections that only the new generation answers.
  - Reloads only when a file changed, or when nginx runs another generation than the files.
  - Puts the former files back when nginx does not take the new ones. All of it under the fence of the host.
  - Files of others that the site replaces are kept before they are replaced, and put back by V(withdrawn).
  - Keeps the files of each generation, so that V(restored) can bring one back.
attributes:
  check_mode:
    support: full
    description: Says what would change. nginx does not test what was not written.
  diff_mode:
    support: full
    description: Shows the site; of the preview file only whether its content or mode changes.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  state:
    description: >-
      V(present) brings the site into effect. V(withdrawn) takes its files, flag and kept generations away, and puts
      what it replaced back. V(restored) brings the kept files of O(generation) back into effect.
    type: str
    choices: [present, withdrawn, restored]
    default: present
  generation:
    description: The generation to bring back; needed for V(restored).
    type: str
    default: ""
  site:
    description: >-
      Content of the site file, or of the file for the http level, with C(@GENERATION@) where its generation goes, and
      C(@HTTP2_LISTEN@) and C(@HTTP2_ON@) where HTTP/2 does. Needed for V(present).
    type: str
    default: ""
  site_file:
    description: Path of the site file (0644).
    type: path
    required: true
  server:
    description: Content of a file that the user's own server includes; empty when the site is a whole one.
    type: str
    default: ""
  server_file:
    description: Path of that file (0644); empty when the site is a whole one.
    type: str
    default: ""
  former_files:
    description: Other files that this collection may have written for the application; they go away when it did.
    type: list
    elements: path
    default: []
  preview:
    description: Content of the file that holds the preview secret. Needed for V(present).
    type: str
    default: ""
  preview_file:
    description: Path of the preview file (0600).
    type: path
    required: true
  replaces:
    description: >-
      Paths of files of others with their new content, in the same transaction; an empty text takes the file away.
    type: dict
    default: {}
  inputs:
    description: What the contents were rendered from; judged before anything is written. Needed for V(present).
    type: dict
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
  peers:
    description: The other proxies, each with C(host) and C(address); the start guard asks them.
    type: list
    elements: dict
    default: []
  guard_file:
    description: >-
      Path of a drop-in (0644) of the unit of systemd that runs nginx. Before nginx starts, a proxy that was away while
      users were moved follows the other proxies. Empty for no guard.
    type: str
    default: ""
  guard_directory:
    description: >-
      Directory of the guard and its settings, where only root can write, since root runs it. Needed for
      O(guard_file).
    type: str
    default: ""
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
    description: Directory of the host's fence; made when missing.
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
  front_url:
    description: A URL of the front door on this proxy; its answers must name a slot. Needed for V(present).
    type: str
    default: ""
  prove_seconds:
    description: For how long on end every answer must be of the new generation.
    type: float
    default: 0.3
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
    front_url: http://127.0.0.1:80/
    front_headers: {Host: shop.example}

- name: Bring the files of an earlier generation back
  become: true
  bluegreen.release.nginx_site:
    state: restored
    generation: 0123456789abcdef
    site_file: /etc/nginx/conf.d/shop.conf
    preview_file: /etc/nginx/bluegreen/shop-preview.conf
    flags_directory: /var/lib/bluegreen/shop/flags
    state_directory: /var/lib/bluegreen/shop
    epoch: 7
    probe_url: http://127.0.0.1:80/.bluegreen/slot
"""

RETURN = r"""
generation:
  description: Names the configuration; the same as long as nothing in it changes.
  type: str
  returned: when the inputs are good, and state is not withdrawn
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
  description: Directories, flags and kept generations that were made.
  type: list
  elements: str
  returned: when the inputs are good
replaced:
  description: Paths of others' files that were kept and replaced by this run.
  type: list
  elements: str
  returned: when the inputs are good
put_back:
  description: Paths of others' files that are back.
  type: list
  elements: str
  returned: state is withdrawn
missing:
  description: Whether the files of the generation are not kept on this host, so that nothing was done.
  type: bool
  returned: state is restored
proof:
  description: requests made, first and last seen, last_other_seconds, seconds, found, proved.
  type: dict
  returned: when nginx was reloaded
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError, CommandResult, Nginx
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_generations import GenerationError
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_run import Run
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_siting import Site
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_undoing import Restoration, Withdrawal
from ansible_collections.bluegreen.release.plugins.module_utils.options import FENCE, PROXY, host_names

STATES: dict[str, type[Run]] = {"present": Site, "withdrawn": Withdrawal, "restored": Restoration}


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
        **FENCE,
        **PROXY,
        "state": {"type": "str", "choices": list(STATES), "default": "present"},
        "generation": {"type": "str", "default": ""},
        "site": {"type": "str", "default": ""},
        "site_file": {"type": "path", "required": True},
        "server": {"type": "str", "default": ""},
        "server_file": {"type": "str", "default": ""},
        "former_files": {"type": "list", "elements": "path", "default": []},
        "preview": {"type": "str", "default": "", "no_log": True},
        "preview_file": {"type": "path", "required": True},
        "replaces": {"type": "dict", "default": {}},
        "inputs": {"type": "dict", "options": _inputs_spec()},
        "peers": {"type": "list", "elements": "dict", "default": []},
        "guard_file": {"type": "str", "default": ""},
        "guard_directory": {"type": "str", "default": ""},
        "flags_directory": {"type": "path", "required": True},
        "initial_slot": {"type": "str", "choices": ["", "blue", "green"], "default": ""},
        "owner": {"type": "str", "default": ""},
        "fence_wait_seconds": {"type": "float", "default": 30},
        "test_command": {"type": "list", "elements": "str", "default": ["nginx", "-t"]},
        "reload_command": {"type": "list", "elements": "str", "default": ["nginx", "-s", "reload"]},
        "probe_url": {"type": "str", "required": True},
        "front_url": {"type": "str", "default": ""},
        "prove_seconds": {"type": "float", "default": 0.3},
    }


def _nginx(module: AnsibleModule) -> Nginx:
    def run(command: list[str]) -> CommandResult:
        return CommandResult(*module.run_command(command, errors="replace"))

    return Nginx(
        run=run,
        test_command=module.params["test_command"],
        reload_command=module.params["reload_command"],
        prove_seconds=module.params["prove_seconds"],
        timeout_seconds=module.params["prove_timeout_seconds"],
    )


def main() -> None:
    """Wiring."""
    module = AnsibleModule(
        argument_spec=_argument_spec(),
        required_if=[
            ("state", "present", ["site", "preview", "inputs", "front_url"]),
            ("state", "restored", ["generation"]),
        ],
        supports_check_mode=True,
    )
    module.no_log_values -= host_names(module.params)
    run = STATES[module.params["state"]](module.params, _nginx(module), module.check_mode)
    try:
        run.run()
    except (ApplyError, GenerationError, FenceError, OSError, KeyError) as error:
        module.fail_json(msg=str(error), **run.result)
    module.exit_json(**run.result)


if __name__ == "__main__":
    main()
