# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking a migration tool in an image that no slot runs yet, so that nothing of it is left on the host.

Containers, networks and volumes are found by the label of a compose project that exists for this alone: what the
compose file names explicitly may belong to somebody else, and is never removed by its name.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.migration_tool import Tool
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_engine import registry_of
from ansible_collections.bluegreen.release.plugins.module_utils.slot_registry import login_words

FILE_MODE = 0o600
_LABEL = "com.docker.compose.project"
_LAST_CHARACTERS = 600
_NETWORKS = "networks-of-the-plan.yml"


class NotKnown(Exception):
    """The tool could not be asked; the text says why."""


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    rc: int
    stdout: str
    stderr: str

    @property
    def last(self) -> str:
        """The end of what it said, for a message."""
        return (self.stderr.strip() or self.stdout.strip() or "no output")[-_LAST_CHARACTERS:]


# A command, its standard input, and for how many seconds it may run. Raises NotKnown when it takes longer.
Run = Callable[["list[str]", str, float], Answer]


@dataclass(frozen=True)
class Question:
    """What is asked. files: name to content. commands: verb to words. login: user and password of the registry."""

    application: str
    service: str
    files: Mapping[str, str]
    compose_files: Sequence[str]
    env_files: Sequence[str]
    commands: Mapping[str, Sequence[str]]
    seconds: float
    environment: Mapping[str, str]
    login: tuple[str, str] | None = None


class Look:
    """One look. ``answers`` holds what the tool said, ``left`` what could not be removed again."""

    def __init__(self, question: Question, run: Run) -> None:
        self.question, self._run = question, run
        self.answers: dict[str, Answer] = {}
        self.left: list[str] = []
        self.pulled = ""
        self._folder, self._project = "", ""
        self._compose_files = list(question.compose_files)

    def ask(self) -> None:
        """Ask every command; whatever happens, what was made for it is removed. Raises NotKnown, OSError."""
        try:
            self._prepare()
            image = self._image()
            if self._docker("image", "inspect", image).rc != 0:
                self._pull(image)
            for verb, words in self.question.commands.items():
                self.answers[verb] = self._words(self._tool.command(words))
                if self.answers[verb].rc != 0:
                    break
        finally:
            self._clean_up()

    def _prepare(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="bluegreen-plan-")
        unique = os.path.basename(self._folder).rpartition("-")[2].lower().strip("_")
        self._project = f"{self.question.application}-plan-{unique}"
        for name, content in self.question.files.items():
            self._write(os.path.basename(name), content)

    def _write(self, name: str, content: str) -> None:
        path = os.path.join(self._folder, name)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "w") as stream:
            stream.write(content)

    def _image(self) -> str:
        """The image of the service. Raises NotKnown also for a bind mount whose source Docker would have to make."""
        answer = self._words([*self._tool.compose, "config", "--format", "json"])
        if answer.rc != 0:
            raise NotKnown(f"docker compose did not take the files of the slot: {answer.last}")
        document: dict[str, Any] = json.loads(answer.stdout)
        self._stand_in(document.get("networks") or {})
        service: dict[str, Any] = document["services"].get(self.question.service) or {}
        mounts = service.get("volumes") or []
        missing = [one["source"] for one in mounts if one["type"] == "bind" and not os.path.lexists(one["source"])]
        if missing:
            raise NotKnown(f"the tool needs {', '.join(missing)}, which the host does not have yet")
        if not service.get("image"):
            raise NotKnown(f"service {self.question.service} has no image")
        return str(service["image"])

    def _stand_in(self, networks: Mapping[str, Any]) -> None:
        """Put networks of this project alone in the place of those that a first release will find made."""
        missing = [
            key
            for key, network in networks.items()
            if (network or {}).get("external") and self._docker("network", "inspect", network["name"]).rc != 0
        ]
        if missing:
            lines = [f"  {json.dumps(key)}: !override {{}}" for key in missing]
            self._write(_NETWORKS, "\n".join(["networks:", *lines, ""]))
            self._compose_files.append(_NETWORKS)

    def _pull(self, image: str) -> None:
        config: list[str] = []
        if self.question.login:
            user, password = self.question.login
            config = ["--config", os.path.join(self._folder, "docker")]
            login = self._docker(*config, *login_words(image, user), given=password)
            if login.rc != 0:
                raise NotKnown(f"registry {registry_of(image)} refused the login of {user}: {login.last}")
        self.pulled = image  # from here on, for a part of it may be there when it fails
        answer = self._docker(*config, "pull", "--quiet", image)
        if answer.rc != 0:
            raise NotKnown(f"the image could not be pulled: {answer.last}")

    @property
    def _tool(self) -> Tool:
        question, project = self.question, self._project
        return Tool(
            "docker", self._folder, project, self._compose_files, question.env_files, question.service,
            f"{project}-tool", question.environment,
        )  # fmt: skip

    def _docker(self, *words: str, given: str = "") -> Answer:
        return self._words(["docker", *words], given)

    def _words(self, words: list[str], given: str = "") -> Answer:
        return self._run(words, given, self.question.seconds)

    def _clean_up(self) -> None:
        """Remove what was made; what cannot be is in ``left``."""
        if self._project:
            self._remove("container", ["ps", "--all"], ["rm", "--force", "--volumes"])
            self._remove("network", ["network", "ls"], ["network", "rm"])
            self._remove("volume", ["volume", "ls"], ["volume", "rm"])
        if self.pulled and self._quietly("image", "inspect", self.pulled).rc == 0:
            self._judged(f"image {self.pulled}", self._quietly("image", "rm", self.pulled))
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            if os.path.lexists(self._folder):
                self.left.append(f"folder {self._folder}")

    def _remove(self, kind: str, listing: list[str], removal: list[str]) -> None:
        found = self._quietly(*listing, "--quiet", "--filter", f"label={_LABEL}={self._project}")
        names = found.stdout.split()
        if found.rc != 0:
            self._judged(f"{kind}s of project {self._project}", found)
        elif names:
            self._judged(f"{kind} {', '.join(names)}", self._quietly(*removal, *names))

    def _judged(self, what: str, answer: Answer) -> None:
        if answer.rc != 0:
            self.left.append(f"{what} ({answer.last})")

    def _quietly(self, *words: str) -> Answer:
        try:
            return self._docker(*words)
        except (NotKnown, OSError) as error:
            return Answer(1, "", str(error))
