"""What a host says of processes, directories, names and SELinux; of made-up folders."""

from __future__ import annotations

import grp
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import preflight_proc as proc


def process(folder: Path, number: int, name: str) -> None:
    (folder / str(number)).mkdir()
    (folder / str(number) / "comm").write_text(name + "\n")


def test_runs(tmp_path: Path) -> None:
    assert proc.runs("nginx", tmp_path) is None, "nothing of others can be seen"
    process(tmp_path, 1, "init")
    process(tmp_path, 20, "nginx-exporter")
    assert proc.runs("nginx", tmp_path) is False
    process(tmp_path, 30, "nginx")
    assert proc.runs("nginx", tmp_path) is True


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that everybody may reach, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # the one place that is open everywhere
        Path(name).chmod(0o755)
        yield Path(name)


def test_closed(open_folder: Path) -> None:
    open_one, shut = open_folder / "a", open_folder / "a" / "b"
    shut.mkdir(parents=True)
    open_one.chmod(0o755)
    shut.chmod(0o750)
    assert proc.closed(str(open_one / "not-there" / "flags")) is None
    group = grp.getgrgid(shut.stat().st_gid).gr_name
    owner = pwd.getpwuid(os.getuid()).pw_name
    expected = {"path": str(shut), "mode": "0750", "owner": owner, "group": group}
    assert proc.closed(str(shut / "flags")) == expected
    shut.chmod(0o600)
    assert proc.closed(str(shut)) == {**expected, "mode": "0600", "owner": None, "group": None}


def test_unresolved() -> None:
    assert proc.unresolved(["127.0.0.1", "[::1]", "localhost"]) == []
    (one,) = proc.unresolved(["app1.invalid", "app1.invalid"])
    assert one["name"] == "app1.invalid" and one["reason"]


@pytest.mark.parametrize(
    ("enforce", "connect", "found"),
    [
        (None, None, None),
        ("0", "0 0", None),
        ("1", "0 0", {"label": None, "may_connect": False}),
        ("1", "1 1", {"label": None, "may_connect": True}),
        ("1", None, {"label": None, "may_connect": True}),
    ],
)
def test_selinux(enforce: str | None, connect: str | None, found: object, tmp_path: Path) -> None:
    (tmp_path / "booleans").mkdir()
    if enforce is not None:
        (tmp_path / "enforce").write_text(enforce)
    if connect is not None:
        (tmp_path / "booleans" / "httpd_can_network_connect").write_text(connect)
    assert proc.selinux(str(tmp_path / "flags"), tmp_path) == found


def test_label_is_the_type(monkeypatch: pytest.MonkeyPatch) -> None:
    label = b"unconfined_u:object_r:var_lib_t:s0\0"
    monkeypatch.setattr(os, "getxattr", lambda path, name: label)
    assert proc._label("/flags") == "var_lib_t"
