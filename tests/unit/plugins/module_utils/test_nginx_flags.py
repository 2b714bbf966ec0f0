# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The flag: what is read from it, and that only one rename moves it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import (
    FlagsError,
    other_slot,
    read_flags,
    settle,
    switch_flag,
)


@pytest.mark.parametrize(
    ("names", "state"),
    [
        ([], "none"),
        (["live.blue"], "blue"),
        (["live.green"], "green"),
        (["live.blue", "live.green"], "unknown"),
        (["other"], "none"),
    ],
)
def test_read(tmp_path: Path, names: list[str], state: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert read_flags(str(tmp_path)) == state


def test_read_missing_directory_is_none(tmp_path: Path) -> None:
    assert read_flags(str(tmp_path / "missing")) == "none"


def test_read_directory_in_place_of_a_flag_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "live.blue").mkdir()
    assert read_flags(str(tmp_path)) == "unknown"


def test_read_what_cannot_be_looked_at_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert read_flags(str(tmp_path / "file")) == "unknown"


def test_switch_keeps_the_very_file(tmp_path: Path) -> None:
    (tmp_path / "live.blue").touch()
    inode = (tmp_path / "live.blue").stat().st_ino
    switch_flag(str(tmp_path), "green")
    assert [path.name for path in tmp_path.iterdir()] == ["live.green"]
    assert (tmp_path / "live.green").stat().st_ino == inode


@pytest.mark.parametrize("names", [[], ["live.green"], ["live.blue", "live.green"]])
def test_switch_refuses_any_other_state(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(FlagsError, match="nothing was moved"):
        switch_flag(str(tmp_path), "green")
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_other_slot() -> None:
    assert (other_slot("blue"), other_slot("green")) == ("green", "blue")
    with pytest.raises(ValueError, match="not in tuple"):
        other_slot("red")


def test_settle_says_why_it_could_not(tmp_path: Path) -> None:
    assert settle(str(tmp_path)) == ""
    assert "No such file" in settle(str(tmp_path / "missing"))
