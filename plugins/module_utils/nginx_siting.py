# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One site brought into effect: what the module nginx_site does, apart from its wiring."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.fence import fenced
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError, Nginx, apply
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_config import (
    generation_of,
    input_problems,
    with_generation,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import (
    FileSet,
    ManagedFile,
    make_directory,
    make_flag,
    owner_ids,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import NONE, UNKNOWN, flag_path, read_flags

_LOOK_SECONDS = 2.0


class Site:
    """One run. result: what the module returns, truthful at every moment."""

    def __init__(self, params: Mapping[str, Any], nginx: Nginx, check_mode: bool) -> None:
        self.params = params
        self.nginx = nginx
        self.check_mode = check_mode
        self.result: dict[str, Any] = {"changed": False}

    def run(self) -> None:
        """Judge, then bring into effect. ApplyError, FenceError, OSError or KeyError when it cannot be."""
        problems = input_problems(self.params["inputs"])
        if problems:
            raise ApplyError("The site was not touched:\n" + "\n".join(problems))
        generation = generation_of(self.params["site"], self.params["preview"])
        self.result.update(generation=generation, reloaded=False, files=[], made=[])
        self._make_state_directory()
        if self.check_mode and not os.path.isdir(self.params["state_directory"]):
            self._bring_into_effect(generation)
            return
        with fenced(
            self.params["state_directory"],
            self.params["epoch"],
            self.params["fence_wait_seconds"],
            dry_run=self.check_mode,
        ):
            self._bring_into_effect(generation)

    def _make_state_directory(self) -> None:
        self._make_directory(self.params["state_directory"])

    def _make_directory(self, path: str) -> None:
        if os.path.isdir(path):
            return
        self._made(path)
        if not self.check_mode:
            make_directory(path, owner_ids(self.params["owner"], self.params["state_directory"]))

    def _made(self, path: str) -> None:
        self.result["made"].append(path)
        self.result["changed"] = True

    def _make_flag(self) -> None:
        """Make the first flag of a host that has none; refuse one that nobody can read."""
        directory, slot = self.params["flags_directory"], self.params["initial_slot"]
        state = read_flags(directory)
        if state == UNKNOWN:
            raise ApplyError(
                f"expected one readable flag in {directory}, found both or an unreadable directory. Users are on green "
                "if live.green is there and nginx can read it, else on blue: repair that, then run again."
            )
        if state != NONE:
            return
        if not slot:
            raise ApplyError(
                f"expected live.blue or live.green in {directory}, found neither. On a first install set "
                "nginx_switchover_initial_slot to the slot that is not being released; otherwise find out who "
                "removed the flag."
            )
        self._made(flag_path(directory, slot))
        if not self.check_mode:
            make_flag(directory, slot, owner_ids(self.params["owner"], self.params["state_directory"]))

    def _files(self, generation: str) -> FileSet:
        site = with_generation(self.params["site"], generation)
        return FileSet(
            [
                ManagedFile(self.params["preview_file"], self.params["preview"], 0o600, secret=True),
                ManagedFile(self.params["site_file"], site, 0o644),
            ]
        )

    def _bring_into_effect(self, generation: str) -> None:
        self._make_directory(self.params["flags_directory"])
        self._make_flag()
        files = self._files(generation)
        differing = files.differing()
        self.result["diff"] = files.diff()
        if not differing and self.nginx.look(_LOOK_SECONDS) == generation:
            return
        if self.check_mode:
            self.result.update(changed=True, reloaded=True, files=[file.path for file in differing])
            return
        proof = apply(files, self.nginx, generation)
        self.result.update(
            changed=True, reloaded=True, files=[file.path for file in differing], proof=proof.as_result()
        )
