# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of all that reads or writes lock and record; their types are RECORD in module_utils/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """The state directory, and how long to wait for the fence."""

    DOCUMENTATION = r"""
options:
  state_directory:
    description: The state directory of the application on the host.
    type: path
    required: true
  wait_seconds:
    description: How long to wait for another mutation on this host to end.
    type: float
    default: 60.0
"""
