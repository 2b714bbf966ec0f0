# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the modules that call Docker; their types are DOCKER and PROJECT in module_utils/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """PROJECT for modules that look at one compose project."""

    DOCUMENTATION = r"""
options:
  docker_cli:
    description: The Docker command.
    type: str
    default: docker
"""

    PROJECT = r"""
options:
  project:
    description: Name of the compose project.
    type: str
    required: true
"""
