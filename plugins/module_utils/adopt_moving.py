# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The containers of an adopted project stopped, or started again and healthy; never made or removed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import (
    Container,
    DockerError,
    Run,
    containers_of,
    describe,
    docker,
    last_lines,
    let_stay_stopped,
)

_POLL_SECONDS = 0.5
_LOG_LINES = 20


@dataclass(frozen=True)
class Moving:
    """One project on one host, seen through its engine's command."""

    run: Run
    cli: str
    project: str
    services: Sequence[str]

    def containers(self) -> list[Container]:
        """Give the containers of the services. DockerError when the engine cannot be asked."""
        return [one for one in containers_of(self.run, self.cli, self.project) if one.service in self.services]

    def stop(self, dry: bool) -> list[str]:
        """Stop what runs, and keep it stopped over a restart of the engine. The names of what was running."""
        running = [one for one in self.containers() if one.state in ("running", "restarting", "paused")]
        if running and not dry:
            ids = [one.id for one in running]
            let_stay_stopped(self.run, self.cli, ids)
            docker(self.run, self.cli, ["stop", *ids])
        return [one.name for one in running]

    def start(
        self, dry: bool, within: float,
        now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
    ) -> list[str]:  # fmt: skip
        """Start what does not run and wait until all are healthy. The names of what was started.

        DockerError when a service has no container, or they are not healthy within the seconds.
        """
        found = self.containers()
        missing = [service for service in self.services if not any(one.service == service for one in found)]
        if missing:
            raise DockerError(
                f"expected containers of {', '.join(missing)} in project {self.project}, found none: they were "
                "removed. Start the project by its own compose file, then run again."
            )
        stopped = [one for one in found if one.state != "running"]
        if dry:
            return [one.name for one in stopped]
        if stopped:
            docker(self.run, self.cli, ["start", *[one.id for one in stopped]])
        deadline = now() + within
        while not self._well():
            if now() >= deadline:
                raise DockerError(self._report(within))
            sleep(_POLL_SECONDS)
        return [one.name for one in stopped]

    def _well(self) -> bool:
        return all(one.state == "running" and one.health in ("healthy", "none") for one in self.containers())

    def _report(self, within: float) -> str:
        found = self.containers()
        logs = {one.id: last_lines(self.run, self.cli, one, _LOG_LINES) for one in found}
        return (
            f"expected {', '.join(self.services)} of project {self.project} healthy within {within:g} s, found:\n"
            f"{describe(found, logs)}"
        )
