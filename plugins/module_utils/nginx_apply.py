# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing a configuration into effect: files, test, reload, proof; everything back when nginx does not take it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_container import (
    ContainerError,
    Needs,
    container_problems,
    inspection,
    name_in,
    parse_container,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_explain import explain
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import FileSet
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import Proof, prove

_LAST_LINES = 10
_IN_CONTAINER = (
    " It runs in a container: see that it has the directories of these files mounted at the same paths, as directories "
    "(a mounted single file keeps showing the former one), and, when it has published ports, that "
    "nginx_switchover_preview_addresses has the gateway of its network, from which this host asks it."
)


class ApplyError(Exception):
    """The configuration is not in effect; the text says why, what was put back, and what to do."""


@dataclass(frozen=True)
class CommandResult:
    """How a command ended. output: standard output; errors: the other stream."""

    code: int
    output: str
    errors: str = ""

    @property
    def last_lines(self) -> str:
        """What the tool said last."""
        return "\n".join((self.output + self.errors).strip().splitlines()[-_LAST_LINES:])


Run = Callable[["list[str]"], CommandResult]


@dataclass(frozen=True)
class Goal:
    """What every answer must be after the reload. missed: what to say of it, and what to do, when it is not so."""

    wanted: str
    look: Callable[[float], str]
    expected: str
    missed: str


@dataclass(frozen=True)
class Nginx:
    """How to test and reload the nginx of this host, and how long to look at it."""

    run: Run
    test_command: list[str]
    reload_command: list[str]
    prove_seconds: float
    timeout_seconds: float

    def test(self) -> CommandResult:
        """Have nginx read the configuration on disk."""
        return self.run(self.test_command)

    def asked(self, option: str) -> CommandResult | None:
        """Call the test command with another option than -t; None when that is not how this nginx is tested."""
        if "-t" not in self.test_command:
            return None
        return self.run([option if word == "-t" else word for word in self.test_command])

    def unhoused(self, needs: Needs) -> list[str]:
        """What keeps the container that this nginx runs in from our files; empty when it runs in none."""
        name = name_in(self.test_command)
        if not name:
            return []
        seen = self.run(inspection(name))
        if seen.code != 0:
            return [f"expected the container {name} (nginx_switchover_container), found: {seen.last_lines}."]
        try:
            found = container_problems(parse_container(seen.output), needs)
            return [f"{one.what}: expected {one.expected}, found {one.found}. To do: {one.do}." for one in found]
        except ContainerError as error:
            return [str(error)]

    def reload(self) -> CommandResult:
        """Ask nginx to go over to the configuration on disk. Success only says that it was asked."""
        return self.run(self.reload_command)

    def prove(self, goal: Goal) -> Proof:
        """Prove a goal over fresh connections."""
        return prove(goal.look, goal.wanted, self.prove_seconds, self.timeout_seconds)

    @property
    def hint(self) -> str:
        """What else to see to when it keeps its former configuration."""
        return _IN_CONTAINER if self.test_command[:2] == ["docker", "exec"] else ""


def _back(files: FileSet, nginx: Nginx, reload: bool) -> str:
    """Put the former files back and say how that went."""
    try:
        files.restore()
    except OSError as error:
        return f"The former files could NOT be put back ({error}); repair {[f.path for f in files.files]} by hand."
    if not files.differing():
        return "No file had changed."
    if not reload:
        return "The former files were put back; nginx was not touched."
    result = nginx.reload()
    if result.code != 0:
        return f"The former files were put back, but reloading them said: {result.last_lines}"
    return "The former files were put back and nginx was asked to reload them."


def _refused(files: FileSet, nginx: Nginx, tested: CommandResult, advise: Callable[[str], str]) -> str:
    """Say why nginx refuses the files, after putting the former ones back."""
    back = _back(files, nginx, reload=False)
    found = f"expected {' '.join(nginx.test_command)} to accept the configuration, found:\n{tested.last_lines}\n{back} "
    if nginx.test().code != 0:
        return found + (
            "It refuses the former files as well: the configuration of this host was broken before this run. Repair "
            "it until nginx -t is content, then run again."
        )
    return found + (advise(tested.last_lines) or "Correct what it names, then run again.")


def apply(
    files: FileSet,
    nginx: Nginx,
    goals: Sequence[Goal],
    judge: Callable[[], str] = lambda: "",
    advise: Callable[[str], str] = explain,
) -> list[Proof]:
    """Write the files, test them, judge them, reload, prove every goal. ApplyError after putting everything back.

    judge: looks at what nginx has read on disk; the reason to refuse it in words, or an empty text.
    advise: what to do about what nginx says of the files; empty when its own words have to do.
    """
    try:
        files.write()
    except OSError as error:
        raise ApplyError(
            f"expected to write {error.filename}, found: {error.strerror}. The former files are in place."
        ) from error
    tested = nginx.test()
    if tested.code != 0:
        raise ApplyError(_refused(files, nginx, tested, advise))
    problem = judge()
    if problem:
        raise ApplyError(f"{problem} {_back(files, nginx, reload=False)}")
    reloaded = nginx.reload()
    if reloaded.code != 0:
        raise ApplyError(
            f"expected {' '.join(nginx.reload_command)} to succeed, found:\n{reloaded.last_lines}\n"
            f"{_back(files, nginx, reload=False)} Is nginx running? Start it, then run again."
        )
    proofs = []
    for goal in goals:
        proof = nginx.prove(goal)
        proofs.append(proof)
        if not proof.proved:
            raise ApplyError(
                f"expected {goal.expected}, found {proof.found} within {proof.seconds:.1f} s. "
                f"{_back(files, nginx, reload=True)} {goal.missed}{nginx.hint}"
            )
    return proofs
