# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of the files that were replaced, kept on the proxy until they are put back."""

from __future__ import annotations

import contextlib
import os

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import Found, ManagedFile, put, read_file

_FILES = "files"
_ABSENT = "absent"


class Replaced:
    """A folder with the same tree as the disk: a copy with its mode and owner for each file, a mark for what was not.

    A person can put everything back with C(cp -a FOLDER/files/. /).
    """

    def __init__(self, state_directory: str) -> None:
        self.folder = os.path.join(state_directory, "replaced")

    def _place(self, part: str, path: str) -> str:
        return os.path.join(self.folder, part) + path

    def has(self, path: str) -> bool:
        """Whether the former content of *path* is kept."""
        return any(os.path.lexists(self._place(part, path)) for part in (_FILES, _ABSENT))

    def keep(self, path: str, found: Found) -> None:
        """Keep what was at *path*; on disk when this returns. Whatever was kept of it before stays."""
        if self.has(path):
            return
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        os.chmod(self.folder, 0o700)
        if found.absent:
            put(self._place(_ABSENT, path), Found(b"", 0o600))
        else:
            put(self._place(_FILES, path), found)

    def kept(self) -> dict[str, Found]:
        """Path to former content of everything that is kept."""
        found: dict[str, Found] = {}
        for part in (_FILES, _ABSENT):
            root = os.path.join(self.folder, part)
            for folder, _folders, names in os.walk(root):
                for name in (name for name in names if not (name.startswith(".") and name.endswith(".tmp"))):
                    place = os.path.join(folder, name)
                    found[place[len(root) :]] = read_file(place) if part == _FILES else Found(None)
        return found

    def forget(self, paths: list[str]) -> None:
        """Remove the copies of *paths*, and folders that are empty then."""
        for path in paths:
            for part in (_FILES, _ABSENT):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._place(part, path))
        for folder, _folders, _names in os.walk(self.folder, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def put_back(path: str, kept: Found) -> ManagedFile:
    """The managed file that brings a kept copy back."""
    return ManagedFile(path, kept.content, kept.mode, owner=kept.owner, link=kept.link)
