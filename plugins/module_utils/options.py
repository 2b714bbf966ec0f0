# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that several modules have. What they mean is told in plugins/doc_fragments/, under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.fence import DEFAULT_WAIT_SECONDS

Options = dict[str, dict[str, Any]]

FENCE: Options = {
    "state_directory": {"type": "path", "required": True},
    "epoch": {"type": "int", "required": True},
}
# Of modules that can also only look.
FENCE_TO_ACT: Options = {"state_directory": {"type": "path"}, "epoch": {"type": "int"}}
RECORD: Options = {
    "state_directory": {"type": "path", "required": True},
    "wait_seconds": {"type": "float", "default": DEFAULT_WAIT_SECONDS},
}
DOCKER: Options = {"docker_cli": {"type": "str", "default": "docker"}}
PROJECT: Options = {"project": {"type": "str", "required": True}}
PROXY: Options = {
    "probe_headers": {"type": "dict", "default": {}, "no_log": True},
    "front_headers": {"type": "dict", "default": {}},
    "slot_header": {"type": "str", "default": "X-Release-Slot"},
    "tls_name": {"type": "str", "default": ""},
    "ca": {"type": "path"},
    "prove_timeout_seconds": {"type": "float", "default": 10},
}
HOSTS: Options = {
    "lb_hosts": {"type": "list", "elements": "str", "required": True},
    "app_hosts": {"type": "list", "elements": "str", "required": True},
}
ESTATE: Options = {**HOSTS, "image": {"type": "str", "required": True}}
LOOKS: Options = {
    **HOSTS,
    "looks": {"type": "str", "required": True},
    "stamp": {"type": "dict", "required": True},
}


def host_names(params: Mapping[str, Any]) -> set[str]:
    """Values among the headers of a probe that are no secrets: hiding a host name would blot out every message with it.

    params: of a module with PROXY, or with such options in ``proxy``.
    """
    asked = [params, params.get("proxy") or {}]
    return {str((one.get("probe_headers") or {}).get("Host") or "") for one in asked} - {""}
