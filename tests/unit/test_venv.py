"""bin/_venv: a half-made or moved environment is never taken for a whole one, and a failed refresh breaks nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def ready(project: Path, level: str = "run") -> subprocess.CompletedProcess[str]:
    """Runs venv_ready as the commands in bin do."""
    return subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            f". bin/_venv; venv_ready {level}; python -c 'import sys; print(sys.prefix)'",
        ],
        cwd=project,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose environment was made from nothing."""
    project = tmp_path_factory.mktemp("project")
    (project / "bin").mkdir()
    shutil.copy(ROOT / "bin" / "_venv", project / "bin")
    (project / "requirements.txt").write_text("# nothing\n")
    (project / "requirements-dev.txt").write_text("-r requirements.txt\n")
    (project / "lab" / "application").mkdir(parents=True)
    (project / "lab" / "application" / "requirements.txt").write_text("# nothing\n")
    done = ready(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "making .venv" in done.stdout
    return project


@pytest.fixture
def project(made: Path) -> Path:
    """The made project, fresh again whatever the test before did to its files."""
    (made / "requirements.txt").write_text("# nothing\n")
    assert ready(made).returncode == 0
    return made


def test_a_fresh_one_is_used_as_it_is(project: Path) -> None:
    done = ready(project)
    assert done.stdout.splitlines() == [str(project / ".venv")]


def test_a_changed_requirement_and_a_higher_level_are_seen(project: Path) -> None:
    assert "requirements-dev.txt" in ready(project, "dev").stdout
    assert len(ready(project, "run").stdout.splitlines()) == 1, "dev holds all that run needs"
    (project / "requirements.txt").write_text("# nothing else\n")
    assert "bringing .venv up to requirements.txt" in ready(project).stdout


def test_a_refresh_that_fails_says_what_to_do_and_leaves_the_old_one(project: Path) -> None:
    before = (project / ".venv" / ".stamp").read_text()
    (project / "requirements.txt").write_text("no-such-package-here==1\n")
    done = ready(project)
    assert done.returncode == 1 and "PIP_CERT" in done.stderr
    assert (project / ".venv" / ".stamp").read_text() == before


@pytest.mark.parametrize("stamp", ["incomplete run {root}", "0123 run /moved/from/here"])
def test_an_interrupted_or_moved_one_is_made_anew(project: Path, stamp: str) -> None:
    (project / ".venv" / ".stamp").write_text(stamp.format(root=project) + "\n")
    (project / ".venv" / "left-over").touch()
    done = ready(project)
    assert done.returncode == 0 and "making .venv" in done.stdout
    assert not (project / ".venv" / "left-over").exists()


def test_an_old_python_is_refused(project: Path, tmp_path: Path) -> None:
    for name in ("python3", "python3.13", "python3.12", "python3.11"):
        (tmp_path / name).write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.9.2'\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", ". bin/_venv; _venv_python"],
        cwd=project,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "3.11 or newer; found: Python 3.9.2" in done.stderr
