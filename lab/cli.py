# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of bin/lab."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence

from lab.errors import LabError
from lab.process import say
from lab.profiles import APPLICATIONS, INSTALLED
from lab.settings import Settings, read_settings

_ABOUT = "A lab on one machine: hosts in containers, reached over SSH as servers are."
_ENVIRONMENT = "environment: LAB_NAME (default demo) chooses the lab, LAB_PORT (default 8080) its first front door."


def main(arguments: Sequence[str]) -> int:
    """Run one command; 0 on success, 1 on an error that was explained, 2 on wrong usage."""
    if arguments[:1] in (["load"], ["verify-writes"]):
        return _foreign(arguments[0], list(arguments[1:]))
    options = _parser().parse_args(arguments)
    try:
        return _dispatch(read_settings(os.environ), options)
    except LabError as error:
        print(f"lab: {options.command} failed\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"lab: {options.command} interrupted; run it again to finish", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/lab", description=_ABOUT, epilog=_ENVIRONMENT)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, epilog=_ENVIRONMENT)

    up = add("up", "bring the lab up, its application's previous version live; a second time changes nothing")
    up.add_argument("--lb", type=int, metavar="N", help="proxies (as they are; 1 at first)")
    up.add_argument("--app", type=int, metavar="N", help="application hosts (as they are; 1 at first)")
    up.add_argument("--bare", action="store_true", help="hosts only, without the application")
    add("down", "remove the lab and all that belongs to it")
    add("reset", "back to the state after up, in seconds, all faults off")
    plain = add("plain", "an application as its own team runs it, before any release; reset goes back")
    plain.add_argument("application", choices=APPLICATIONS)
    add("empty", "hosts on which nothing was ever installed; reset goes back")
    fault = add("fault", "put a fault in or take it out; by default for the version that is released, on all its hosts")
    fault.add_argument("name", metavar="NAME", help="which; an unknown one is answered with the list")
    fault.add_argument("switch", choices=("on", "off"))
    fault.add_argument("--host", help="this host only (for *_unreachable: the last of its kind)")
    fault.add_argument(
        "--application", choices=APPLICATIONS, default=INSTALLED.name, help="whose; one of hosts is of all"
    )
    where = fault.add_mutually_exclusive_group()
    where.add_argument("--version", help="this version of the application")
    where.add_argument("--slot", choices=("blue", "green"), help="the version that runs in this slot")
    fault.add_argument("--amount", type=float, help="share, seconds or percent; without it the fault's default")
    add("load", "real traffic at the front doors; the last line is JSON")
    add("verify-writes", "compare acknowledged writes with the database")
    shown = add("status", "what is live, as JSON")
    shown.add_argument("--application", choices=APPLICATIONS, default=INSTALLED.name, help="of which application")
    add("doctor", "what this machine can and cannot do")
    return parser


def _dispatch(settings: Settings, options: argparse.Namespace) -> int:
    from lab import doctor, status

    if options.command == "status":
        print(json.dumps(status.read_status(settings, APPLICATIONS[options.application]), indent=2))
        return 0
    if options.command == "doctor":
        return doctor.diagnose(settings)
    return _change(settings, options)


def _change(settings: Settings, options: argparse.Namespace) -> int:
    from lab import faults, plain, reset, up
    from lab.state import exclusive

    if options.command == "fault":
        faults.check_name(options.name, APPLICATIONS[options.application])
    with exclusive(settings, options.command):
        if options.command == "up":
            up.bring_up(settings, options.lb, options.app, install=not options.bare)
        elif options.command == "reset":
            reset.reset(settings)
        elif options.command == "plain":
            plain.plain(settings, APPLICATIONS[options.application])
        elif options.command == "empty":
            plain.empty(settings)
        elif options.command == "down":
            _down(settings)
        else:
            on = options.switch == "on"
            application = APPLICATIONS[options.application]
            places = (options.host, options.version, options.slot, options.amount)
            fault = faults.Fault(options.name, on, application, *places)
            faults.apply(settings, fault)
    return 0


def _down(settings: Settings) -> None:
    from lab.containers import remove_all

    count = remove_all(settings)
    shutil.rmtree(settings.state, ignore_errors=True)
    say(f"removed the lab {settings.name}: {count} hosts" if count else f"there was no lab {settings.name}")


def _foreign(command: str, arguments: list[str]) -> int:
    """Commands with options of their own."""
    from lab import load, priority, verify_writes

    if command == "load":
        priority.prefer_users()
        return load.main(arguments)
    return verify_writes.main(arguments)
