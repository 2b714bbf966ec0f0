# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of a release under load: load on, release, load off, every write checked, lab reset."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import snapshot
from lab.bench.figures import PARTS, Figure, figure
from lab.bench.progress import say, timed
from lab.bench.timeline import parts, switch_seconds
from lab.containers import inside
from lab.errors import LabError
from lab.load_report import last_json
from lab.process import last_lines
from lab.profiles import INSTALLED
from lab.settings import ROOT, Settings
from lab.users import users

RATE = 200
USERS = ("--rate", str(RATE))
VERSION = "1.0.0"
_LONGEST_SECONDS = 600
_READ_RECORD = f"cat /var/lib/bluegreen/{INSTALLED.name}/records/*-{VERSION}-*.json"
# More lines than users and proofs leave behind in the longest release.
_READ_LOG = ["tail", "-n", "100000", f"/var/log/nginx/{INSTALLED.name}.access.log"]


@dataclass(frozen=True)
class Round:
    """What one release showed. `load` and `writes` are what bin/lab load and verify-writes printed last."""

    load: dict[str, Any]
    writes: dict[str, Any]
    parts: dict[str, float]
    switch: float
    reset: float

    @property
    def lost(self) -> int:
        """Acknowledged writes that are not in the database exactly once."""
        return lost(self.writes)


def lost(writes: dict[str, Any]) -> int:
    """Acknowledged writes that are not in the database exactly once, of what bin/lab verify-writes printed."""
    return int(writes["acked"]) - int(writes["found_once"])


def play(words: Sequence[str], log: Path) -> tuple[float, float]:
    """Run ansible-playbook with these words; seconds since 1970 of its begin and end.

    Raises:
        LabError: it failed.
    """
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    with log.open("w") as output:
        began = time.time()
        done = subprocess.run([program, *words], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False)
        ended = time.time()
    if done.returncode:
        said = last_lines(log.read_text(errors="replace").partition("\nPLAY RECAP")[0], 25)
        raise LabError(f"{' '.join(words)} to succeed", f"exit code {done.returncode}:\n{said}", f"read {log}")
    return began, ended


def release(settings: Settings) -> tuple[float, float]:
    words = ["playbooks/release.yml", "-i", "inventories/lab", "-e", f"release_version={VERSION}"]
    return play(words, settings.state / "bench-release.log")


def under_load(
    act: Callable[[], tuple[float, float]], words: Sequence[str] = USERS
) -> tuple[tuple[float, float], dict[str, Any], dict[str, Any]]:
    """Act while users are there: its begin and end, what they saw, and their writes compared with the database.

    words: what bin/lab load is given.

    Raises:
        LabError: nobody was there all the time, or the writes could not be compared.
    """
    load: dict[str, Any] = {}
    with users(load, _LONGEST_SECONDS, words, shown=False):
        span = act()
    if not load.get("sent"):
        raise LabError("requests meanwhile", str(load or "no answer of bin/lab load"), "bin/lab load")
    verify = ["bin/lab", "verify-writes"]
    writes = last_json(subprocess.run(verify, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False).stdout)
    if "found_once" not in writes:
        raise LabError("writes compared with the database", str(writes), "bin/lab verify-writes")
    return span, load, writes


def record_and_logs(settings: Settings) -> tuple[dict[str, Any], list[str]]:
    """The record of the release as the first proxy has it, and the end of every proxy's access log."""
    proxies = snapshot.of_kind(snapshot.need_hosts(settings), "lb")
    record: dict[str, Any] = json.loads(inside(settings, proxies[0].name, ["sh", "-c", _READ_RECORD]))
    return record, [inside(settings, host.name, _READ_LOG) for host in proxies]


def one_round(settings: Settings) -> Round:
    """One release on a lab that is as after up; the lab is reset afterwards."""
    (began, ended), load, writes = under_load(lambda: release(settings))
    record, logs = record_and_logs(settings)
    return Round(
        load=load,
        writes=writes,
        parts=parts(record, began, ended),
        switch=switch_seconds(record, INSTALLED.site, logs),
        reset=timed(["bin/lab", "reset"]),
    )


def rounds(settings: Settings, count: int, done: list[Round], fault: str | None = None) -> None:
    """So many releases one after the other, with a fault in the candidate or without; fills `done` as they end."""
    timed(["bin/lab", "reset"])
    for number in range(1, count + 1):
        if fault:
            timed(["bin/lab", "fault", fault, "on"])
        one = one_round(settings)
        done.append(one)
        what = f"release with {fault}" if fault else "release"
        say(
            f"{what} {number}/{count}: {sum(one.parts.values()) - one.parts['watch']:.1f} s without watch, "
            f"switch {one.switch:.2f} s, {one.load['sent']} requests, {one.load['failed']} failed, {one.lost} of "
            f"{one.writes['acked']} writes lost, reset {one.reset:.1f} s"
        )
        if one.load["failed"] or one.lost:
            say(f"first failure: {json.dumps(one.load['first_failure'])}; by reason: {one.load['failures']}")
            say(f"writes: {json.dumps(one.writes)}")


def alone(settings: Settings, count: int) -> list[Figure]:
    """The same release with nobody on the lab: seconds without the watch."""
    taken = []
    for number in range(1, count + 1):
        timed(["bin/lab", "reset"])
        began, ended = release(settings)
        phases = parts(record_and_logs(settings)[0], began, ended)
        taken.append(sum(phases.values()) - phases["watch"])
        say(f"release alone {number}/{count}: {taken[-1]:.1f} s without watch")
    timed(["bin/lab", "reset"])
    return [figure("release_alone_seconds", taken)]


def figures(done: Sequence[Round]) -> list[Figure]:
    """All figures that releases give."""
    return [
        figure("release_failed_requests", (one.load["failed"] for one in done)),
        figure("release_lost_writes", (one.lost for one in done)),
        figure("release_seconds", (sum(one.parts.values()) - one.parts["watch"] for one in done)),
        *(figure(f"release_{part}_seconds", [one.parts[part] for one in done]) for part in PARTS),
        figure("switch_seconds", (one.switch for one in done)),
        figure("lab_reset_seconds", (one.reset for one in done)),
    ]


def slow_boot_figures(done: Sequence[Round]) -> list[Figure]:
    """The figures of releases whose candidate boots slowly."""
    return [
        figure("release_slow_boot_failed_requests", (one.load["failed"] for one in done)),
        figure("release_slow_boot_lost_writes", (one.lost for one in done)),
    ]
