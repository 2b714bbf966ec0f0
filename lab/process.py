# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands and progress: the only places where the lab starts a process or prints a line of progress."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.errors import LabError

_LAST_LINES = 15


def say(text: str) -> None:
    """Print one line of progress on standard error; standard output is for answers."""
    print(f"lab: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Say what begins, and how many seconds it took when it succeeds."""
    say(f"{text} ...")
    begun = time.monotonic()
    yield
    say(f"{text}: {time.monotonic() - begun:.1f} s")


def last_lines(text: str, count: int = _LAST_LINES) -> str:
    """The last lines of an output, for a message."""
    return "\n".join(text.strip().splitlines()[-count:])


def attempt(
    command: Sequence[str],
    *,
    timeout_seconds: float = 60,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return it, whatever its exit code.

    A command that does not exist answers 127 and one that takes too long 124, as a shell and timeout(1) do.
    """
    try:
        done = subprocess.run(
            list(command),
            input=b"" if stdin is None else stdin,
            capture_output=True,
            timeout=timeout_seconds,
            env={**os.environ, **(environment or {})},
            cwd=folder,
            check=False,
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(list(command), 127, "", f"{command[0]}: command not found")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(list(command), 124, "", f"no end after {timeout_seconds:.0f} s")
    return subprocess.CompletedProcess(
        list(command), done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )


def run(
    command: Sequence[str],
    *,
    remedy: str,
    timeout_seconds: float = 60,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command that has to succeed and return its standard output.

    Raises:
        LabError: with the last lines of what the command said, and the remedy.
    """
    done = attempt(command, timeout_seconds=timeout_seconds, stdin=stdin, environment=environment)
    if done.returncode != 0:
        said = last_lines(done.stderr) or last_lines(done.stdout) or "no output"
        raise LabError(f"success of: {' '.join(command)[:400]}", f"exit code {done.returncode}: {said}", remedy)
    return done.stdout


def follow(
    command: Sequence[str],
    *,
    log: Path,
    shown: re.Pattern[str],
    timeout_seconds: float,
    environment: Mapping[str, str],
    folder: Path,
) -> int:
    """Run a long command into a log file, saying group 1 of each line that matches; returns its exit code.

    One that takes too long is ended and answers 124.
    """
    with log.open("w") as output:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            cwd=folder,
            text=True,
            errors="replace",
        )
        timer = threading.Timer(timeout_seconds, child.terminate)
        timer.start()
        assert child.stdout is not None
        for line in child.stdout:
            output.write(line)
            output.flush()
            found = shown.match(line)
            if found:
                say(f"  {found.group(1)}")
        code = child.wait()
        late = not timer.is_alive()
        timer.cancel()
    return 124 if late else code


def as_root(command: Sequence[str]) -> list[str]:
    """The command as root: as it is for root, through sudo for others.

    Raises:
        LabError: neither root nor sudo.
    """
    if os.geteuid() == 0:
        return list(command)
    if shutil.which("sudo") is None:
        raise LabError("root rights", f"user id {os.geteuid()} and no sudo", "run this command as root")
    return ["sudo", *command]
