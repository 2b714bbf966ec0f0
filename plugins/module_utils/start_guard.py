# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a proxy does before its nginx starts: where users were moved without it, it follows the other proxies.

A proxy that was away while users were moved still has its former flag, and no record tells it better. So it asks the
others through their previews. Run by systemd with the path of its settings, see start_guard_files.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.fence import FenceError, flocked
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_door import OPEN, open_door, read_door
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import (
    SLOTS,
    FlagsError,
    Stamp,
    other_slot,
    parse_stamp,
    read_flags,
    read_stamp,
    settle,
    switch_flag,
    write_stamp,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_http import AskError, Tls, ask

ASK_SECONDS = 2.0
FENCE_SECONDS = 10.0
LIVE_HEADER = "x-release-live"
DOOR_HEADER = "x-release-door"


@dataclass(frozen=True)
class Standing:
    """Where a proxy has its users.

    stamp: of the move that brought them there; host: whose it is; door: open, closed, or empty for none.
    """

    host: str
    slot: str
    stamp: Stamp
    door: str = ""


def to_follow(own: Standing, others: Iterable[Standing]) -> Standing | None:
    """The newest of the other proxies' standings, when it is newer than *own* and names another slot.

    None also where the newest ones contradict each other: then nothing says which slot was left.
    """
    newer = sorted((one for one in others if one.stamp > own.stamp), key=lambda one: one.stamp, reverse=True)
    newest = [one for one in newer if one.stamp == newer[0].stamp]
    return newest[0] if {one.slot for one in newest} == {other_slot(own.slot)} else None


def standing_of(peer: Mapping[str, str], settings: Mapping[str, Any]) -> Standing | None:
    """What another proxy says of itself; None when it says nothing that can be understood."""
    try:
        answer = ask(peer["url"], settings["headers"], ASK_SECONDS, Tls(settings["tls_name"], settings["ca"]))
    except AskError:
        return None
    slot, stamp = answer.headers.get(LIVE_HEADER, ""), parse_stamp(answer.body)
    if answer.status != 200 or slot not in SLOTS or not stamp:
        return None
    return Standing(peer["host"], slot, stamp, answer.headers.get(DOOR_HEADER, ""))


def ask_all(settings: Mapping[str, Any]) -> list[Standing]:
    """The standings of the other proxies that answer, asked side by side."""
    peers = settings["peers"]
    with ThreadPoolExecutor(max_workers=len(peers) or 1) as pool:
        return [one for one in pool.map(lambda peer: standing_of(peer, settings), peers) if one]


def follow(newer: Standing, own: Standing, settings: Mapping[str, Any]) -> None:
    """Move users, unless a run has just done so. FlagsError, FenceError or OSError when they cannot be moved."""
    directory = settings["flags_directory"]
    with flocked(settings["state_directory"], FENCE_SECONDS):
        if (read_flags(directory), read_stamp(directory, own.slot)) == (own.slot, own.stamp):
            switch_flag(directory, newer.slot)
            write_stamp(directory, newer.slot, newer.stamp)
            settle(directory)


def let_in(others: Iterable[Standing], settings: Mapping[str, Any]) -> None:
    """Open the door where another proxy has its own open: it was closed when this one went away. What stands in the way
    is told, and keeps nginx from nothing."""
    directory = settings["flags_directory"]
    if read_door(directory) == OPEN:
        return
    if not (seen := [one.host for one in others if one.door == OPEN]):
        say("the door is closed here, and no other proxy says that it is open; playbooks/rollback.yml opens it")
        return
    try:
        with flocked(settings["state_directory"], FENCE_SECONDS):
            open_door(directory)
        say(f"the door was closed when this proxy went away and is opened now, as {seen[0]} has its own open")
    except (FlagsError, FenceError) as error:
        say(f"expected to open the door, found: {error}")


def guard(path: str) -> int:
    """Follow the other proxies where that is due. The exit code: 1 where nginx would serve a slot that users left."""
    with open(path, encoding="utf-8") as stream:
        settings = json.load(stream)
    slot = read_flags(settings["flags_directory"])
    if slot not in SLOTS:
        say(f"expected one readable flag in {settings['flags_directory']}, found none or both; nobody was moved")
        return 0
    own = Standing("", slot, read_stamp(settings["flags_directory"], slot))
    others = ask_all(settings)
    let_in(others, settings)
    newer = to_follow(own, others)
    if newer is None:
        say(f"users stay on {slot}; {len(others)} of {len(settings['peers'])} other proxies answered")
        return 0
    try:
        follow(newer, own, settings)
    except (FlagsError, FenceError, OSError) as error:
        say(
            f"expected to move users to {newer.slot}, found: {error} nginx is not started, as it would serve a slot "
            "that users have left. Run playbooks/reconcile.yml, then start nginx."
        )
        return 1
    say(
        f"users go to {newer.slot}: {newer.host} has moved them there while this proxy was away with them on {slot}; "
        "playbooks/reconcile.yml does the rest"
    )
    return 0


def say(words: str) -> None:
    """A line for the journal."""
    print(f"bluegreen: {words}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Exit code for systemd. Whatever else goes wrong here is told, and lets nginx start as it did without a guard."""
    try:
        return guard(arguments[1])
    except Exception as error:
        say(f"expected to ask the other proxies, found {type(error).__name__}: {error}; users stay where they are")
        return 0
