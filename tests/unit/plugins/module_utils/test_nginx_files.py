# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of a site: written together or not at all, secrets never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import (
    FileSet,
    ManagedFile,
    login_user,
    make_directory,
    make_flag,
    owner_ids,
)


def both(root: Path, site: str = "new", secret: str = "hidden") -> FileSet:
    """A site file and a secret file."""
    return FileSet(
        [
            ManagedFile(str(root / "bg" / "preview"), secret.encode(), 0o600, secret=True),
            ManagedFile(str(root / "site"), site.encode(), 0o644),
        ]
    )


def test_write_then_nothing_differs(tmp_path: Path) -> None:
    both(tmp_path).write()
    assert (tmp_path / "site").read_text() == "new"
    assert (tmp_path / "bg" / "preview").stat().st_mode & 0o777 == 0o600
    assert both(tmp_path).differing() == [] and both(tmp_path).diff() == []


def test_a_wrong_mode_alone_differs(tmp_path: Path) -> None:
    both(tmp_path).write()
    (tmp_path / "bg" / "preview").chmod(0o644)
    (diff,) = both(tmp_path).diff()
    assert (diff["before_header"][-9:], diff["after_header"][-9:]) == ("mode 0644", "mode 0600")


def test_restore_brings_back_content_mode_and_absence(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("old")
    (tmp_path / "site").chmod(0o640)
    files = both(tmp_path)
    files.write()
    files.restore()
    assert (tmp_path / "site").read_text() == "old"
    assert (tmp_path / "site").stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / "bg" / "preview").exists()


def test_a_failed_write_puts_the_first_file_back(tmp_path: Path) -> None:
    files = FileSet(
        [ManagedFile(str(tmp_path / "a"), b"new", 0o644), ManagedFile(str(tmp_path / "blocked" / "b"), b"new", 0o644)]
    )
    (tmp_path / "blocked").touch()
    with pytest.raises(OSError):
        files.write()
    assert not (tmp_path / "a").exists()


def test_diff_shows_the_site_and_never_the_secret(tmp_path: Path) -> None:
    both(tmp_path, secret="first-secret").write()
    shown = str(both(tmp_path, site="newer", secret="second-secret").diff())
    assert "newer" in shown and "another secret" in shown
    assert "first-secret" not in shown and "second-secret" not in shown


def test_make_directory_and_flag(tmp_path: Path) -> None:
    mine = (os.getuid(), os.getgid())
    path = tmp_path / "a" / "flags"
    os.umask(0o077)
    assert make_directory(str(path), mine) is True
    assert make_directory(str(path), mine) is False
    make_flag(str(path), "blue", mine)
    os.umask(0o022)
    assert [folder.stat().st_mode & 0o777 for folder in (path, path.parent)] == [0o755, 0o755]
    assert (path / "live.blue").stat().st_mode & 0o777 == 0o644


def test_owner_is_the_named_then_the_directorys_then_the_login_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "nobody")
    nobody = login_user()
    assert nobody != (0, 0)
    assert owner_ids("root", str(tmp_path)) == (0, 0)
    assert owner_ids("", str(tmp_path)) == (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    assert owner_ids("", str(tmp_path / "missing")) == nobody
    with pytest.raises(KeyError):
        owner_ids("no-such-user-here", str(tmp_path))
