# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab remembers between commands: small files in its state folder, written whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.settings import Settings

_LOCK_WAIT_SECONDS = 10.0
SECRETS = (
    "db_password",
    "preview_secret",
    "application_secret",
    "registry_password",
    "guestbook_db_password",
    "guestbook_secret",
)


def write_text(path: Path, text: str, mode: int = 0o600) -> bool:
    """Replace a file atomically; False when it already held the text."""
    if path.exists() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(mode=mode)
    temporary.write_text(text)
    temporary.replace(path)
    return True


def write_json(path: Path, value: object) -> bool:
    """Replace a JSON file atomically; False when nothing changed."""
    return write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def read_json(path: Path) -> Any:
    """A JSON file's value, or None when there is none."""
    return json.loads(path.read_text()) if path.exists() else None


def ensure_secrets(settings: Settings) -> dict[str, str]:
    """The lab's own passwords, made once."""
    path = settings.state / "secrets.json"
    known: dict[str, str] = read_json(path) or {}
    complete = {name: known.get(name) or secrets.token_hex(16) for name in SECRETS}
    write_json(path, complete)
    return complete


@contextmanager
def exclusive(settings: Settings, command: str) -> Iterator[None]:
    """Hold the lab for one changing command.

    Raises:
        LabError: another command holds it for longer than ten seconds.
    """
    settings.state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.state.parent / f"{settings.name}.lock"
    with path.open("a+") as lock:
        _take(lock.fileno(), path, settings)
        lock.truncate(0)
        lock.write(f"bin/lab {command}, process {os.getpid()}, since {time.strftime('%H:%M:%S')}")
        lock.flush()
        yield


def _take(descriptor: int, path: Path, settings: Settings) -> None:
    end = time.monotonic() + _LOCK_WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise LabError(
                    f"no other command at work on the lab {settings.name}",
                    path.read_text() or "a lock",
                    "wait for it to end, or use another lab: LAB_NAME and LAB_PORT",
                ) from None
            time.sleep(0.2)
        else:
            return
