# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fence of a host: one mutation at a time, and none by a run whose lock was taken over.

This one file is two things, so that they cannot differ: the helper that mutating modules import, and, installed
as ``<state directory>/fence``, the interpreter wrapper under which foreign modules run: its link ``fence.7`` runs them
at epoch 7. It needs nothing but the standard library, and must stay so.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import sys
import time
from collections.abc import Iterator

LOCK_FILE = "fence.lock"
EPOCH_FILE = "epoch"
WRAPPER_FILE = "fence"
HOLDER_FILE = "lock.json"
DEFAULT_WAIT_SECONDS = 60.0
_INHERITED = "BLUEGREEN_FENCE_FD"
_POLL_SECONDS = 0.05


class FenceError(Exception):
    """The host must not be changed by this run; the text says why and what to do."""


class FenceBusy(FenceError):
    """Another process was changing the host for longer than the bounded wait."""


class StaleEpoch(FenceError):
    """The lock was taken over by a newer run."""


@contextlib.contextmanager
def replaced(path: str, mode: int) -> Iterator[io.BufferedRandom]:
    """A stream whose content takes the place of *path* at the end, so that a crash leaves the old or the new file.

    Nothing of it stays where the block raises. OSError on failure.
    """
    directory = os.path.dirname(path) or "."
    temporary = os.path.join(directory, f".{os.path.basename(path)}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            os.fchmod(descriptor, mode)
            yield stream
            stream.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    parent = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def write_durably(path: str, content: bytes, mode: int = 0o644) -> None:
    """Replace *path* by *content* so that a crash leaves the old or the new file, never a part. OSError on failure."""
    with replaced(path, mode) as stream:
        stream.write(content)


def read_epoch(directory: str) -> int:
    """The highest epoch this host has seen; 0 before the first release. FenceError when the file is not a number."""
    path = os.path.join(directory, EPOCH_FILE)
    try:
        with open(path, "rb") as stream:
            text = stream.read(64).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise FenceError(f"expected to read the epoch in {path}, found: {error.strerror}. See who owns it.") from error
    if not text.isdigit():
        raise FenceError(
            f"expected a number in {path}, found {text!r}. Write the highest epoch of the other hosts into it "
            "(playbooks/status.yml shows them), then run again."
        )
    return int(text)


def store_epoch(directory: str, epoch: int) -> None:
    """Remember *epoch*; the caller holds the fence. In place and at a fixed width: it works on a full disk."""
    path, content = os.path.join(directory, EPOCH_FILE), f"{epoch:020d}\n".encode()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        write_durably(path, content)
        return
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        stream.write(content)
        os.fsync(stream.fileno())


def _taker(directory: str) -> str:
    """Who holds the release lock here, in words; empty when nobody can be named."""
    try:
        with open(os.path.join(directory, HOLDER_FILE), "rb") as stream:
            holder = json.loads(stream.read())
        return f" by {holder['user']}@{holder['host']} at {holder['since']} for release {holder['release_id']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def check_epoch(directory: str, epoch: int) -> int:
    """Return the stored epoch, or raise StaleEpoch when it is higher than *epoch*."""
    stored = read_epoch(directory)
    if epoch < stored:
        raise StaleEpoch(
            f"expected epoch {stored} or higher, found this run at epoch {epoch}: the lock was taken over"
            f"{_taker(directory)}. This run changes nothing here any more; playbooks/status.yml shows who releases now."
        )
    return stored


def _flock_owners(descriptor: int) -> str:
    """The processes that hold a flock on the open file, from /proc; empty when unknown."""
    inode, owners = str(os.fstat(descriptor).st_ino), []
    with contextlib.suppress(OSError), open("/proc/locks") as stream:
        for fields in (line.split() for line in stream):
            if len(fields) >= 6 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == inode:
                owners.append(f"process {fields[4]}")
    return " by " + ", ".join(owners) if owners else ""


def _acquire(descriptor: int, path: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise FenceBusy(
                    f"expected the fence {path} to be free within {wait_seconds:g} s, found it still held"
                    f"{_flock_owners(descriptor)}. A module of another or a killed run is still changing this host: "
                    "let it end (or end that process), then run again."
                ) from None
            time.sleep(min(_POLL_SECONDS, max(deadline - time.monotonic(), 0.001)))


def _open_lock(directory: str) -> int:
    """A descriptor for the lock file: the one inherited from the wrapper, or a new one. FenceError when impossible."""
    path = os.path.join(directory, LOCK_FILE)
    inherited = os.environ.get(_INHERITED, "")
    if inherited.isdigit():
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(int(inherited)), os.stat(path)):
                return os.dup(int(inherited))
    try:
        # Reading is enough to lock, and lets both root and the SSH user lock a file that either of them made.
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise FenceError(
            f"expected the state directory {directory} with the fence in it, found: {error.strerror}. "
            "Run playbooks/open.yml (or release.yml) first: taking the lock creates it."
        ) from error


@contextlib.contextmanager
def flocked(directory: str, wait_seconds: float = DEFAULT_WAIT_SECONDS) -> Iterator[None]:
    """Hold the fence without asking for an epoch: for taking the lock, which raises it. Raises FenceError kinds."""
    descriptor = _open_lock(directory)
    try:
        _acquire(descriptor, os.path.join(directory, LOCK_FILE), wait_seconds)
        yield
    finally:
        os.close(descriptor)


def enter(directory: str, epoch: int, wait_seconds: float) -> int:
    """Take the fence and check the epoch; return the descriptor that holds the lock. Raises FenceError kinds."""
    descriptor = _open_lock(directory)
    try:
        _acquire(descriptor, os.path.join(directory, LOCK_FILE), wait_seconds)
        if epoch > check_epoch(directory, epoch):
            store_epoch(directory, epoch)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def fenced(
    directory: str, epoch: int, wait_seconds: float = DEFAULT_WAIT_SECONDS, dry_run: bool = False
) -> Iterator[None]:
    """Run the body as the only mutation on this host, with an epoch that is not stale.

    directory: the state directory. epoch: of the run's lock. wait_seconds: bound on waiting for another mutation.
    dry_run: check mode; the epoch is checked and nothing is locked or written.
    Raises FenceBusy, StaleEpoch, or FenceError when the state directory cannot be used.
    """
    if dry_run:
        check_epoch(directory, epoch)
        yield
        return
    descriptor = enter(directory, epoch, wait_seconds)
    try:
        yield
    finally:
        os.close(descriptor)


def wrapper_link(epoch: int) -> str:
    """The name of the wrapper for runs at *epoch*. Ansible passes an interpreter no arguments, so its name tells it."""
    return f"{WRAPPER_FILE}.{epoch}"


def main(program: str, arguments: list[str]) -> int:
    """Become Python with *arguments* while holding the fence, or print why not as a module's JSON answer.

    program: the path by which the wrapper was called, ``<state directory>/fence.<epoch>``.
    """
    directory, name = os.path.split(os.path.abspath(program))
    epoch = name.rpartition(".")[2]
    wait_seconds = os.environ.get("BLUEGREEN_FENCE_WAIT_SECONDS", "")
    try:
        if not epoch.isdigit():
            raise FenceError(f"expected to be called as {directory}/fence.<epoch>, found {program}.")
        descriptor = enter(directory, int(epoch), float(wait_seconds or DEFAULT_WAIT_SECONDS))
        os.set_inheritable(descriptor, True)
        os.environ[_INHERITED] = str(descriptor)
        os.execv(sys.executable, [sys.executable, *arguments])
    except (FenceError, ValueError, OSError) as error:
        print(json.dumps({"failed": True, "changed": False, "msg": str(error)}))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[0], sys.argv[1:]))
