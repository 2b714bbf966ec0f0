# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What most modules can do; one that can do more or less says so itself."""

from __future__ import annotations


class ModuleDocFragment:
    """For a module that shows no difference and changes nothing the second time."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode without changing anything.
    support: full
  diff_mode:
    description: Has nothing to show as a difference.
    support: none
  idempotent:
    description: A second run changes nothing.
    support: full
"""

    READS = r"""
attributes:
  check_mode:
    description: The same in check mode.
    support: full
  diff_mode:
    description: Has nothing to show as a difference.
    support: none
  idempotent:
    description: Changes nothing.
    support: full
"""
