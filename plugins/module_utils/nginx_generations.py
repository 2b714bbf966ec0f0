# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of each generation, kept on the proxy, so that a rollback can bring back those of its release."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.fence import write_durably
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import ManagedFile

KEPT = 20
_NAME = re.compile(r"[0-9a-f]{16}")
_MANIFEST = "manifest.json"


class GenerationError(Exception):
    """The kept files of a generation cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Generation:
    """The files of a configuration and how it was asked. probe: url, headers, tls_name and ca of its probe."""

    name: str
    files: list[ManagedFile]
    probe: Mapping[str, Any] = field(default_factory=dict)


class Generations:
    """The folder of them, root's alone: they hold the preview secret."""

    def __init__(self, state_directory: str) -> None:
        self.folder = os.path.join(state_directory, "nginx")

    def _place(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise GenerationError(f"expected a generation of 16 hexadecimal digits, found {name!r}.")
        return os.path.join(self.folder, name)

    def has(self, name: str) -> bool:
        """Whether the files of a generation are kept."""
        return os.path.isfile(os.path.join(self._place(name), _MANIFEST))

    def keep(self, generation: Generation) -> None:
        """Keep the files: wholly or not at all. Forgets the oldest beyond the newest 20."""
        place = self._place(generation.name)
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place, mode=0o700)
        os.chmod(self.folder, 0o700)
        listed = []
        for number, file in enumerate(generation.files):
            kept = f"{number}-{os.path.basename(file.path)}"
            write_durably(os.path.join(place, kept), file.content or b"", 0o600)
            listed.append({"path": file.path, "mode": file.mode, "secret": file.secret, "kept": kept})
        # Last, so that a folder with it is whole.
        manifest = {"generation": generation.name, "files": listed, "probe": dict(generation.probe)}
        write_durably(os.path.join(place, _MANIFEST), json.dumps(manifest, indent=1).encode(), 0o600)
        self._forget_oldest(generation.name)

    def load(self, name: str) -> Generation | None:
        """The generation, or None when it is not kept. GenerationError when what is kept cannot be read."""
        if not self.has(name):
            return None
        place = self._place(name)
        try:
            with open(os.path.join(place, _MANIFEST), "rb") as stream:
                manifest = json.loads(stream.read())
            files = []
            for entry in manifest["files"]:
                with open(os.path.join(place, entry["kept"]), "rb") as stream:
                    files.append(ManagedFile(entry["path"], stream.read(), entry["mode"], entry["secret"]))
            return Generation(name, files, manifest["probe"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GenerationError(
                f"expected the files of generation {name} in {place}, found: {error}. Remove that folder; the "
                "configuration that is in effect stays."
            ) from error

    def _forget_oldest(self, current: str) -> None:
        names = [name for name in os.listdir(self.folder) if _NAME.fullmatch(name) and name != current]
        names.sort(key=lambda name: os.stat(os.path.join(self.folder, name)).st_mtime, reverse=True)
        for name in names[KEPT - 1 :]:
            shutil.rmtree(os.path.join(self.folder, name), ignore_errors=True)

    def forget_all(self) -> None:
        """Remove all of them."""
        shutil.rmtree(self.folder, ignore_errors=True)
