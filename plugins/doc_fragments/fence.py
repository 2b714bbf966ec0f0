# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the modules that change a host under its fence; their types are FENCE in module_utils/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """DOCUMENTATION for modules that always act, TO_ACT for those that can also only look."""

    DOCUMENTATION = r"""
options:
  state_directory:
    description: Directory of the host's fence.
    type: path
    required: true
  epoch:
    description: Epoch of this run's lock; a lower one than the host has seen is refused.
    type: int
    required: true
"""

    TO_ACT = r"""
options:
  state_directory:
    description: Directory of the host's fence. Needed to act.
    type: path
  epoch:
    description: Epoch of this run's lock; a lower one than the host has seen is refused. Needed to act.
    type: int
"""
