# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How nginx is called on a proxy, and how a proxy reaches itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_local import local_url

DOCUMENTATION = r"""
name: nginx_command
short_description: The command that calls nginx on a proxy
version_added: 0.1.0
author: bluegreen.release maintainers (@bluegreen-release)
description:
  - Nginx itself, or C(docker exec) of its container.
positional: _arguments
options:
  _input:
    description: Name of the container that nginx runs in; empty when it runs on the host.
    type: str
    required: true
  _arguments:
    description: Arguments of nginx.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Show how nginx is tested
  ansible.builtin.debug:
    msg: "{{ 'proxy' | bluegreen.release.nginx_command('-t') }}"
"""

RETURN = r"""
_value:
  description: The command and its arguments.
  type: list
  elements: str
"""


def nginx_command(container: str, *arguments: str) -> list[str]:
    """The command with its arguments."""
    return [*(["docker", "exec", container] if container else []), "nginx", *arguments]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"nginx_command": nginx_command, "nginx_local_url": local_url}
