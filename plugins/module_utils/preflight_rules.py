# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What argument specifications cannot say of the common inputs, and of the run itself. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_flags import SLOTS
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed

APPLICATION = re.compile(r"[a-z][a-z0-9-]*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
IMAGE = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")


@dataclass(frozen=True)
class Run:
    """How ansible-playbook was started. Empty lists and None mean: not given."""

    core_version: str
    core_range: str
    core_supported: bool
    hosts: Sequence[str] = ()
    sources: Sequence[str] = ()
    limit: str | None = None
    tags: Sequence[str] = ("all",)
    skip_tags: Sequence[str] = ()
    environment_example: str = field(default="inventories/prod")


def check_run(run: Run) -> list[Problem]:
    """Give the problems of the command line: a part of a release is never what was meant."""
    problems = []
    if not run.core_supported:
        problems.append(
            Problem(
                "ansible-core is out of the supported range",
                run.core_range,
                run.core_version,
                "install a supported version: pip install -r requirements.txt in a virtual environment",
            )
        )
    if not run.hosts:
        sources = ", ".join(run.sources) or "none"
        remedy = f"name the estate: -i {run.environment_example}"
        problems.append(Problem("There is no inventory", "an inventory with hosts", f"no host in: {sources}", remedy))
    if run.limit is not None:
        found = f"--limit {run.limit}"
        problems.append(
            Problem("The run is limited to some hosts", "every host of the estate", found, "run without --limit")
        )
    if list(run.tags) not in ([], ["all"]):
        found = "--tags " + ",".join(run.tags)
        problems.append(Problem("The run is limited to some tags", "the whole playbook", found, "run without --tags"))
    if run.skip_tags:
        found = "--skip-tags " + ",".join(run.skip_tags)
        problems.append(Problem("The run skips some tags", "the whole playbook", found, "run without --skip-tags"))
    return problems


def check_names(values: Mapping[str, Any]) -> list[Problem]:
    """Check the application's name, the version and the image. What is absent or no text is reported elsewhere."""
    rules = (
        ("release_application", APPLICATION, "lower case letters, digits and hyphens, a letter first"),
        ("release_version", TAG, "an image tag: letters, digits, dots, hyphens, underscores, at most 128"),
        ("release_image", IMAGE, "an image repository without tag or digest, as registry.example.com/name"),
    )
    problems = []
    for name, pattern, expected in rules:
        value = values.get(name)
        if isinstance(value, str) and not pattern.fullmatch(value):
            problems.append(Problem(f"{name} cannot be used", expected, repr(str(value)), f"correct {name}"))
    return problems


def check_slots(value: Any) -> list[Problem]:
    """Check that there are exactly the slots blue and green, on two different valid ports."""
    if not isinstance(value, Mapping):
        return []
    if {str(name) for name in value} != set(SLOTS):
        found = listed(sorted(str(name) for name in value)) or "no slot"
        return [
            Problem(
                "release_slots has the wrong slots", "exactly blue and green", found, "name the slots blue and green"
            )
        ]
    ports = {slot: _port(value[slot]) for slot in SLOTS}
    problems = [
        Problem(f"The port of slot {slot} is not valid", "1 to 65535", str(port), f"correct release_slots.{slot}.port")
        for slot, port in ports.items()
        if port is not None and not 1 <= port <= 65535
    ]
    if ports["blue"] is not None and ports["blue"] == ports["green"]:
        found = f"{ports['blue']} for both"
        problems.append(
            Problem("Both slots are on one port", "two ports", found, "give green a port of its own in release_slots")
        )
    return problems


def check_hosts(values: Mapping[str, Any], inventory: Sequence[str]) -> list[Problem]:
    """Check that there are proxies and application hosts, and that the inventory has each of them."""
    problems = []
    for name, group, what in (("release_lb_hosts", "lb", "proxies"), ("release_app_hosts", "app", "application hosts")):
        hosts = values.get(name)
        if not isinstance(hosts, Sequence) or isinstance(hosts, str):
            continue
        unknown = [str(host) for host in hosts if host not in inventory]
        if not hosts:
            remedy = f"put the {what} into the inventory group {group}"
            problems.append(
                Problem(f"There are no {what}", f"at least one host in {name}", f"the group {group} is empty", remedy)
            )
        if unknown:
            remedy = f"add them to the inventory, or correct {name}"
            problems.append(Problem(f"{name} names unknown hosts", "hosts of the inventory", listed(unknown), remedy))
    return problems


def check_backup(values: Mapping[str, Any]) -> list[Problem]:
    """Check that a mode of backups has what it needs. What is absent has a default that fits."""
    mode = values.get("backup_mode")
    if mode == "none" and not values.get("backup_reason") and values.get("release_database"):
        remedy = "set backup_reason: it is written into the record of each release that migrates"
        return [Problem("There are no backups, and nobody says why", "backup_reason", "none", remedy)]
    if mode == "external" and not values.get("backup_command"):
        remedy = "set backup_command to one that tells of the last backup, or backup_mode to dump"
        return [Problem("Nothing tells of the external backups", "backup_command", "none", remedy)]
    if mode == "dump" and not values.get("release_database"):
        remedy = "set release_database, or backup_mode to external or none"
        return [Problem("Nothing says which database to dump", "release_database", "none", remedy)]
    return []


def check_compose(path: str, refusals: Sequence[str]) -> list[Problem]:
    """Name the compose file in each refusal, "expected ..., found ...: what to do", that its own check gives."""
    problems = []
    for refusal in refusals:
        # What is quoted in backticks may hold a colon of its own.
        parts = re.fullmatch(r"expected (.+?), found ((?:`[^`]*`|.)+?)(?:: (.+))?", " ".join(refusal.split()))
        expected, found, remedy = parts.groups() if parts else ("a compose file for two slots", refusal, None)
        remedy = remedy or "correct release_compose_file or the file"
        problems.append(Problem(f"The compose file {path} cannot be used", expected, found[:400], remedy))
    return problems


def unreadable_compose(path: str, error: str) -> Problem:
    """Name a compose file that is not there, or is no YAML."""
    text = " ".join(error.split())
    expected, comma, found = text.removeprefix("expected ").partition(", found")
    if not comma or not text.startswith("expected "):
        expected, found = "a compose file", text
    remedy = "correct release_compose_file or the file; docker compose config says more"
    return Problem(f"The compose file {path} cannot be used", expected, found.lstrip(": ")[:400], remedy)


def _port(slot: Any) -> int | None:
    value = slot.get("port") if isinstance(slot, Mapping) else None
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        return None
