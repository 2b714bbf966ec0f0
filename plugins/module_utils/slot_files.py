# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Small files written whole: compared first, replaced by a rename, never left half."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ansible_collections.bluegreen.release.plugins.module_utils.fence import write_durably

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700


@dataclass(frozen=True)
class Change:
    """One path that differs; before and after are its content, empty for what is secret or new."""

    path: str
    before: str
    after: str


def directory_change(path: str) -> Change | None:
    """What `make_directory` would change."""
    if os.path.isdir(path):
        mode = os.stat(path).st_mode & 0o777
        return None if mode == DIRECTORY_MODE else Change(path, f"mode {mode:04o}\n", f"mode {DIRECTORY_MODE:04o}\n")
    return Change(path, "", f"directory, mode {DIRECTORY_MODE:04o}\n")


def make_directory(path: str) -> None:
    """Make the directory private to its owner. Raises OSError."""
    os.makedirs(path, mode=DIRECTORY_MODE, exist_ok=True)
    os.chmod(path, DIRECTORY_MODE)


def file_change(path: str, content: str, secret: bool) -> Change | None:
    """What writing the content would change; None when it is there already. Raises OSError."""
    try:
        with open(path, encoding="utf-8") as stream:
            before = stream.read()
        if before == content and os.stat(path).st_mode & 0o777 == FILE_MODE:
            return None
    except FileNotFoundError:
        before = ""
    if secret:
        return Change(path, "(secret)\n" if before else "", "(secret, other content or mode)\n")
    return Change(path, before, content)


def write(path: str, content: str) -> None:
    """Replace the file. Raises OSError."""
    write_durably(path, content.encode(), FILE_MODE)
