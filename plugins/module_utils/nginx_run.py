# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every run of the module nginx_site has in common: its parameters, the fence, how this nginx is looked at."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.fence import fenced
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError, Goal, Nginx, apply
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_container import Needs
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_explain import explain
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import FileSet, ManagedFile, read_file
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_generations import Generations
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import Tls
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_probe import look_at_generation
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_replaced import Replaced

LOOK_SECONDS = 2.0
SYSTEMD = "/run/systemd/system"  # there only where systemd runs: sd_booted(3)
_OURS = b"# Managed by bluegreen.release"


def is_ours(path: str) -> bool:
    """Whether the file at *path* was written by this collection."""
    return (read_file(path).content or b"").startswith(_OURS)


class Run(ABC):
    """One run. result: what the module returns, truthful at every moment."""

    def __init__(self, params: Mapping[str, Any], nginx: Nginx, check_mode: bool) -> None:
        self.params = params
        self.nginx = nginx
        self.check_mode = check_mode
        self.result: dict[str, Any] = {"changed": False}
        self.replaced = Replaced(params["state_directory"])
        self.generations = Generations(params["state_directory"])
        self.tls = Tls(params["tls_name"], params["ca"] or "")

    @abstractmethod
    def run(self) -> None:
        """Do it. ApplyError, GenerationError, FenceError, OSError or KeyError when it cannot be done."""

    def under_fence(self) -> None:
        """Act as the only mutation on this host."""
        if self.check_mode and not os.path.isdir(self.params["state_directory"]):
            self.act()
            return
        with fenced(
            self.params["state_directory"],
            self.params["epoch"],
            self.params["fence_wait_seconds"],
            dry_run=self.check_mode,
        ):
            self.act()

    @abstractmethod
    def act(self) -> None:
        """The part under the fence."""

    def own_paths(self) -> list[str]:
        """Where files of ours are, or may be left from another mode."""
        named = [self.params[name] for name in ("preview_file", "site_file", "server_file")]
        return [path for path in (*named, *self.params["former_files"]) if path]

    def foreign(self) -> list[str]:
        """Files of others where ours would go."""
        return [
            f"{path}: expected nothing or a file of this collection, found another's. Name it in "
            f"nginx_switchover_replaces (with an empty text: it is kept, and put back by the entry point withdraw), or "
            "choose another path for ours."
            for path in (self.params["site_file"], self.params["server_file"])
            if path and not read_file(path).absent and not is_ours(path) and path not in self.params["replaces"]
        ]

    def unhoused(self) -> list[str]:
        """What a container that nginx runs in does not see of our files and flags."""
        own = (self.params[name] for name in ("site_file", "server_file", "preview_file"))
        files = tuple(path for path in (*own, *self.params["replaces"]) if path)
        return self.nginx.unhoused(Needs(files, self.params["flags_directory"]))

    def generation_goal(self, generation: str, probe: Mapping[str, Any] | None = None) -> Goal:
        """That only *generation* answers the probe."""
        asked = probe or self.probe()
        return Goal(
            wanted=generation,
            look=look_at_generation(asked["url"], asked["headers"], Tls(asked["tls_name"], asked["ca"])),
            expected=f"generation {generation} in every answer of the probe after the reload",
            missed=(
                "nginx keeps its former configuration, or the probe is not reached. Its error log says why (a port in "
                "use, for example); also see that nginx.conf includes the site file."
            ),
        )

    def probe(self) -> dict[str, Any]:
        """How the probe is asked."""
        return {
            "url": self.params["probe_url"],
            "headers": dict(self.params["probe_headers"]),
            "tls_name": self.tls.name,
            "ca": self.tls.ca,
        }

    def make_so(
        self, files: FileSet, goals: list[Goal], wanted: bool, judge: Any = lambda: "", http_line: str = ""
    ) -> bool:
        """Bring files into effect when one differs, or when *wanted*. Says what changed; whether something was done."""
        differing = files.differing()
        self.result["diff"] = files.diff()
        if not differing and not wanted:
            return False
        proofs = (
            [] if self.check_mode else apply(files, self.nginx, goals, judge, lambda said: explain(said, http_line))
        )
        self.result.update(changed=True, reloaded=True, files=[file.path for file in differing])
        if proofs:
            self.result["proof"] = proofs[0].as_result()
        return not self.check_mode

    def put_guard(self, files: FileSet) -> None:
        """Have the files of the start guard as wanted; nginx need not be reloaded for them."""
        differing = files.differing()
        if not differing:
            return
        self.result["diff"] = [*self.result.get("diff", []), *files.diff()]
        self.result["files"] += [file.path for file in differing]
        self.result["changed"] = True
        if self.check_mode:
            return
        files.write()
        if not os.path.isdir(SYSTEMD):
            return
        done = self.nginx.run(["systemctl", "daemon-reload"])
        if done.code != 0:
            # So that the next run finds something to do.
            files.restore()
            raise ApplyError(
                f"expected systemd to read {self.params['guard_file']}, found: {done.last_lines}. The site is in "
                "effect, the guard is as it was; correct that, then run again."
            )


def gone(paths: list[str]) -> list[ManagedFile]:
    """Files of ours that go away; those of others stay."""
    return [ManagedFile(path, None) for path in dict.fromkeys(paths) if is_ours(path)]
