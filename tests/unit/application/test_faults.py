# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults follow their files."""

from __future__ import annotations

from pathlib import Path

import pytest
from samokoder import faults as module
from samokoder.faults import Faults


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the directory at every asking."""
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)


def test_no_directory_is_no_fault(tmp_path: Path) -> None:
    assert Faults(tmp_path / "none").active() == {}


def test_a_file_turns_a_fault_on_and_off(tmp_path: Path) -> None:
    faults = Faults(tmp_path)
    (tmp_path / "errors").touch()
    assert faults.active() == {"errors": 1.0}
    (tmp_path / "errors").unlink()
    assert faults.active() == {}


def test_a_directory_that_appears_later_counts(tmp_path: Path) -> None:
    faults = Faults(tmp_path / "1.0.0")
    assert not faults.hits("errors")
    (tmp_path / "1.0.0").mkdir()
    (tmp_path / "1.0.0" / "errors").touch()
    assert faults.hits("errors")


def test_the_text_is_the_amount_and_nonsense_the_default(tmp_path: Path) -> None:
    (tmp_path / "latency").write_text("0.25\n")
    (tmp_path / "slow_boot").write_text("soon")
    assert Faults(tmp_path).active() == {"latency": 0.25, "slow_boot": 15.0}


def test_unknown_files_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "README").touch()
    assert Faults(tmp_path).active() == {}


def test_a_share_strikes_in_that_share(tmp_path: Path) -> None:
    (tmp_path / "errors").write_text("0.2")
    faults = Faults(tmp_path)
    struck = sum(faults.hits("errors") for _ in range(2000))
    assert 250 < struck < 550


def test_asking_again_soon_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 60.0)
    faults = Faults(tmp_path)
    assert faults.active() == {}
    (tmp_path / "errors").touch()
    assert faults.active() == {}
