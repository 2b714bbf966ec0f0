# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a first install begins."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.filter.nginx_initial_slot import FilterModule


@pytest.mark.parametrize(
    ("context", "slot"),
    [
        ({"first": True, "candidate": "blue"}, "green"),
        ({"first": True, "candidate": "green"}, "blue"),
        ({"first": False, "candidate": "green"}, ""),
        ({"candidate": "green"}, ""),
    ],
)
def test_initial_slot(context: dict[str, Any], slot: str) -> None:
    assert FilterModule().filters()["nginx_initial_slot"](context) == slot
