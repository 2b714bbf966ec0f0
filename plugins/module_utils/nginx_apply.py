# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing a configuration into effect: files, test, reload, proof; everything back when nginx does not take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import FileSet
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import Proof, prove

_LAST_LINES = 10


class ApplyError(Exception):
    """The configuration is not in effect; the text says why, what was put back, and what to do."""


@dataclass(frozen=True)
class CommandResult:
    """How a command ended. output: both streams."""

    code: int
    output: str

    @property
    def last_lines(self) -> str:
        """What the tool said last."""
        return "\n".join(self.output.strip().splitlines()[-_LAST_LINES:])


Run = Callable[["list[str]"], CommandResult]


@dataclass(frozen=True)
class Nginx:
    """How to test, reload and look at the nginx of this host."""

    run: Run
    test_command: list[str]
    reload_command: list[str]
    look: Callable[[float], str]
    prove_seconds: float
    timeout_seconds: float

    def test(self) -> CommandResult:
        """Have nginx read the configuration on disk."""
        return self.run(self.test_command)

    def reload(self) -> CommandResult:
        """Ask nginx to go over to the configuration on disk. Success only says that it was asked."""
        return self.run(self.reload_command)

    def prove(self, generation: str) -> Proof:
        """Prove over fresh connections that only *generation* answers."""
        return prove(self.look, generation, self.prove_seconds, self.timeout_seconds)


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


def apply(files: FileSet, nginx: Nginx, generation: str) -> Proof:
    """Write the files, test them, reload, prove the generation. ApplyError after putting everything back."""
    try:
        files.write()
    except OSError as error:
        raise ApplyError(
            f"expected to write {error.filename}, found: {error.strerror}. The former files are in place."
        ) from error
    tested = nginx.test()
    if tested.code != 0:
        raise ApplyError(
            f"expected {' '.join(nginx.test_command)} to accept the configuration, found:\n{tested.last_lines}\n"
            f"{_back(files, nginx, reload=False)} Correct what it names, then run again."
        )
    reloaded = nginx.reload()
    if reloaded.code != 0:
        raise ApplyError(
            f"expected {' '.join(nginx.reload_command)} to succeed, found:\n{reloaded.last_lines}\n"
            f"{_back(files, nginx, reload=False)} Is nginx running? Start it, then run again."
        )
    proof = nginx.prove(generation)
    if not proof.proved:
        raise ApplyError(
            f"expected generation {generation} in every answer of the probe after the reload, found {proof.found} "
            f"within {proof.seconds:.1f} s: nginx keeps its former configuration, or the probe is not reached. "
            f"{_back(files, nginx, reload=True)} Its error log says why (a port in use, for example); also see that "
            "nginx.conf includes the site file."
        )
    return proof
