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


def test_nobody_waits_more_than_half_as_long_again_as_the_door_was_closed_and_a_little() -> None:
    waits = nginx_door_waits(30)
    assert waits[0] == 1444
    for number in range(1, len(waits)):
        assert sum(waits[: number + 1]) < 1.5 * sum(waits[:number]) + waits[0] + 2


def test_nginx_lets_a_request_change_its_location_so_often() -> None:
    """Ten times in all: into the first wait, from one to the next, out, and what is left for others."""
    assert len(nginx_door_waits(30)) + 1 <= 7


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="release_closed_door_seconds: expected more than 0"):
        nginx_door_waits(0)
