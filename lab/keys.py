# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH keys of the lab: one for the user deploy, one for each host, made once and kept."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from lab.process import run
from lab.settings import Settings
from lab.shape import Host
from lab.state import write_text

_DEPLOY_ID = 1000


def user_key(settings: Settings) -> Path:
    """Path of the private key of deploy."""
    return settings.state / "id_ed25519"


def known_hosts(settings: Settings) -> Path:
    """Path of the file that names every host's key."""
    return settings.state / "known_hosts"


def ensure_keys(settings: Settings, hosts: list[Host]) -> None:
    """Have all keys and a known_hosts file that names exactly these hosts."""
    _ensure_key(user_key(settings), f"deploy@{settings.name}")
    for host in hosts:
        _ensure_key(_host_key(settings, host), host.name)
    lines = [f"{host.address} {_public(_host_key(settings, host))}" for host in hosts]
    write_text(known_hosts(settings), "".join(f"{line}\n" for line in lines))


def key_files(settings: Settings, host: Host) -> bytes:
    """A tar with what sshd on a host needs, to be unpacked at its root."""
    key = _host_key(settings, host)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        _add(tar, "etc/ssh/ssh_host_ed25519_key", key.read_bytes(), 0o600, 0)
        _add(tar, "etc/ssh/ssh_host_ed25519_key.pub", f"{_public(key)}\n".encode(), 0o644, 0)
        _add_folder(tar, "home/deploy/.ssh", 0o700, _DEPLOY_ID)
        _add(tar, "home/deploy/.ssh/authorized_keys", f"{_public(user_key(settings))}\n".encode(), 0o600, _DEPLOY_ID)
    return stream.getvalue()


def _host_key(settings: Settings, host: Host) -> Path:
    return settings.state / "host_keys" / host.name


def _public(key: Path) -> str:
    """Type and key, without the comment."""
    return " ".join(key.with_name(f"{key.name}.pub").read_text().split()[:2])


def _ensure_key(path: Path, comment: str) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)],
        remedy="install the package openssh-client",
    )


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int, owner: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.uid, entry.gid = len(content), mode, owner, owner
    tar.addfile(entry, io.BytesIO(content))


def _add_folder(tar: tarfile.TarFile, name: str, mode: int, owner: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
    tar.addfile(entry)
