# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab import state
from lab.errors import LabError
from lab.images import folder_hash
from lab.settings import Settings


def test_a_file_is_replaced_only_when_it_changes_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.json"
    assert state.write_json(path, {"a": 1})
    assert not state.write_json(path, {"a": 1})
    assert state.read_json(path) == {"a": 1}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["x.json"]


def test_secrets_are_made_once(tmp_path: Path) -> None:
    settings = Settings("test", 8080, tmp_path / "test")
    first = state.ensure_secrets(settings)
    assert state.ensure_secrets(settings) == first
    assert len(set(first.values())) == len(first)


def test_a_second_command_is_refused_and_told_who_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings("test", 8080, tmp_path / "test")
    monkeypatch.setattr(state, "_LOCK_WAIT_SECONDS", 0.3)
    with state.exclusive(settings, "up"):
        with pytest.raises(LabError, match="bin/lab up, process"), state.exclusive(settings, "reset"):
            pass
        with state.exclusive(Settings("other", 8080, tmp_path / "other"), "reset"):
            pass
    with state.exclusive(settings, "reset"):
        pass


def test_the_hash_follows_content_names_and_modes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    seen = [folder_hash(tmp_path)]
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert folder_hash(tmp_path) == seen[0]
    (tmp_path / "a").write_text("2")
    seen.append(folder_hash(tmp_path))
    (tmp_path / "a").chmod(0o755)
    seen.append(folder_hash(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    seen.append(folder_hash(tmp_path))
    assert len(set(seen)) == len(seen)


def test_an_inventory_of_a_lab_that_is_not_up_says_how_to_bring_it_up(tmp_path: Path) -> None:
    script = Path(state.__file__).parent.parent / "inventories/lab/hosts.py"
    environment = {"LAB_NAME": "nowhere", "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, script, "--list"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "LAB_NAME=nowhere bin/lab up" in done.stderr
