# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One site brought into effect: what the module nginx_site does with state present, apart from its wiring."""

from __future__ import annotations

import os

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError, Goal
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_config import (
    HTTP2_LISTEN,
    generation_of,
    input_problems,
    with_generation,
    with_http2,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import DumpError, parse
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import (
    FileSet,
    ManagedFile,
    make_directory,
    make_flag,
    owner_ids,
    read_file,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import NONE, UNKNOWN, flag_path, read_flags
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_generations import Generation
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import prove
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_placement import Placement, mask
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_probe import OURS, look_at_entrance
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_run import LOOK_SECONDS, Run, gone, is_ours
from ansible_collections.bluegreen.release.plugins.module_utils.start_guard_files import files as guard_files


class Site(Run):
    """One run with state present."""

    def run(self) -> None:
        """Judge, then bring into effect."""
        problems = input_problems(self.params["inputs"]) + self.foreign() + self.unhoused()
        if problems:
            raise ApplyError("The site was not touched:\n" + "\n".join(problems))
        self._resolve()
        self.result.update(generation=self.generation, reloaded=False, files=[], made=[], replaced=[])
        self._make_directory(self.params["state_directory"])
        self.under_fence()

    def _resolve(self) -> None:
        """Fill in what depends on this nginx, and the generation."""
        site, server = self.params["site"], self.params["server"]
        if HTTP2_LISTEN in site:
            said = self.nginx.asked("-v")
            site = with_http2(site, said.output + said.errors if said else "")
        self.generation = generation_of(site, self.params["preview"], server)
        self.site = with_generation(site, self.generation)
        self.server = with_generation(server, self.generation) if server else ""

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

    def _own_files(self) -> list[ManagedFile]:
        files = [
            ManagedFile(self.params["preview_file"], self.params["preview"].encode(), 0o600, secret=True),
            ManagedFile(self.params["site_file"], self.site.encode()),
        ]
        if self.params["server_file"]:
            files.append(ManagedFile(self.params["server_file"], self.server.encode()))
        return files

    def _files(self) -> FileSet:
        own = self._own_files()
        wanted = {file.path: file for file in gone(self.params["former_files"])}
        for path, content in self.params["replaces"].items():
            if not os.path.isabs(path) or os.path.isdir(path):
                raise ApplyError(
                    f"nginx_switchover_replaces: expected paths of files, found {path!r}. Nothing was touched."
                )
            wanted[path] = ManagedFile(path, str(content).encode() if content else None, None)
        wanted.update({file.path: file for file in own})
        return FileSet(list(wanted.values()))

    def act(self) -> None:
        """Make what is missing, replace what is to be replaced, and prove it."""
        self._make_directory(self.params["flags_directory"])
        self._make_flag()
        files = self._files()
        kept = self._keep(files)
        goals = [self.generation_goal(self.generation), self._entrance()]
        try:
            wanted = goals[0].look(LOOK_SECONDS) != self.generation
            done = self.make_so(files, goals, wanted, self._judge, f"include {mask(self.params['site_file'])};")
        except BaseException:
            self._leave_no_trace(kept, files)
            raise
        if not done and not self.check_mode:
            self._still_entered(goals[1])
        self._keep_generation()
        self.put_guard(FileSet(guard_files(self.params, self.probe())))

    def _keep(self, files: FileSet) -> list[str]:
        """Keep copies of what will be replaced, before anything is. The paths that were kept just now."""
        differing = {file.path for file in files.differing()}
        paths = [
            path
            for path in self.params["replaces"]
            if path in differing and not self.replaced.has(path) and not is_ours(path)
        ]
        self.result["replaced"] = paths
        if not self.check_mode:
            for path in paths:
                self.replaced.keep(path, files.before[path])
        return paths

    def _leave_no_trace(self, kept: list[str], files: FileSet) -> None:
        """After a failure: no copies of files that are back in place, and no flag that was not there before."""
        self.replaced.forget([path for path in kept if read_file(path) == files.before[path]])
        for path in reversed(self.result["made"]):
            if os.path.dirname(path) == self.params["flags_directory"]:
                os.unlink(path)
            elif path == self.params["flags_directory"]:
                os.rmdir(path)

    def _keep_generation(self) -> None:
        if self.generations.has(self.generation):
            return
        self._made(os.path.join(self.generations.folder, self.generation))
        if not self.check_mode:
            self.generations.keep(Generation(self.generation, self._own_files(), self.probe()))

    def _placement(self) -> Placement:
        inputs = self.params["inputs"]
        return Placement(
            self.params["site_file"],
            self.params["server_file"],
            inputs["server_names"],
            inputs["preview_server_name"],
        )

    def _judge(self) -> str:
        """Whether nginx reads our files where they belong; the proofs decide when it cannot print what it reads."""
        printed = self.nginx.asked("-T")
        if printed is None or printed.code != 0:
            return ""
        try:
            return self._placement().problem(parse(printed.output))
        except DumpError:
            return ""

    def _entrance(self) -> Goal:
        """That the front door is ours: every answer for users names a slot."""
        url, name = self.params["front_url"], self.params["inputs"]["server_names"][0]
        look = look_at_entrance(url, self.params["front_headers"], self.params["slot_header"], self.tls)
        return Goal(
            wanted=OURS,
            look=look,
            expected=f"answers of {url} for {name} that name a slot in {self.params['slot_header']}",
            missed=(
                f"Requests for {name} reach another server than the one with our configuration, or an add_header "
                "in a location hides ours. See which server nginx -T shows for that name and address, and "
                "nginx_switchover_local_url."
            ),
        )

    def _still_entered(self, goal: Goal) -> None:
        """Look once more where nothing changed: an include that was taken away changes no file of ours."""
        proof = prove(goal.look, goal.wanted, 0.0, self.nginx.timeout_seconds)
        answered = any(f"without {self.params['slot_header']}" in seen for seen in proof.found)
        if not proof.proved and answered:
            raise ApplyError(
                f"expected {goal.expected}, found {proof.found}. {self._judge() or goal.missed} Nothing was touched."
            )
