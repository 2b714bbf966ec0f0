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
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import Stamp, flag_path

_DIRECTORY_MODE = 0o755
_NEW_MODE = 0o644


@dataclass(frozen=True)
class Found:
    """A path as it was, or as it is to be. content None: nothing is there. link: target of a symbolic link."""

    content: bytes | None
    mode: int = 0
    owner: tuple[int, int] | None = None
    link: str = ""

    @property
    def absent(self) -> bool:
        """Whether nothing is there."""
        return self.content is None and not self.link


@dataclass(frozen=True)
class ManagedFile:
    """A file as it is to be. content None: it goes away. mode None: as found. secret: its content is never shown."""

    path: str
    content: bytes | None
    mode: int | None = 0o644
    secret: bool = False
    owner: tuple[int, int] | None = None
    link: str = ""

    def target(self, found: Found) -> Found:
        """What is to be there, given what is."""
        if self.link or self.content is None:
            return Found(None, link=self.link)
        mode = self.mode if self.mode is not None else (_NEW_MODE if found.absent else found.mode)
        owner = found.owner if self.mode is None else None
        return Found(self.content, mode, self.owner or owner)

    def differs(self, found: Found) -> bool:
        """Whether *found* is not what is wanted."""
        wanted = self.target(found)
        if wanted.link or wanted.content is None:
            return (wanted.link, wanted.absent) != (found.link, found.absent)
        owned = self.owner is None or self.owner == found.owner
        return (found.content, found.mode) != (wanted.content, wanted.mode) or not owned


def read_file(path: str) -> Found:
    """What is at *path* now; of a link also what it leads to. OSError when it is there and cannot be read."""
    link = os.readlink(path) if os.path.islink(path) else ""
    try:
        with open(path, "rb") as stream:
            status = os.fstat(stream.fileno())
            return Found(stream.read(), stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid), link)
    except FileNotFoundError:
        return Found(None, link=link)


def put(path: str, target: Found) -> None:
    """Have exactly *target* at *path*. OSError when it cannot be done."""
    if target.absent:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if target.link:
        temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.getpid()}.tmp")
        os.symlink(target.link, temporary)
        os.replace(temporary, path)
    elif target.content is not None:
        write_durably(path, target.content, target.mode)
        if target.owner and target.owner != (os.geteuid(), os.getegid()):
            os.chown(path, *target.owner)


class FileSet:
    """Some managed files, and what was there before. One comparison gives both `changed` and the diff."""

    def __init__(self, files: list[ManagedFile]) -> None:
        self.files = files
        self.before = {wanted.path: read_file(wanted.path) for wanted in files}

    def differing(self) -> list[ManagedFile]:
        """The files that are not as wanted."""
        return [wanted for wanted in self.files if wanted.differs(self.before[wanted.path])]

    def diff(self) -> list[dict[str, str]]:
        """Before and after of each differing file, as Ansible shows it; never the content of a secret one."""
        return [self._diff_of(wanted) for wanted in self.differing()]

    def _diff_of(self, wanted: ManagedFile) -> dict[str, str]:
        found = self.before[wanted.path]
        target = wanted.target(found)
        texts = (_shown(found), _shown(target))
        if wanted.secret:
            another = "(secret)\n" if found.content == target.content else "(another secret)\n"
            texts = ("(secret)\n" if found.content else "", another if target.content else "")
        return {
            "before_header": f"{wanted.path} {_state(found)}",
            "before": texts[0],
            "after_header": f"{wanted.path} {_state(target)}",
            "after": texts[1],
        }

    def write(self) -> None:
        """Write what differs. OSError after putting everything back."""
        try:
            for wanted in self.differing():
                put(wanted.path, wanted.target(self.before[wanted.path]))
        except OSError:
            self.restore()
            raise

    def restore(self) -> None:
        """Put back what was there before, as far as the disk allows. OSError when it does not."""
        for wanted in self.differing():
            found = self.before[wanted.path]
            if read_file(wanted.path) != found:
                put(wanted.path, found)


def _state(found: Found) -> str:
    if found.link:
        return f"link to {found.link}"
    return "(absent)" if found.content is None else f"mode {found.mode:04o}"


def _shown(found: Found) -> str:
    return "" if found.content is None else found.content.decode("utf-8", "replace")


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
    write_durably(path, str(Stamp()).encode(), 0o644)
    os.chown(path, *owner)
