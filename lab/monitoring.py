# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's Prometheus scrapes: both slots of every application host, and the hosts themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lab.containers import inside
from lab.profiles import INSTALLED
from lab.settings import Settings
from lab.shape import Host

FOLDER = "/etc/prometheus/targets"
# As the collection has them where an inventory says nothing; the lab's does not.
_PORTS = {"blue": 8001, "green": 8002}
_NODE_EXPORTER = 9100


def targets(hosts: Sequence[Host]) -> dict[str, list[dict[str, object]]]:
    """Job -> its targets, with the labels slot and host, as Prometheus reads them from a file."""
    apps = [host for host in hosts if host.kind == "app"]
    return {
        INSTALLED.name: [
            {"targets": [f"{host.address}:{port}"], "labels": {"host": host.name, "slot": slot}}
            for host in apps
            for slot, port in _PORTS.items()
        ],
        "node": [{"targets": [f"{host.address}:{_NODE_EXPORTER}"], "labels": {"host": host.name}} for host in apps],
    }


def watch(settings: Settings, hosts: Sequence[Host]) -> None:
    """Have Prometheus watch these hosts; it reads the files again by itself."""
    (monitor,) = (host for host in hosts if host.kind == "mon")
    for job, found in targets(hosts).items():
        path = f"{FOLDER}/{job}.json"
        script = f"mkdir -p {FOLDER}; cat > {path}.tmp; mv {path}.tmp {path}"
        inside(settings, monitor.name, ["sh", "-ec", script], stdin=json.dumps(found).encode())
