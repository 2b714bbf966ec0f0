# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading and writing of the state directory of one host: records, lock, epoch, fence."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import fence, lock, record
from ansible_collections.bluegreen.release.plugins.module_utils.source import source_of

RECORDS = "records"
KEPT_LINKS = 50


def _read_json(path: str) -> tuple[Any, str]:
    """The content of a JSON file and what is wrong with it; ``(None, "")`` when there is no such file."""
    try:
        with open(path, "rb") as stream:
            return json.loads(stream.read()), ""
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    except ValueError as error:
        return None, f"is not JSON: {error}"


def read_holder(directory: str) -> tuple[dict[str, Any] | None, str]:
    """Who holds the release lock, and what is wrong with the file (then nobody can be named)."""
    holder, problem = _read_json(os.path.join(directory, fence.HOLDER_FILE))
    if holder is None:
        return None, problem
    problem = lock.holder_problem(holder)
    return (None, problem) if problem else (holder, "")


def record_path(directory: str, release_id: str) -> str:
    """Where the record of a release lies. RecordError for an id that is not one (it becomes a file name)."""
    if not record.RELEASE_ID.fullmatch(release_id):
        raise record.RecordError(f"expected a release_id like 20260131T235959Z-1.0.0-0a1b, found {release_id!r}.")
    return os.path.join(directory, RECORDS, f"{release_id}.json")


def read_record(path: str) -> tuple[dict[str, Any] | None, str]:
    """A record and what is wrong with it (then it is None); ``(None, "")`` when there is no such file."""
    document, problem = _read_json(path)
    if document is None:
        return None, problem
    problems = record.validate(document)
    if not problems and f"{document['release_id']}.json" != os.path.basename(path):
        problems = [f"holds the record of {document['release_id']}."]
    return (None, " ".join(problems)) if problems else (document, "")


def read_records(directory: str) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """All valid records, newest release first, and the files that are not valid with the reason of each."""
    folder, documents, corrupt = os.path.join(directory, RECORDS), [], []
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [{"file": folder, "problem": f"cannot be read: {error.strerror}"}]
    for path in (os.path.join(folder, name) for name in names if name.endswith(".json") and not name.startswith(".")):
        document, problem = read_record(path)
        if document is not None:
            documents.append(document)
        elif problem:
            corrupt.append({"file": path, "problem": problem})
    return record.newest_valid(documents), corrupt


def record_of(directory: str, release_id: str) -> dict[str, Any] | None:
    """This host's record of a release; None when it has no valid one."""
    with contextlib.suppress(record.RecordError):
        return read_record(record_path(directory, release_id))[0]
    return None


def holder_phase(directory: str, holder: dict[str, Any] | None) -> str | None:
    """The phase of the release that holds the lock, as this host's record tells it; None when it has none."""
    document = record_of(directory, str(holder["release_id"])) if holder else None
    return str(document["phase"]) if document else None


def _directory_state(directory: str) -> str:
    """``ready``, ``missing``, or ``foreign`` when the SSH user cannot write in it."""
    if not os.path.isdir(directory):
        return "missing"
    return "ready" if os.access(directory, os.W_OK | os.X_OK) else "foreign"


def _wrapper_source() -> bytes:
    """The fence as an executable script for the interpreter that runs this."""
    return f"#!{sys.executable} -IS\n{source_of(fence)}".encode()


def wrapper_state(directory: str) -> dict[str, Any]:
    """The installed fence: its sha256 (None when missing), and whether it is the one of this collection."""
    try:
        with open(os.path.join(directory, fence.WRAPPER_FILE), "rb") as stream:
            content = stream.read()
    except OSError:
        return {"checksum": None, "current": False}
    return {
        "checksum": hashlib.sha256(content).hexdigest(),
        "current": content == _wrapper_source(),
    }


def view(directory: str, limit: int) -> dict[str, Any]:
    """Everything that a host remembers of releases; of closed ones the newest *limit*. Never raises."""
    documents, corrupt = read_records(directory)
    holder, problem = read_holder(directory)
    epoch: int | None
    try:
        epoch = fence.read_epoch(directory)
    except fence.FenceError as error:
        epoch = None
        corrupt.append({"file": os.path.join(directory, fence.EPOCH_FILE), "problem": str(error)})
    if problem:
        corrupt.append({"file": os.path.join(directory, fence.HOLDER_FILE), "problem": problem})
    shown = [document for index, document in enumerate(documents) if index < limit or document["phase"] != "closed"]
    return {
        "directory": _directory_state(directory),
        "records": shown,
        "corrupt": corrupt,
        "lock": holder,
        "lock_phase": holder_phase(directory, holder),
        "epoch": epoch,
        "fence": wrapper_state(directory),
        "python": sys.executable,
        "uid": os.geteuid(),
        "gid": os.getegid(),
    }


def install_wrapper(directory: str, epoch: int) -> None:
    """Put the fence wrapper where it belongs, with the name that runs at *epoch* call it by."""
    path = os.path.join(directory, fence.WRAPPER_FILE)
    if not wrapper_state(directory)["current"]:
        fence.write_durably(path, _wrapper_source(), 0o755)
    with contextlib.suppress(FileExistsError):
        os.symlink(fence.WRAPPER_FILE, os.path.join(directory, fence.wrapper_link(epoch)))
    # Names of recent epochs stay, so that a run that was taken over is told so.
    for old in (name for name in os.listdir(directory) if name.startswith(fence.WRAPPER_FILE + ".")):
        number = old.rpartition(".")[2]
        if number.isdigit() and int(number) <= epoch - KEPT_LINKS:
            os.unlink(os.path.join(directory, old))


def as_file(document: dict[str, Any]) -> bytes:
    """A document as it is written: JSON that a person can read."""
    return json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
