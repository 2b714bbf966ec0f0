# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a migration tool is run: by Compose, with the files of a slot, in a container of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tool:
    """How the tool is run.

    Attributes:
        docker: the Docker command.
        folder: of the slot, with its compose files.
        project: the compose project.
        files: compose files in the folder.
        env_files: files whose variables compose puts into them.
        service: in whose container it runs.
        container: name of that container.
        environment: variables of the container beside its own; nothing secret, for a process list shows them.
    """

    docker: str
    folder: str
    project: str
    files: Sequence[str]
    env_files: Sequence[str]
    service: str
    container: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def session(self) -> str:
        """As which its connections are known to the server, where its driver is built on PostgreSQL's own library."""
        return self.environment.get("PGAPPNAME", "")

    @property
    def compose(self) -> list[str]:
        """The words that every command of Compose on these files begins with."""
        files = [word for name in self.files for word in ("--file", f"{self.folder}/{name}")]
        files += [word for name in self.env_files for word in ("--env-file", f"{self.folder}/{name}")]
        return [self.docker, "compose", "--project-name", self.project, "--project-directory", self.folder, *files]

    def command(self, argv: Sequence[str]) -> list[str]:
        """The words that run *argv* in a container of its own."""
        given = [word for name, value in self.environment.items() for word in ("--env", f"{name}={value}")]
        words = ["run", "--rm", "--no-deps", "--no-TTY", "--name", self.container, *given, self.service]
        return [*self.compose, *words, *argv]
