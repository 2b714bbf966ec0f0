# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of what is judged on the controller; their types are HOSTS, ESTATE and LOOKS in module_utils/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """The hosts, the image, and what was seen when users are to go back."""

    DOCUMENTATION = r"""
options:
  image:
    description: Image repository without tag.
    type: str
    required: true
"""

    HOSTS = r"""
options:
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

    LOOKS = r"""
options:
  looks:
    description: Name of the variable that the looks were registered under; their fact is read as well.
    type: str
    required: true
  stamp:
    description: When and who, as the filter P(bluegreen.release.release_stamp#filter) gives it.
    type: dict
    required: true
"""
