# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs one command with an end: when its time is over, it and all its children are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple

_KILL_AFTER_SECONDS = 5.0
_KEPT_BYTES = 4000
_SHORTEST_SECRET = 4


class Ended(NamedTuple):
    """How a command ended. problem: empty when it ended well. output: the end of what it printed, both streams."""

    problem: str
    code: int | None
    output: str


def run(
    argv: Sequence[str], text: str, variables: Mapping[str, str], secrets: Mapping[str, str], seconds: float,
    directory: str | None = None, kill_after: float = _KILL_AFTER_SECONDS,
) -> Ended:  # fmt: skip
    """Run *argv* with *text* on standard input and both mappings in its environment; what is secret is not given back.

    The command leads a process group of its own, which is ended as a whole: politely first, after *kill_after* seconds
    for good. What it leaves in the background on purpose (``&``) lives on when it ends in time.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed:
        given.write(text.encode())
        given.seek(0)
        environment = {**os.environ, **variables, **secrets}
        try:
            process = subprocess.Popen(
                list(argv), stdin=given, stdout=printed, stderr=subprocess.STDOUT, cwd=directory, env=environment,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return Ended(f"expected to start {argv[0]}, found: {error.strerror}", None, "")
        problem = _wait(process, seconds, kill_after)
        return Ended(problem, process.returncode, _hidden(_end_of(printed), secrets))


def _wait(process: subprocess.Popen[bytes], seconds: float, kill_after: float) -> str:
    """Why the command did not end well; empty when it did."""
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        _end(process, kill_after)
        return f"expected it to end within {seconds:g} s, found it still running; it and its children were killed"
    return f"expected exit code 0, found {code}" if code else ""


def _end(process: subprocess.Popen[bytes], kill_after: float) -> None:
    """End the whole group; a child that outlives its parent's end is killed with the rest."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(kill_after)


def _end_of(stream: IO[Any]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _KEPT_BYTES))
    return str(stream.read().decode("utf-8", "replace")).strip()


def _hidden(output: str, secrets: Mapping[str, str]) -> str:
    for value in sorted(secrets.values(), key=len, reverse=True):
        if len(value) >= _SHORTEST_SECRET:
            output = output.replace(value, "********")
    return output
