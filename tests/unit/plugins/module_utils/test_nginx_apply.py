# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing files into effect: the order of the acts, and what is put back after which failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import (
    ApplyError,
    CommandResult,
    Nginx,
    apply,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import FileSet, ManagedFile


class Fake:
    """An nginx that notes what is asked of it, with the file as it is then."""

    def __init__(self, site: Path, test_code: int = 0, reload_code: int = 0, runs: str = "new") -> None:
        self.site, self.codes, self.runs = site, {"test": test_code, "reload": reload_code}, runs
        self.acts: list[tuple[str, str]] = []

    def run(self, command: list[str]) -> CommandResult:
        self.acts.append((command[0], self.site.read_text()))
        return CommandResult(self.codes[command[0]], "line\n" * 20 + f"{command[0]} says so\n")

    def nginx(self) -> Nginx:
        return Nginx(self.run, ["test"], ["reload"], lambda _: self.runs, 0.01, 0.05)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site"
    path.write_text("old")
    return path


def wanted(site: Path) -> FileSet:
    return FileSet([ManagedFile(str(site), "new", 0o644)])


def test_test_then_reload_then_proof(site: Path) -> None:
    fake = Fake(site)
    assert apply(wanted(site), fake.nginx(), "new").proved
    assert fake.acts == [("test", "new"), ("reload", "new")]


def test_failed_test_never_reloads(site: Path) -> None:
    fake = Fake(site, test_code=1)
    with pytest.raises(ApplyError, match="test says so") as refused:
        apply(wanted(site), fake.nginx(), "new")
    assert fake.acts == [("test", "new")] and site.read_text() == "old"
    assert str(refused.value).count("line\n") == 9


def test_failed_reload_puts_back(site: Path) -> None:
    fake = Fake(site, reload_code=1)
    with pytest.raises(ApplyError, match="Is nginx running"):
        apply(wanted(site), fake.nginx(), "new")
    assert site.read_text() == "old"


def test_unproved_reload_puts_back_and_reloads_the_former(site: Path) -> None:
    fake = Fake(site, runs="old")
    with pytest.raises(ApplyError, match="keeps its former configuration"):
        apply(wanted(site), fake.nginx(), "new")
    assert fake.acts == [("test", "new"), ("reload", "new"), ("reload", "old")]


def test_unwritable_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").touch()
    files = FileSet([ManagedFile(str(tmp_path / "site"), "new", 0o644)])
    files.files[0] = ManagedFile(str(tmp_path / "folder" / "sub" / "site"), "new", 0o644)
    files.before = {files.files[0].path: files.before[str(tmp_path / "site")]}
    fake = Fake(tmp_path / "folder")
    with pytest.raises(ApplyError, match="expected to write"):
        apply(files, fake.nginx(), "new")
    assert fake.acts == []
