# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a site: compared, written together, and put back when nginx does not take them."""

from __future__ import annotations

import contextlib
import os
import pwd
import stat
from dataclasses import dataclass

from ansible_collections.bluegreen.release.plugins.module_utils.fence import write_durably
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import flag_path

_DIRECTORY_MODE = 0o755


@dataclass(frozen=True)
class ManagedFile:
    """A file as it is to be. secret: its content is never shown."""

    path: str
    content: str
    mode: int
    secret: bool = False


@dataclass(frozen=True)
class Found:
    """A file as it was. content is None when there was none."""

    content: bytes | None
    mode: int


def read_file(path: str) -> Found:
    """What is at *path* now. OSError when it is there and cannot be read."""
    try:
        with open(path, "rb") as stream:
            return Found(stream.read(), stat.S_IMODE(os.fstat(stream.fileno()).st_mode))
    except FileNotFoundError:
        return Found(None, 0)


class FileSet:
    """Some managed files, and what was there before. One comparison gives both `changed` and the diff."""

    def __init__(self, files: list[ManagedFile]) -> None:
        self.files = files
        self.before = {wanted.path: read_file(wanted.path) for wanted in files}

    def differing(self) -> list[ManagedFile]:
        """The files whose content or mode is not the wanted one."""
        return [
            wanted for wanted in self.files if self.before[wanted.path] != Found(wanted.content.encode(), wanted.mode)
        ]

    def diff(self) -> list[dict[str, str]]:
        """Before and after of each differing file, as Ansible shows it; never the content of a secret one."""
        return [self._diff_of(wanted) for wanted in self.differing()]

    def _diff_of(self, wanted: ManagedFile) -> dict[str, str]:
        found = self.before[wanted.path]
        before = b"" if found.content is None else found.content
        if wanted.secret:
            same = before == wanted.content.encode()
            texts = ("(secret)\n" if before else "", "(secret)\n" if same else "(another secret)\n")
        else:
            texts = (before.decode("utf-8", "replace"), wanted.content)
        was = "(absent)" if found.content is None else f"mode {found.mode:04o}"
        return {
            "before_header": f"{wanted.path} {was}",
            "before": texts[0],
            "after_header": f"{wanted.path} mode {wanted.mode:04o}",
            "after": texts[1],
        }

    def write(self) -> None:
        """Write what differs. OSError after putting everything back."""
        try:
            for wanted in self.differing():
                os.makedirs(os.path.dirname(wanted.path), exist_ok=True)
                write_durably(wanted.path, wanted.content.encode(), wanted.mode)
        except OSError:
            self.restore()
            raise

    def restore(self) -> None:
        """Put back what was there before, as far as the disk allows. OSError when it does not."""
        for wanted in self.differing():
            found = self.before[wanted.path]
            if found.content is None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(wanted.path)
            elif read_file(wanted.path) != found:
                write_durably(wanted.path, found.content, found.mode)


def login_user() -> tuple[int, int]:
    """User and group ids of the user behind sudo, or of this process."""
    name = os.environ.get("SUDO_USER", "")
    if not name:
        return os.getuid(), os.getgid()
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


def owner_ids(owner: str, state_directory: str) -> tuple[int, int]:
    """Whose the flags are: *owner* when named, else the state directory's owner, else the login user.

    KeyError when there is no such user.
    """
    if owner:
        entry = pwd.getpwnam(owner)
        return entry.pw_uid, entry.pw_gid
    with contextlib.suppress(FileNotFoundError):
        found = os.stat(state_directory)
        return found.st_uid, found.st_gid
    return login_user()


def make_directory(path: str, owner: tuple[int, int]) -> bool:
    """Make *path* (0755, of *owner*) when it is missing, and its parents (0755, root's). True when it was made.

    Whatever the umask: nginx's workers must be able to read the flag below.
    """
    if os.path.isdir(path):
        return False
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        make_directory(parent, (os.getuid(), os.getgid()))
    os.mkdir(path)
    os.chmod(path, _DIRECTORY_MODE)
    os.chown(path, *owner)
    return True


def make_flag(directory: str, slot: str, owner: tuple[int, int]) -> None:
    """Create the first flag of a host."""
    path = flag_path(directory, slot)
    write_durably(path, b"", 0o644)
    os.chown(path, *owner)
