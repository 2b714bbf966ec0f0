# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Going back from a migration that the old version does not survive: nobody is moved before the schema is back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.roles.test_rollback import RENAME, migrated, port, ran, roll_back

BACK = json.dumps({"migration_commands": {"current": ["m", "current"], "downgrade": ["m", "down"]}})
TOUCHED = ("Stop the containers of the candidate", "Wait until nobody is connected to the candidate", "Downgrade")

__all__ = ["port"]


@pytest.mark.parametrize(
    ("last", "where"), [("migrating", "THE DOOR STAYS CLOSED"), ("switched", "Users stay on 1.0.0")]
)
def test_without_a_downgrade_nothing_is_touched_and_nobody_is_moved(
    tmp_path: Path, port: int, last: str, where: str
) -> None:
    estate = migrated(tmp_path, last)
    rc, output = roll_back(estate, port)
    said = " ".join(output.split())
    assert rc != 0 and "found no command and 0001" in said and where in said, output
    steps = ran(output)
    assert RENAME not in steps and "Close the door" not in [name.split(" | ")[-1] for name in steps]
    assert estate.records("lb1")[-1]["phase"] == last


def test_a_door_that_cannot_be_closed_leaves_the_candidate_to_its_users(tmp_path: Path, port: int) -> None:
    """There is no nginx here to say that it is closed."""
    estate = migrated(tmp_path, "switched")
    rc, output = roll_back(estate, port, "-e", BACK)
    said = " ".join(output.split())
    assert rc != 0 and "the door is not proved to be closed at lb1, lb2" in said, output
    assert "does not work on the migrated database, so nobody was moved" in said
    assert not set(TOUCHED) & set(ran(output)) and RENAME not in ran(output)


def test_until_the_migration_is_recorded_users_move_at_once(tmp_path: Path, port: int) -> None:
    estate = migrated(tmp_path, "provisioned")
    assert RENAME in ran(roll_back(estate, port, "-e", BACK)[1])
    never = tmp_path / "never"
    never.mkdir()
    estate = migrated(never, "switched")
    assert RENAME in ran(roll_back(estate, port, "-e", "rollback_database=never")[1])


def test_check_mode_says_that_users_would_wait_and_refuses_what_would_be_refused(tmp_path: Path, port: int) -> None:
    estate = migrated(tmp_path, "switched")
    _rc, output = roll_back(estate, port, "--check", "-e", BACK)
    said = " ".join(output.split())
    assert "0.9.0 does not survive the migrated schema: users would wait at the closed door" in said, output
    assert "Close the door" not in said and estate.records("lb1")[-1]["phase"] == "switched"
    rc, output = roll_back(estate, port, "--check")
    assert rc != 0 and "found no command and 0001" in " ".join(output.split())
