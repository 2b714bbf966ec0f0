# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab is doing now, as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lab import database, snapshot
from lab.containers import front_port, inside
from lab.inventory import SITE
from lab.ready import answers
from lab.settings import Settings
from lab.shape import Host

_RECORDS = "/var/lib/bluegreen/samokoder/records"
_READ_RECORDS = f"for f in {_RECORDS}/*.json; do [ ! -f $f ] || {{ cat $f; printf '\\0'; }}; done"
_SLOTS = ("blue", "green")


def read_status(settings: Settings) -> dict[str, Any]:
    """Live slots, versions, revision, front doors and the last release.

    Raises:
        LabError: the lab is not up.
    """
    hosts = snapshot.need_hosts(settings)
    proxies = snapshot.of_kind(hosts, "lb")
    doors = {host.name: f"http://127.0.0.1:{front_port(settings, host)}" for host in proxies}
    containers = snapshot.on_each(snapshot.of_kind(hosts, "app"), lambda host: snapshot.containers_of(settings, host))
    return {
        "lab": settings.name,
        "live": {name: _slot(url) for name, url in doors.items()},
        "versions": {slot: version_of(slot, containers) for slot in _SLOTS},
        "revision": database.revision(settings),
        "front_doors": list(doors.values()),
        "release": last_release(_records(settings, proxies)),
    }


def _slot(url: str) -> str | None:
    """The slot that answers at a front door, or None when none does."""
    headers = answers(f"{url}/health", SITE, timeout_seconds=5, good_only=False)
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


def _records(settings: Settings, proxies: Sequence[Host]) -> list[str]:
    copies = snapshot.on_each(proxies, lambda host: inside(settings, host.name, ["sh", "-c", _READ_RECORDS]))
    return [text for copy in copies for text in copy.split("\0") if text.strip()]
