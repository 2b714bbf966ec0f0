# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of a rollback on demand under load, beside the bare rename sent to all proxies at once."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab import snapshot
from lab.bench.figures import Figure, figure
from lab.bench.progress import say, timed
from lab.bench.release import USERS, lost, play, record_and_logs, release, under_load
from lab.bench.timeline import left_seconds
from lab.errors import LabError
from lab.inventory import connection
from lab.profiles import INSTALLED
from lab.settings import Settings

# Most of these requests ask next to nothing: so many of the others would need more than two cores, whoever releases.
BUSY_USERS = (
    "--rate", "500", "--post-share", "0.05", "--light-share", "0.9", "--connections", "64", "--slow", "20",
    "--websockets", "20",
)  # fmt: skip
# Two requests a second at each of 20 proxies, so that the last answer of a slot is seen: a machine of two cores that
# is busy with 22 hosts has no time for more users of the common kind.
MANY_USERS = ("--rate", "40", "--post-share", "0.05", "--light-share", "0.9")
_FLAGS = f"/var/lib/bluegreen/{INSTALLED.name}/flags"


@dataclass(frozen=True)
class Round:
    """What one rollback showed. `load` and `writes` are what bin/lab load and verify-writes printed last.

    Attributes:
        left: seconds from pressing return to the last answer of the slot that users left, at any front door.
        bare: seconds of the same rename sent to every proxy at once over ssh, and nothing else.
        whole: wall clock of ansible-playbook.
    """

    load: dict[str, Any]
    writes: dict[str, Any]
    left: float
    bare: float
    whole: float


def _ssh(settings: Settings, address: str, command: str) -> list[str]:
    told = connection(settings)
    options = [*shlex.split(told["ansible_ssh_common_args"]), "-o", "ControlMaster=no", "-o", "ControlPath=none"]
    key = told["ansible_ssh_private_key_file"]
    return ["ssh", "-i", key, *options, f"{told['ansible_user']}@{address}", command]


def bare_rename(settings: Settings, left: str, reached: str) -> float:
    """Seconds that one rename takes when it is sent to all proxies at once; it is taken back afterwards.

    Raises:
        LabError: a proxy did not do it.
    """
    proxies = snapshot.of_kind(snapshot.need_hosts(settings), "lb")

    def all_at_once(source: str, target: str) -> float:
        began = time.monotonic()
        move = f"mv -T {_FLAGS}/live.{source} {_FLAGS}/live.{target}"
        sent = [subprocess.Popen(_ssh(settings, host.address, move)) for host in proxies]
        codes = [process.wait(timeout=60) for process in sent]
        if any(codes):
            raise LabError(f"{move} on every proxy", f"exit codes {codes}", "bin/lab reset")
        return time.monotonic() - began

    taken = all_at_once(reached, left)
    all_at_once(left, reached)
    return taken


def one_round(settings: Settings, users: Sequence[str]) -> Round:
    """One release, and the rollback of it while such users are there; the lab is reset afterwards."""
    release(settings)
    words = ["playbooks/rollback.yml", "-i", "inventories/lab"]
    (began, ended), load, writes = under_load(lambda: play(words, settings.state / "bench-rollback.log"), users)
    record, logs = record_and_logs(settings)
    left, reached = record["to_slot"], record["from_slot"]
    one = Round(
        load=load,
        writes=writes,
        left=left_seconds(began, left, reached, INSTALLED.site, logs),
        bare=bare_rename(settings, left, reached),
        whole=ended - began,
    )
    timed(["bin/lab", "reset"])
    return one


def rounds(
    settings: Settings, count: int, done: list[Round], proxies: int = 2, hosts: int = 2, users: Sequence[str] = USERS
) -> None:
    """So many rollbacks, each of a release of its own, on a lab of that shape; fills `done` as they end."""
    timed(["bin/lab", "up", "--lb", str(proxies), "--app", str(hosts)])
    timed(["bin/lab", "reset"])
    for number in range(1, count + 1):
        one = one_round(settings, users)
        done.append(one)
        say(
            f"rollback {number}/{count}: users back after {one.left:.1f} s (bare rename {one.bare:.1f} s), "
            f"ended after {one.whole:.1f} s, {one.load['sent']} requests, {one.load['failed']} failed "
            f"{one.load['failures'] or ''}, {lost(one.writes)} writes lost, 99 of 100 answered within "
            f"{one.load['p99']} s, WebSockets: {one.load['websockets'] or 'none'}"
        )


def left_figures(name: str, done: Sequence[Round]) -> list[Figure]:
    """The one figure of rounds on a lab of another shape."""
    return [figure(name, (one.left for one in done), (one.bare for one in done))]


def busy_figures(done: Sequence[Round]) -> list[Figure]:
    """The figures of rounds with many users of every kind."""
    return [
        figure("rollback_busy_failed_requests", (one.load["failed"] for one in done)),
        figure("rollback_busy_lost_writes", (lost(one.writes) for one in done)),
        figure("rollback_busy_cut_websockets", (one.load["websockets"].get("cut", 0) for one in done)),
    ]


def figures(done: Sequence[Round]) -> list[Figure]:
    """All figures that rollbacks give."""
    return [
        figure("rollback_failed_requests", (one.load["failed"] for one in done)),
        figure("rollback_lost_writes", (lost(one.writes) for one in done)),
        figure("rollback_left_seconds", (one.left for one in done), (one.bare for one in done)),
        figure("rollback_seconds", (one.whole for one in done)),
    ]
