# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of the role adopt: what was reached on every host, and how it is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import adopt_outcome


def digests(environment: Mapping[str, Any]) -> dict[str, str]:
    """The sha256 of every value of *environment*: enough to say which a container has otherwise, and nothing more."""
    return {name: hashlib.sha256(str(value).encode()).hexdigest() for name, value in environment.items()}


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {
            "adopt_digests": digests,
            "adopt_reached": adopt_outcome.reached,
            "adopt_undone": adopt_outcome.undone,
            "adopt_lines": adopt_outcome.adopted_lines,
            "adopt_report": adopt_outcome.report,
        }
