# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one host shows before an adoption: containers, ports, nginx. Reads only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import preflight_proc as proc
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_includes import files_of
from ansible_collections.bluegreen.release.plugins.module_utils.slot_docker import DockerError, Run, docker

_LABEL = "com.docker.compose."


def describe_nginx(run: Run, command: Sequence[str], hidden: Sequence[str]) -> dict[str, Any]:
    """Give what nginx -T prints, without the content of hidden files; the problem when it does not pass."""
    code, out, err = run(list(command))
    if code:
        return {"dump": "", "problem": " ".join((err or out).split())[-600:]}
    shown = {path: "" if path in hidden else text for path, text in files_of(out).items()}
    dump = "".join(f"# configuration file {path}:\n{text}\n" for path, text in shown.items())
    return {"dump": dump, "problem": ""}


def describe_engine(run: Run, cli: str) -> dict[str, Any]:
    """Give the versions of engine and compose; the problem when the engine does not answer."""
    try:
        engine = docker(run, cli, ["version", "--format", "{{.Server.Version}}"]).strip()
    except DockerError as error:
        return {"engine": None, "compose": None, "problem": str(error)}
    code, out, _ = run([cli, "compose", "version", "--short"])
    return {"engine": engine, "compose": None if code else out.strip().lstrip("v"), "problem": None}


def inspected(run: Run, cli: str) -> list[dict[str, Any]]:
    """Give every container of the host as the engine describes it. Raises DockerError."""
    ids = docker(run, cli, ["ps", "--all", "--quiet", "--no-trunc"]).split()
    found: list[dict[str, Any]] = json.loads(docker(run, cli, ["inspect", "--type", "container", *ids])) if ids else []
    return [one for one in found if _labels(one).get(f"{_LABEL}oneoff") != "True"]


def describe_projects(entries: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Give the services of every compose project of the host."""
    found: dict[str, set[str]] = {}
    for labels in map(_labels, entries):
        if project := labels.get(f"{_LABEL}project"):
            found.setdefault(project, set()).add(labels.get(f"{_LABEL}service", ""))
    return {project: sorted(services) for project, services in sorted(found.items())}


def describe_containers(
    run: Run, cli: str, entries: Iterable[Mapping[str, Any]], projects: Sequence[str],
    environment: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Give the containers of these compose projects. Raises DockerError.

    environment: values that are expected, as their sha256, by name.
    """
    chosen = [one for one in entries if _labels(one).get(f"{_LABEL}project") in projects]
    ids = sorted({str(one["Image"]) for one in chosen})
    images = json.loads(docker(run, cli, ["image", "inspect", *ids])) if ids else []
    known = {str(image["Id"]): image for image in images}
    return sorted(
        (_container(one, known.get(str(one["Image"]), {}), environment or {}) for one in chosen),
        key=lambda one: str(one["name"]),
    )


def _labels(entry: Mapping[str, Any]) -> Mapping[str, str]:
    return entry["Config"].get("Labels") or {}


def _container(entry: Mapping[str, Any], image: Mapping[str, Any], expected: Mapping[str, str]) -> dict[str, Any]:
    labels, config = _labels(entry), entry["Config"]
    own = set(_names(config.get("Env"))) - set(_names((image.get("Config") or {}).get("Env")))
    return {
        "id": entry["Id"],
        "name": str(entry["Name"]).lstrip("/"),
        "service": labels.get(f"{_LABEL}service", ""),
        "project": labels.get(f"{_LABEL}project", ""),
        "image": config["Image"],
        "image_id": entry["Image"],
        "digests": list(image.get("RepoDigests") or []),
        "state": entry["State"]["Status"],
        "health": (entry["State"].get("Health") or {}).get("Status", "none"),
        "ports": _ports(entry),
        "memory": int((entry.get("HostConfig") or {}).get("Memory") or 0),
        "networks": sorted((entry.get("NetworkSettings") or {}).get("Networks") or {}),
        "environment": sorted(own),
        "differs": sorted(_differing(config.get("Env"), expected)),
    }


def _names(environment: Sequence[str] | None) -> list[str]:
    """Names only: the values may be secret."""
    return [entry.partition("=")[0] for entry in environment or []]


def _differing(environment: Sequence[str] | None, expected: Mapping[str, str]) -> Iterator[str]:
    for name, _, value in (entry.partition("=") for entry in environment or []):
        if name in expected and hashlib.sha256(value.encode()).hexdigest() != expected[name]:
            yield name


def _ports(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = {
        (str(one.get("HostIp") or ""), int(one["HostPort"]), int(inner.partition("/")[0]))
        for inner, bindings in ((entry.get("NetworkSettings") or {}).get("Ports") or {}).items()
        for one in bindings or []
        if inner.endswith("/tcp") and str(one.get("HostPort") or "").isdecimal()
    }
    return [{"address": address, "port": port, "container_port": inner} for address, port, inner in sorted(found)]


def describe_listeners(entries: Sequence[Mapping[str, Any]], ports: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Give who holds each of these ports, by port; a free one has no entry."""
    found: dict[str, dict[str, Any]] = {}
    listening = {one.local_port: one for one in proc.connections() if one.state == proc.LISTEN}
    for port in ports:
        holder = next((one for one in entries if any(each["port"] == port for each in _ports(one))), None)
        if holder is not None:
            name, labels = str(holder["Name"]).lstrip("/"), _labels(holder)
            found[str(port)] = {"container": name, "project": labels.get(f"{_LABEL}project"), "command": None}
        elif port in listening:
            owner = proc.owner(listening[port].inode, listening[port].uid)
            found[str(port)] = {"container": None, "project": None, "command": owner["command"] or owner["user"]}
    return found
