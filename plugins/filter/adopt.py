# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of the role adopt: what was reached on every host, and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import adopt_outcome


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {
            "adopt_reached": adopt_outcome.reached,
            "adopt_undone": adopt_outcome.undone,
            "adopt_lines": adopt_outcome.adopted_lines,
            "adopt_report": adopt_outcome.report,
        }
