# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The configuration of a release as its record keeps it: what it is made of, by hash, and never a value. Pure.

``hosts``: per application host the sha256 of each file of the slot and a keyed fingerprint of each variable.
``secret_versions``: name to version. ``nginx``: generation on the proxies. ``singletons``: ``host`` and ``services``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import transitions

Facts = Mapping[str, Mapping[str, Any]]
PARTS = ("hosts", "secret_versions", "nginx", "singletons")
_SHA256, _FINGERPRINT = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{16}")


def collected(
    app_hosts: Sequence[str], facts: Facts, generation: str | None, secret_versions: Mapping[str, str],
    singletons: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The configuration of the new slot, from what each application host answered when its files were written.

    Each host has a key of its own, so the same value has another fingerprint on another host.
    """
    hosts = {}
    for host in app_hosts:
        written = (facts[host].get("__green_provision_files") or {}).get("configuration")
        if written:
            hosts[host] = {"files": dict(written["files"]), "environment": dict(written["environment"])}
    versions = {name: str(version) for name, version in secret_versions.items()}
    return {"hosts": hosts, "secret_versions": versions, "nginx": generation, "singletons": dict(singletons)}


def of_live(documents: Iterable[Mapping[str, Any]], live: str | None) -> dict[str, Any] | None:
    """The configuration of the slot that is live now, by the records, newest first; None when none knows it."""
    for document in documents:
        stayed = document["outcome"] == transitions.LIVE
        if live is None or document["to_slot" if stayed else "from_slot"] != live:
            continue
        known = document.get("configuration" if stayed else "from_configuration")
        if known is None:
            return None
        # A release that was taken back says which generation the proxies were left with.
        generation = document["config_generation"] or known.get("nginx")
        return {**known, "nginx": generation}
    return None


def problems(value: Mapping[str, Any] | None) -> list[str]:
    """What no record may hold as a configuration; empty when it is well formed. It keeps values out of records."""
    if value is None:
        return []
    found = [f"configuration: {part} is not known." for part in sorted(set(value) - set(PARTS))]
    for host, parts in (value.get("hosts") or {}).items():
        for part, pattern in (("files", _SHA256), ("environment", _FINGERPRINT)):
            wrong = [name for name, text in parts.get(part, {}).items() if not pattern.fullmatch(str(text))]
            found += [f"configuration of {host}: expected a hash of {name}, found something else." for name in wrong]
    return found


def differences(wanted: Mapping[str, Any] | None, found: Mapping[str, Any]) -> list[str]:
    """In words, where files and environment of a slot on one host are not what the record says.

    wanted: the record's part of that host. found: what slot_files read there.
    """
    told = []
    for part, noun in (("files", "file"), ("environment", "variable")):
        before, after = (wanted or {}).get(part, {}), found.get(part, {})
        for name in sorted({*before, *after}):
            if before.get(name) == after.get(name):
                continue
            what = "is gone" if name not in after else "was added" if name not in before else "was changed"
            told.append(f"{noun} {name} {what}")
    return told


def told_back(
    document: Mapping[str, Any], lb_hosts: Sequence[str], app_hosts: Sequence[str], facts: Facts
) -> dict[str, list[str]]:
    """What a rollback brought back of the older configuration, and what it could not: ``{done, undone}``.

    Facts that the tasks of the rollback left: ``__rollback_files`` (application hosts), ``__rollback_nginx`` (proxies).
    """
    wanted = document.get("from_configuration")
    if not wanted:
        return {"done": [], "undone": []}
    done, undone = _told_of_files(wanted.get("hosts") or {}, app_hosts, facts)
    nginx = _told_of_nginx(wanted.get("nginx"), lb_hosts, facts)
    new = (document.get("configuration") or {}).get("secret_versions") or {}
    for name, version in sorted((wanted.get("secret_versions") or {}).items()):
        if new.get(name, version) != version:
            done.append(f"secret {name} is version {version} again (was {new[name]})")
    return {"done": done + nginx["done"], "undone": undone + nginx["undone"]}


def _told_of_files(wanted: Mapping[str, Any], app_hosts: Sequence[str], facts: Facts) -> tuple[list[str], list[str]]:
    same, undone = [], []
    for host in [host for host in app_hosts if host in wanted]:
        answer = facts[host].get("__rollback_files") or {}
        if "configuration" not in answer:
            why = str(answer.get("problem") or "no answer of this host")
            undone.append(f"{host}: compose file and environment could not be read: {why}")
            continue
        changed = differences(wanted[host], answer["configuration"])
        undone += [f"{host}: {text} since this release was made; its containers run as they were" for text in changed]
        same += [] if changed else [host]
    done = [f"compose file and environment are those of the record on {', '.join(same)}"] if same else []
    return done, undone


def _told_of_nginx(generation: str | None, lb_hosts: Sequence[str], facts: Facts) -> dict[str, list[str]]:
    done, undone = [], []
    for host in lb_hosts if generation else []:
        answer = facts[host].get("__rollback_nginx")
        if answer is None:
            continue
        if answer.get("missing"):
            undone.append(f"{host}: the nginx configuration {generation} is not kept there any more; nginx stays as is")
        elif answer.get("failed") or answer.get("unreachable"):
            undone.append(
                f"{host}: the nginx configuration {generation} is not back: {answer.get('msg', 'no message')}"
            )
        elif answer.get("changed"):
            done.append(f"{host}: nginx has its configuration {generation} again")
    return {"done": done, "undone": undone}
