# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long a request waits behind the closed door."""

from __future__ import annotations

import pytest
from ansible_collections.bluegreen.release.plugins.filter.nginx_door_waits import FilterModule, nginx_door_waits


@pytest.mark.parametrize("seconds", [1, 7, 30, 0.5])
def test_the_waits_are_together_the_longest_wait(seconds: float) -> None:
    waits = FilterModule().filters()["nginx_door_waits"](seconds)
    assert sum(waits) == 1000 * seconds and min(waits) > 0


def test_nginx_looks_at_the_door_at_even_distances() -> None:
    assert nginx_door_waits(30) == [3750] * 8
    assert max(nginx_door_waits(7.001)) - min(nginx_door_waits(7.001)) <= 1


def test_nginx_lets_a_request_change_its_location_so_often() -> None:
    """Ten times in all: into each wait, and out; one is left for others."""
    assert len(nginx_door_waits(30)) + 1 == 9


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="release_closed_door_seconds: expected more than 0"):
        nginx_door_waits(0)
