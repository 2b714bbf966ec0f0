# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of what is judged on the controller; their types are ESTATE in module_utils/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """The hosts and the image."""

    DOCUMENTATION = r"""
options:
  image:
    description: Image repository without tag.
    type: str
    required: true
  lb_hosts:
    description: The proxies.
    type: list
    elements: str
    required: true
  app_hosts:
    description: The application hosts.
    type: list
    elements: str
    required: true
"""
