# SPDX-License-Identifier: GPL-3.0-or-later
"""The command bin/bench: figures as JSON, one a line, then a table; progress on standard error."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from lab.bench import adoption, bring_up, cycles, database, release, rollback
from lab.bench.figures import KINDS, Figure, choose, lines, table
from lab.bench.progress import BUSY, load_average, machine, say, timed
from lab.errors import LabError
from lab.settings import Settings, read_settings

_ABOUT = "Measures figures on a lab of its own (LAB_NAME=bench, left up: LAB_NAME=bench bin/lab down removes it)."
Keep = Callable[[Sequence[Figure]], None]
_Round = TypeVar("_Round")
_OTHER_SHAPES = {"rollback_one", "rollback_many"}
_ON_THE_LAB = {
    "release",
    "alone",
    "slow_boot",
    "rollback",
    "rollback_busy",
    "adopt",
    "migration",
    "cycle",
    "backup",
    "lab_up_warm",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/bench", description=_ABOUT)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; without one, all but the cold lab")
    parser.add_argument("--list", action="store_true", help="name the figures and measure nothing")
    parser.add_argument("-n", type=int, default=5, metavar="N", help="rounds of each (default 5)")
    parser.add_argument("--cold", action="store_true", help="the cold lab as well, once; removes the lab's images")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too, as one JSON array")
    return parser


def _listing() -> str:
    width = max(len(kind.name) for kind in KINDS)
    return "\n".join(f"{kind.name:{width}}  {kind.unit:15}{kind.text}" for kind in KINDS)


def _nginx(count: int) -> list[Figure]:
    # Needs tests/ and the collection on the path, which the other figures do not.
    from lab.bench import nginx

    return nginx.measure(count)


def _each(keep: Keep, make: Callable[[list[_Round]], None], of: Callable[[Sequence[_Round]], list[Figure]]) -> None:
    """Rounds of one kind; those that ended before an error count."""
    done: list[_Round] = []
    try:
        make(done)
    finally:
        if done:
            keep(of(done))


def _measurements(settings: Settings, count: int, cold_count: int, keep: Keep) -> dict[str, Callable[[], None]]:
    """Group -> its measurement, in the order they are made: the cold lab is the lab of the others."""
    return {
        "lab_up_cold": lambda: keep(bring_up.cold(settings, cold_count)),
        "lab_up_warm": lambda: keep(bring_up.warm(count)),
        "release": lambda: _each(keep, lambda done: release.rounds(settings, count, done), release.figures),
        "alone": lambda: keep(release.alone(settings, count)),
        "slow_boot": lambda: _each(
            keep, lambda done: release.rounds(settings, count, done, "slow_boot"), release.slow_boot_figures
        ),
        "rollback": lambda: _each(keep, lambda done: rollback.rounds(settings, count, done), rollback.figures),
        "rollback_busy": lambda: _each(
            keep, partial(rollback.rounds, settings, count, users=rollback.BUSY_USERS), rollback.busy_figures
        ),
        "rollback_one": lambda: _each(
            keep,
            partial(rollback.rounds, settings, count, proxies=1, hosts=1),
            partial(rollback.left_figures, "rollback_left_one_seconds"),
        ),
        "rollback_many": lambda: _each(
            keep,
            partial(rollback.rounds, settings, count, proxies=20, hosts=1, users=rollback.MANY_USERS),
            partial(rollback.left_figures, "rollback_left_many_seconds"),
        ),
        "adopt": lambda: _each(keep, lambda done: adoption.rounds(settings, count, done), adoption.figures),
        "migration": lambda: keep(database.waits(settings, count)),
        "cycle": lambda: _each(keep, partial(cycles.rounds, settings, count), cycles.figures),
        "decision": lambda: keep(database.decisions(count)),
        "backup": lambda: _each(keep, partial(database.backups, settings, count), database.backup_figures),
        "nginx": lambda: keep(_nginx(count)),
    }


def _measure(options: argparse.Namespace, figures: list[Figure]) -> None:
    """Fill `figures`; what was measured before an error stays in it.

    Raises:
        LabError: something could not be measured.
    """
    if options.n < 1:
        raise LabError("-n: one round or more", str(options.n), "bin/bench -n 5")
    names = {kind.name for kind in choose(options.names)} | ({"lab_up_cold_seconds"} if options.cold else set())
    groups = {kind.group for kind in KINDS if kind.name in names}
    settings = read_settings(os.environ)
    say(f"{len(names)} figures, n = {options.n}; this machine: {machine()}")
    if load_average() > BUSY:
        say(f"this machine is busy (load above {BUSY:g}): the figures will be worse than they are on a quiet one")
    ready = False

    def keep(measured: Sequence[Figure]) -> None:
        figures.extend(one for one in measured if one.kind.name in names)

    # Cold takes minutes a round, so it is made once unless it was named.
    cold_count = options.n if "lab_up_cold_seconds" in options.names else 1
    for group, measurement in _measurements(settings, options.n, cold_count, keep).items():
        if group not in groups:
            continue
        if group in _ON_THE_LAB and not ready:
            say(f"bin/lab up: {timed(bring_up.UP):.1f} s")
            ready = True
        measurement()
        ready = ready and group not in _OTHER_SHAPES


def main(arguments: Sequence[str]) -> int:
    """0 when everything asked for was measured, whatever came out; 1 when something could not be."""
    options = _parser().parse_args(arguments)
    if options.list:
        print(_listing())
        return 0
    figures: list[Figure] = []
    code = 0
    try:
        _measure(options, figures)
    except LabError as error:
        print(f"bench: stopped\n{error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("bench: interrupted; what was measured before follows", file=sys.stderr)
        code = 130
    if figures:
        print(lines(figures), flush=True)
        print(f"\n{table(figures)}")
    if options.json and figures:
        options.json.write_text(json.dumps([one.document() for one in figures], indent=1) + "\n")
    return code


if __name__ == "__main__":
    # Ended like an interrupt, so that no load stays behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
