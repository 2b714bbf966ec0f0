# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing files into effect: the order of the acts, and what is put back after which failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import (
    ApplyError,
    CommandResult,
    Goal,
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
        return Nginx(self.run, ["test"], ["reload"], 0.01, 0.05)

    def goal(self) -> Goal:
        return Goal("new", lambda _: self.runs, "the new generation", "nginx keeps its former configuration.")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site"
    path.write_text("old")
    return path


def wanted(site: Path) -> FileSet:
    return FileSet([ManagedFile(str(site), b"new", 0o644)])


def test_test_then_reload_then_proof(site: Path) -> None:
    fake = Fake(site)
    assert [proof.proved for proof in apply(wanted(site), fake.nginx(), [fake.goal()])] == [True]
    assert fake.acts == [("test", "new"), ("reload", "new")]


def test_failed_test_never_reloads(site: Path) -> None:
    fake = Fake(site, test_code=1)
    with pytest.raises(ApplyError, match="test says so") as refused:
        apply(wanted(site), fake.nginx(), [fake.goal()])
    assert fake.acts == [("test", "new"), ("test", "old")] and site.read_text() == "old"
    assert str(refused.value).count("line\n") == 9


def test_failed_reload_puts_back(site: Path) -> None:
    fake = Fake(site, reload_code=1)
    with pytest.raises(ApplyError, match="Is nginx running"):
        apply(wanted(site), fake.nginx(), [fake.goal()])
    assert site.read_text() == "old"


def test_unproved_reload_puts_back_and_reloads_the_former(site: Path) -> None:
    fake = Fake(site, runs="old")
    with pytest.raises(ApplyError, match="keeps its former configuration"):
        apply(wanted(site), fake.nginx(), [fake.goal()])
    assert fake.acts == [("test", "new"), ("reload", "new"), ("reload", "old")]


def test_unwritable_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").touch()
    files = FileSet([ManagedFile(str(tmp_path / "site"), b"new", 0o644)])
    files.files[0] = ManagedFile(str(tmp_path / "folder" / "sub" / "site"), b"new", 0o644)
    files.before = {files.files[0].path: files.before[str(tmp_path / "site")]}
    fake = Fake(tmp_path / "folder")
    with pytest.raises(ApplyError, match="expected to write"):
        apply(files, fake.nginx(), [fake.goal()])
    assert fake.acts == []


def test_what_was_broken_before_is_told_apart(site: Path) -> None:
    fake = Fake(site, test_code=1)
    with pytest.raises(ApplyError, match="was broken before this run"):
        apply(wanted(site), fake.nginx(), [fake.goal()])


def test_a_judge_refuses_without_a_reload(site: Path) -> None:
    fake = Fake(site)
    with pytest.raises(ApplyError, match=r"read by nobody\. The former files were put back; nginx was not touched"):
        apply(wanted(site), fake.nginx(), [fake.goal()], lambda: "read by nobody.")
    assert fake.acts == [("test", "new")] and site.read_text() == "old"


def test_a_missed_second_goal_puts_back(site: Path) -> None:
    fake = Fake(site)
    other = Goal("ours", lambda _: "200 without X", "our slot at the front door", "Another server answers.")
    with pytest.raises(ApplyError, match=r"our slot at the front door, found .*Another server answers"):
        apply(wanted(site), fake.nginx(), [fake.goal(), other])
    assert site.read_text() == "old" and fake.acts[-1] == ("reload", "old")


def test_another_option_of_the_test_command() -> None:
    asked: list[list[str]] = []

    def run(command: list[str]) -> CommandResult:
        asked.append(command)
        return CommandResult(0, "", "")

    assert Nginx(run, ["docker", "exec", "proxy", "nginx", "-t"], [], 1, 1).asked("-T") is not None
    assert Nginx(run, ["check-nginx"], [], 1, 1).asked("-T") is None
    assert asked == [["docker", "exec", "proxy", "nginx", "-T"]]
