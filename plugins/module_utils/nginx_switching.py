# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of one proxy moved to a slot, with proof: what the module nginx_switch does."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import spool
from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError, fenced
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_door import (
    CLOSED,
    OPEN,
    close_door,
    closed_since,
    door_path,
    open_door,
    read_door,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import (
    NONE,
    UNKNOWN,
    FlagsError,
    Stamp,
    flag_path,
    other_slot,
    read_flags,
    read_stamp,
    settle,
    switch_flag,
    write_stamp,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import Tls, prove
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_probe import (
    UNREACHABLE,
    Probe,
    look_at_door,
    look_at_front,
    probe,
)
from ansible_collections.bluegreen.release.plugins.module_utils.record import RecordError
from ansible_collections.bluegreen.release.plugins.module_utils.record_writing import NOT_STORED, store
from ansible_collections.bluegreen.release.plugins.module_utils.state_directory import read_records

_LONGEST_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 2.0
# What each of these states of the module makes of the door.
_DOORS = {"closed": CLOSED, "opened": OPEN}
_NO_DOOR = (
    "expected nginx to say whether its door is open, found that it has none, or does not answer. Set "
    "release_closed_door, and run the role's entry point configure; nobody waits."
)


def refusal(file: str, seen: Probe, directory: str) -> str:
    """Why traffic must not be moved from this state; empty when it may.

    An unreachable probe does not refuse: the proof through the front door decides, and a rollback must not hang on it.
    """
    if file == NONE:
        return (
            f"expected live.blue or live.green in {directory}, found neither. On a first install run the role's entry "
            "point configure with nginx_switchover_initial_slot; otherwise find out who removed the flag."
        )
    if file == UNKNOWN:
        return (
            f"expected exactly one readable flag in {directory}, found both or an unreadable directory. Users are on "
            "green if live.green is there and nginx can read it, else on blue: repair that, then run again."
        )
    if seen.live == UNKNOWN:
        return (
            f"expected nginx's workers to read {file} in {directory}, found that they cannot tell. Make the directory "
            "and its parents readable for the workers (mode 0755); until then users are on blue."
        )
    if seen.live not in (file, UNREACHABLE):
        return (
            f"expected files and workers to name the same slot, found {file} in {directory} and {seen.live} through "
            "nginx: it reads another directory. Run the role's entry point configure."
        )
    return ""


class Switch:
    """One run. result: what the module returns, truthful at every moment."""

    def __init__(self, params: Mapping[str, Any], check_mode: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        self.directory: str = params["flags_directory"]
        self.tls = Tls(params["tls_name"], params["ca"] or "")
        self.result: dict[str, Any] = {"changed": False}
        self.warnings: list[str] = []
        self.recorded = False

    def query(self) -> str:
        """Read everything into the result; return the reason to refuse a switch, if any."""
        file = read_flags(self.directory)
        seen = probe(self.params["probe_url"], self.params["probe_headers"], _LOOK_SECONDS, self.tls)
        self.result.update(
            file=file,
            probe=seen.live,
            probe_reason=seen.reason,
            generation=seen.generation,
            agree=file == seen.live and file not in (NONE, UNKNOWN),
            door=read_door(self.directory),
            door_seen=seen.door,
            door_since=closed_since(self.directory),
        )
        return refusal(file, seen, self.directory)

    def store(self) -> None:
        """Store the record, if one is given; what stands in the way is told, and stops nothing but a stale epoch."""
        directory = self.params["state_directory"]
        given = {**self.params, "wait_seconds": self.params["fence_wait_seconds"]}
        try:
            stored = store(given, self.check_mode)
            self.recorded = bool(stored["changed"])
            self.result["stored"] = {name: stored[name] for name in ("done", "release_id", "sequence")}
            self.warnings += stored.get("warnings", [])
        except RecordError as error:
            self.result["stored"] = {"msg": str(error)}
        except OSError as error:
            self.result["stored"] = {"msg": NOT_STORED.format(directory=directory, error=error)}

    def wait_for_instant(self) -> None:
        """Sleep until the agreed instant."""
        left = (self.params["at"] or 0.0) - time.time()
        if left > _LONGEST_WAIT_SECONDS:
            raise FlagsError(
                f"expected an instant at most {_LONGEST_WAIT_SECONDS:g} s ahead, found one {left:.0f} s ahead. Compare "
                "the clocks of this host and of the controller."
            )
        if left > 0:
            time.sleep(left)

    def fenced(self) -> contextlib.AbstractContextManager[object]:
        """The fence of this host, for as long as a file is moved."""
        given = self.params
        return fenced(given["state_directory"], given["epoch"], given["fence_wait_seconds"], dry_run=self.check_mode)

    def show(self, before: str, after: str) -> None:
        """The difference that moving a file makes."""
        self.result["diff"] = {"before": before + "\n", "after": after + "\n"}

    def move(self) -> float:
        """Rename under the fence, unless the slot is live already. Returns the monotonic instant of it."""
        slot = self.params["slot"]
        with self.fenced():
            reason = self.query()
            if reason:
                raise FlagsError(reason)
            before = self.result["file"]
            self.show(flag_path(self.directory, before), flag_path(self.directory, slot))
            self.result["renamed_at"] = None
            if self.check_mode:
                self.result["changed"] = before != slot
                return time.monotonic()
            instant = time.monotonic()
            if before != slot:
                self.wait_for_instant()
                instant = switch_flag(self.directory, slot)
                self.result.update(changed=True, renamed_at=time.time(), file=slot)
            self.let_in()
            self.stamp()
            warning = settle(self.directory)
            if warning:
                self.warnings.append(warning)
            return instant

    def let_in(self) -> None:
        """Open the door, where it is closed: whoever waited goes to the slot that is live now."""
        since = closed_since(self.directory)
        if open_door(self.directory):
            held = None if since is None else round(max(0.0, time.time() - since), 3)
            self.result.update(changed=True, door=OPEN, held_seconds=held)

    def move_door(self) -> None:
        """Close or open the door under the fence. FlagsError when it is refused, and then nobody waits."""
        wanted = self.params["state"]
        with self.fenced():
            reason = self.query()
            before = self.result["door"]
            self.show(door_path(self.directory, before), door_path(self.directory, _DOORS[wanted]))
            if wanted == "closed" and (reason or not self.result["door_seen"]):
                raise FlagsError(reason or _NO_DOOR)
            if self.check_mode:
                self.result["changed"] = before != _DOORS[wanted]
                return
            if wanted == "opened":
                self.let_in()
            elif close_door(self.directory, time.time()):
                self.result.update(changed=True, door=CLOSED, door_since=closed_since(self.directory))

    def prove_door(self) -> str:
        """Prove through nginx that its workers see the door as it is; the reason of a failed proof, else empty."""
        door = self.result["door"]
        look = look_at_door(self.params["probe_url"], self.params["probe_headers"], self.tls)
        proof = prove(look, door, self.params["prove_seconds"], self.params["prove_timeout_seconds"])
        self.result["proof"] = proof.as_result()
        if proof.proved:
            return ""
        return (
            f"expected every answer of {self.params['probe_url']} over {self.params['prove_seconds']:g} s to say that "
            f"the door is {door}, found {proof.found} within {self.params['prove_timeout_seconds']:g} s."
        )

    def run_door(self) -> None:
        """Close or open the door, with proof. One that is not proved to be closed is opened again."""
        self.move_door()
        if self.check_mode:
            return
        reason = self.prove_door()
        # Where nginx has no door, or is not there, nobody waits at an open one.
        if not reason or (self.result["door"] == OPEN and self.result["door_seen"] == ""):
            return
        if self.result["door"] == CLOSED:
            open_door(self.directory)
            self.result["door"] = OPEN
            reason += " It was opened again."
        raise FlagsError(reason)

    def stamp(self) -> None:
        """Say in the flag when its slot was chosen, behind the rename: proxies that were away compare it (start_guard).

        Also where users were on the slot already: it has been chosen again. What stands in the way stops nothing.
        """
        slot, stamp = self.params["slot"], Stamp(self.params["epoch"], self.sequence())
        try:
            if read_stamp(self.directory, slot) != stamp:
                write_stamp(self.directory, slot, stamp)
                self.result["changed"] = True
        except OSError as error:
            self.warnings.append(
                f"the switch is in effect, but {flag_path(self.directory, slot)} could not be stamped "
                f"({error.strerror}): a proxy that was away meanwhile does not follow this one when it starts"
            )

    def sequence(self) -> int:
        """How far the record is by which users are moved: the one given, be it stored or not, or this host's newest."""
        if document := self.params.get("document"):
            return int(document["sequence"])
        documents = read_records(self.params["state_directory"])[0]
        return int(documents[0]["sequence"]) if documents else 0

    def prove(self, began: float) -> str:
        """Prove the slot through the front door; return the reason of a failed proof, else an empty text."""
        slot = self.params["slot"]
        look = look_at_front(
            self.params["front_url"], self.params["front_headers"], self.params["slot_header"], self.tls
        )
        proof = prove(look, slot, self.params["prove_seconds"], self.params["prove_timeout_seconds"])
        self.result["proof"] = proof.as_result()
        if proof.last_other_seconds is not None:
            elapsed = time.monotonic() - proof.seconds - began
            self.result["proof"]["last_other_seconds"] = round(elapsed + proof.last_other_seconds, 4)
        if proof.proved:
            return ""
        return (
            f"expected every answer of {self.params['front_url']} over {self.params['prove_seconds']:g} s to come from "
            f"{slot}, found {proof.found} within {self.params['prove_timeout_seconds']:g} s. The flag "
            f"{'was moved to' if self.result['renamed_at'] else 'already was at'} {slot}; run the same task with slot "
            f"{other_slot(slot)} to go back."
        )

    def leave_word(self, problem: str) -> None:
        """Leave in the spool that users are back, or that this is not proved. What stands in the way stops nothing."""
        document, directory = self.params["document"], self.params["state_directory"]
        try:
            event = spool.users_back(document, self.params["slot"], socket.gethostname(), problem)
            self.result["changed"] |= spool.leave(directory, event)
        except OSError as error:
            self.warnings.append(
                f"users are moved, but word of it could not be left in {directory}/{spool.SPOOL}: {error.strerror}"
            )

    def run(self) -> None:
        """Do what the state asks. FlagsError or FenceError when it is refused or cannot be proved."""
        if self.params["state"] == "query":
            self.query()
            return
        if self.params["state"] in _DOORS:
            self.run_door()
            return
        if self.params.get("document"):
            self.store()
        began = self.move()
        self.result["changed"] |= self.recorded
        if self.check_mode:
            return
        reason = self.prove(began)
        if self.params.get("document"):
            self.leave_word(reason)
        if reason:
            raise FlagsError(reason)


def act(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Do what the state asks for; the result of the module and its warnings, with ``failed`` where it is refused."""
    switch = Switch(params, check_mode)
    try:
        switch.run()
    except (FenceError, FlagsError) as error:
        switch.result.update(failed=True, msg=str(error))
    return {**switch.result, "warnings": switch.warnings}
