# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A site withdrawn, or an earlier generation of it brought back: the other states of the module nginx_site."""

from __future__ import annotations

import contextlib
import os

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import Goal
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_door import DOORS, door_path
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import FileSet, ManagedFile
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import NONE, SLOTS, flag_path
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_generations import Generation
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_probe import look_for_none
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_replaced import put_back
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_run import LOOK_SECONDS, Run, gone
from ansible_collections.bluegreen.release.plugins.module_utils.start_guard_files import paths as guard_paths


class Withdrawal(Run):
    """Our files away, those that they replaced back."""

    def run(self) -> None:
        """Withdraw; a host that has nothing of ours stays as it is."""
        self.result.update(reloaded=False, files=[], put_back=[])
        if os.path.isdir(self.params["state_directory"]):
            self.under_fence()

    def act(self) -> None:
        """In one transaction; copies, flags and kept generations go when it is proved."""
        kept = self.replaced.kept()
        wanted = {file.path: file for file in gone(self.own_paths())}
        wanted.update({path: put_back(path, found) for path, found in kept.items()})
        self.result["put_back"] = sorted(kept)
        goal = Goal(
            wanted=NONE,
            look=look_for_none(self.params["probe_url"], self.params["probe_headers"], self.tls),
            expected="no answer of our generation after the reload",
            missed="nginx keeps the configuration that was to be withdrawn. Its error log says why.",
        )
        self.make_so(FileSet(list(wanted.values())), [goal], goal.look(LOOK_SECONDS) != NONE)
        # The drop-in first: it names the others.
        self.put_guard(FileSet([ManagedFile(path, None) for path in reversed(guard_paths(self.params))]))
        directory = self.params["flags_directory"]
        left = [*(flag_path(directory, slot) for slot in SLOTS), *(door_path(directory, state) for state in DOORS)]
        left = [path for path in left if os.path.lexists(path)]
        self.result["changed"] = self.result["changed"] or bool(kept or left)
        if self.check_mode:
            return
        self.replaced.forget(list(kept))
        self.generations.forget_all()
        for path in left:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


class Restoration(Run):
    """The kept files of a generation back in effect."""

    def run(self) -> None:
        """Restore; a generation that is not kept is no failure and changes nothing."""
        generation = self.generations.load(self.params["generation"])
        self.result.update(generation=self.params["generation"], missing=generation is None, reloaded=False, files=[])
        if generation is not None:
            self.wanted: Generation = generation
            self.under_fence()

    def act(self) -> None:
        """In one transaction, proved through the probe of that generation."""
        files = {file.path: file for file in gone(self.own_paths())}
        files.update({file.path: file for file in self.wanted.files})
        goal = self.generation_goal(self.wanted.name, self.wanted.probe)
        self.make_so(FileSet(list(files.values())), [goal], goal.look(LOOK_SECONDS) != self.wanted.name)
