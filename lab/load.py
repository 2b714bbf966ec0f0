# SPDX-License-Identifier: GPL-3.0-or-later
"""Real traffic at the lab's front doors: bin/lab load. The last line is JSON; exit 1 if any request failed."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from lab.errors import LabError
from lab.load_client import Client, Plan
from lab.load_report import Tally
from lab.process import say
from lab.profiles import APPLICATIONS, INSTALLED
from lab.settings import Settings, read_settings
from lab.shape import Shape, plan_hosts
from lab.state import read_json

PROGRESS_SECONDS = 5.0
LIMITS = {
    "rate": (0.1, 2000.0), "seconds": (0.1, 3600.0), "post_share": (0.0, 1.0), "light_share": (0.0, 1.0),
    "connections": (1, 500), "slow": (0, 200), "websockets": (0, 200),
}  # fmt: skip
# Options for which an application must have a path.
PATHS = {"light_share": "light", "slow": "slow", "websockets": "websocket"}


def main(argv: Sequence[str]) -> int:
    """Send the load that `argv` describes and print its result; return 0 only when every request succeeded."""
    tally = Tally()
    try:
        arguments = parse(argv)
        plan = plan_of(arguments)
        seconds = asyncio.run(drive(plan, tally, Path(arguments.acked)))
    except LabError as error:
        print(error, file=sys.stderr)
        print(json.dumps({**tally.document(0.0), "failed": max(1, tally.failed), "error": str(error)}), flush=True)
        return 1
    print(json.dumps(tally.document(seconds)), flush=True)
    return 0 if tally.ok and tally.ok == tally.sent else 1


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the arguments; their defaults are the lab's that LAB_NAME and LAB_PORT mean."""
    settings = read_settings(os.environ)
    parser = argparse.ArgumentParser(prog="bin/lab load", description=__doc__)
    parser.add_argument("--application", choices=APPLICATIONS, default=INSTALLED.name, help="whose users")
    parser.add_argument("--rate", type=float, default=50.0, help="requests per second over all front doors")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument(
        "--front", action="append", help="base URL of a front door; may be given again; default: all of the lab's"
    )
    parser.add_argument("--host-name", help="Host header; default: that of the application")
    parser.add_argument("--post-share", type=float, default=0.3, help="share of requests that write, 0 to 1")
    parser.add_argument("--light-share", type=float, default=0.0, help="share of the others that ask next to nothing")
    parser.add_argument("--slow", type=int, default=0, help="users beside the rate who ask for answers of 5 seconds")
    parser.add_argument("--websockets", type=int, default=0, help="users beside the rate who keep a WebSocket")
    parser.add_argument("--connections", type=int, default=32, help="most keep-alive connections at a time")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds after which a request has failed")
    parser.add_argument("--acked", help="file to append confirmed writes to; default: the lab's own")
    parser.add_argument("--ca", help="file with the certificate authority of https front doors")
    parser.add_argument("--network", action="append", default=[], help="a network (CIDR) more: the lab's is known")
    arguments = parser.parse_args(list(argv))
    application = APPLICATIONS[arguments.application]
    arguments.front = arguments.front or fronts_of(settings)
    arguments.host_name = arguments.host_name or application.site
    arguments.acked = arguments.acked or str(settings.state / application.acked_file)
    arguments.network += networks_of(settings)
    return arguments


def fronts_of(settings: Settings) -> list[str]:
    """Return the front doors of the lab's proxies, at their own addresses.

    The published ports lead to the same doors, but through a process of Docker's that needs this machine's processor
    as the playbooks do: it tells users late that a proxy has closed a connection.

    Raises:
        LabError: there is no lab of this name.
    """
    shape = read_json(settings.state / "shape.json")
    if shape is None:
        raise LabError(f"a lab named {settings.name}", "none", "bin/lab up, or give --front")
    hosts = plan_hosts(Shape(shape["lb"], shape["app"]), shape["subnet"])
    return [f"http://{host.address}" for host in hosts if host.kind == "lb"]


def networks_of(settings: Settings) -> list[str]:
    """Return the lab's own network, in which its proxies are."""
    shape = read_json(settings.state / "shape.json")
    return [shape["subnet"]] if shape else []


def plan_of(arguments: argparse.Namespace) -> Plan:
    """Return the plan that the arguments describe.

    Raises:
        LabError: a number out of bounds, or a target that is not this machine's.
    """
    for name, (least, most) in LIMITS.items():
        value = getattr(arguments, name)
        if not least <= value <= most:
            option = f"--{name.replace('_', '-')}"
            raise LabError(f"{option} from {least} to {most}", str(value), f"give {option} a value within the bounds")
    traffic = APPLICATIONS[arguments.application].traffic
    for name, path in PATHS.items():
        if getattr(arguments, name) and not getattr(traffic, path):
            option = f"--{name.replace('_', '-')}"
            raise LabError(f"an application that has what {option} asks", arguments.application, f"leave {option} away")
    return Plan(
        fronts=[checked_front(front, arguments.network) for front in arguments.front],
        host_name=arguments.host_name,
        rate=arguments.rate,
        seconds=arguments.seconds,
        post_share=arguments.post_share,
        connections=arguments.connections,
        timeout_seconds=arguments.timeout,
        traffic=traffic,
        ca=arguments.ca,
        light_share=arguments.light_share,
        slow=arguments.slow,
        websockets=arguments.websockets,
    )


def checked_front(front: str, networks: Sequence[str]) -> str:
    """Return `front` without a trailing slash, when it is on this machine or in the lab's network.

    Raises:
        LabError: anything else; a load must never reach a stranger.
    """
    parts = urlsplit(front)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    try:
        address = ipaddress.ip_address(host)
        private = [network for network in map(ipaddress.ip_network, networks) if network.is_private]
    except ValueError:
        address, private = None, []
    if (
        parts.scheme in ("http", "https")
        and address
        and (address.is_loopback or any(address in one for one in private))
    ):
        return front.rstrip("/")
    raise LabError(
        "--front http://ADDRESS:PORT or https://ADDRESS:PORT on loopback or in the lab's own network",
        front,
        "give a front door that bin/lab status lists",
    )


async def drive(plan: Plan, tally: Tally, acked: Path) -> float:
    """Run the load with progress lines and a clean stop on SIGTERM and SIGINT; return its seconds."""
    acked.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with acked.open("a", buffering=1, encoding="ascii") as file:
        client = Client(plan, tally, keeper(file.write))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, client.stop.set)
        progress = asyncio.create_task(report(tally))
        try:
            return await client.run()
        finally:
            progress.cancel()


def keeper(write: Callable[[str], object]) -> Callable[[str], None]:
    """Return a function that writes one name a line, at once."""

    def keep(name: str) -> None:
        write(f"{name}\n")

    return keep


async def report(tally: Tally) -> None:
    """Say every five seconds how the load goes."""
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        slots = ", ".join(f"{slot} {count}" for slot, count in sorted(tally.by_slot.items()))
        say(f"load: sent {tally.sent}, ok {tally.ok}, failed {tally.failed} ({slots or 'no answer yet'})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
