# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The release lock of one host taken, dropped and read: what the module release_lock does."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import fence, lock, state_directory, transitions


class Refused(Exception):
    """Somebody else has the lock."""


def _result(directory: str, before: dict[str, Any] | None, after: dict[str, Any] | None, epoch: int) -> dict[str, Any]:
    texts = [state_directory.as_file(holder).decode() if holder else "" for holder in (before, after)]
    header = os.path.join(directory, fence.HOLDER_FILE)
    return {
        "done": True,
        "lock": after,
        "epoch": epoch,
        "diff": {"before": texts[0], "after": texts[1], "before_header": header},
    }


def _store(directory: str, holder: dict[str, Any], folders: list[str]) -> None:
    # The epoch first: from here on every other run is refused, whatever happens to the rest.
    fence.store_epoch(directory, holder["epoch"])
    for folder in folders:
        os.makedirs(os.path.join(directory, folder), mode=0o755, exist_ok=True)
    state_directory.install_wrapper(directory, holder["epoch"])
    fence.write_durably(os.path.join(directory, fence.HOLDER_FILE), state_directory.as_file(holder))


def _decide(directory: str, params: dict[str, Any]) -> tuple[lock.Decision, dict[str, Any] | None]:
    holder, damage = state_directory.read_holder(directory)
    if damage and not params["takeover"]:
        raise Refused(
            f"expected to read who holds the release lock in {directory}/{fence.HOLDER_FILE}, found that it {damage}. "
            "See in playbooks/status.yml that no release runs, then take it with -e release_takeover=true."
        )
    phase, epoch = state_directory.holder_phase(directory, holder), fence.read_epoch(directory)
    if holder is not None and holder["release_id"] in params["leftovers"]:
        phase = transitions.CLOSED
    return lock.decide_take(params["holder"], holder, phase, epoch, params["takeover"], params["decided"]), holder


def take(params: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    """Take the lock. Raises Refused, FenceError or OSError."""
    directory, wanted = params["state_directory"], params["holder"]
    problem = lock.holder_problem(wanted)
    if problem:
        raise fence.FenceError(f"The wanted holder is not whole: {problem}.")
    if dry_run:
        decision, holder = _decide(directory, params)
        document = state_directory.record_of(directory, wanted["release_id"])
    else:
        with fence.flocked(directory, params["wait_seconds"]):
            decision, holder = _decide(directory, params)
            if decision.write:
                _store(directory, wanted, params["folders"])
            # The epoch is raised: no earlier run can write it here any more.
            document = state_directory.record_of(directory, wanted["release_id"])
    if decision.refusal:
        raise Refused(decision.refusal)
    result = _result(directory, holder, wanted, wanted["epoch"])
    return {"changed": decision.write, "refused": False, "note": decision.note, "document": document, **result}


def drop(params: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    """Release the lock when the release holds it. Raises FenceError or OSError."""
    directory, path = params["state_directory"], os.path.join(params["state_directory"], fence.HOLDER_FILE)
    with fence.fenced(directory, params["epoch"], params["wait_seconds"], dry_run):
        holder, damage = state_directory.read_holder(directory)
        decision = lock.decide_release(params["release_id"], holder)
        if decision.write and not dry_run:
            os.unlink(path)
    after = None if decision.write else holder
    note = f"left alone: {path} {damage}" if damage else decision.note
    return {"changed": decision.write, "note": note, **_result(directory, holder, after, params["epoch"])}


def query(params: dict[str, Any]) -> dict[str, Any]:
    """Who holds the lock. Raises FenceError when the epoch cannot be read."""
    holder, _damage = state_directory.read_holder(params["state_directory"])
    phase = state_directory.holder_phase(params["state_directory"], holder)
    return {
        "changed": False, "lock": holder, "lock_phase": phase, "epoch": fence.read_epoch(params["state_directory"]),
    }  # fmt: skip


def act(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Do what the state asks for; the result of the module, with ``failed`` where it is refused or cannot be done."""
    try:
        if params["state"] == "query":
            return query(params)
        return (take if params["state"] == "taken" else drop)(params, check_mode)
    except Refused as error:
        return {"failed": True, "msg": str(error), "refused": True}
    except fence.FenceError as error:
        return {"failed": True, "msg": str(error), "refused": False}
    except OSError as error:
        return {
            "failed": True,
            "msg": f"expected to write in {params['state_directory']}, found: {error}. Make room or correct the rights "
            "(it must belong to the SSH user), then run again.",
            "refused": False,
        }
