# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab is doing now, as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lab import database, snapshot
from lab.containers import front_port, inside
from lab.profiles import Application
from lab.ready import answers
from lab.settings import Settings
from lab.shape import Host

_SLOTS = ("blue", "green")


def read_status(settings: Settings, application: Application) -> dict[str, Any]:
    """Live slots, versions, revision, front doors and the last release of one application.

    Raises:
        LabError: the lab is not up.
    """
    hosts = snapshot.need_hosts(settings)
    proxies = snapshot.of_kind(hosts, "lb")
    doors = {host.name: f"http://127.0.0.1:{front_port(settings, host)}" for host in proxies}
    containers = snapshot.on_each(snapshot.of_kind(hosts, "app"), lambda host: snapshot.containers_of(settings, host))
    own = [[entry for entry in host if entry["application"] == application.name] for host in containers]
    return {
        "lab": settings.name,
        "application": application.name,
        "live": {name: _slot(url, application) for name, url in doors.items()},
        "versions": {slot: version_of(slot, own) for slot in _SLOTS},
        "revision": database.revision(settings, application),
        "front_doors": list(doors.values()),
        "release": last_release(_records(settings, proxies, application)),
    }


def _slot(url: str, application: Application) -> str | None:
    """The slot that answers at a front door, or None when none does."""
    headers = answers(f"{url}{application.ready}", application.site, timeout_seconds=5, good_only=False)
    return headers.get("x-release-slot") if headers else None


def version_of(slot: str, containers: Sequence[Sequence[dict[str, str]]]) -> str | None:
    """The version that runs in a slot on the application hosts; several, comma separated, where they differ."""
    entries = [entry for host in containers for entry in host if entry["slot"] == slot]
    running = {entry["version"] for entry in entries if entry["status"] == "running"}
    return ", ".join(sorted(running)) or None


def last_release(texts: Sequence[str]) -> dict[str, str | None] | None:
    """Id, phase and outcome of the newest record among the proxies' copies; what cannot be read is passed over."""
    records = []
    for text in texts:
        try:
            record = json.loads(text)
        except ValueError:
            continue
        if isinstance(record, dict) and "release_id" in record:
            records.append(record)
    if not records:
        return None
    newest = max(records, key=lambda record: (str(record["release_id"]), int(record.get("sequence", 0))))
    return {"id": newest["release_id"], "phase": newest.get("phase"), "outcome": newest.get("outcome")}


def _records(settings: Settings, proxies: Sequence[Host], application: Application) -> list[str]:
    folder = f"/var/lib/bluegreen/{application.name}/records"
    script = f"for f in {folder}/*.json; do [ ! -f $f ] || {{ cat $f; printf '\\0'; }}; done"
    copies = snapshot.on_each(proxies, lambda host: inside(settings, host.name, ["sh", "-c", script]))
    return [text for copy in copies for text in copy.split("\0") if text.strip()]
