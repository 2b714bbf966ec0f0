# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing the lab up, whatever is there already."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lab import application, database, snapshot
from lab.containers import (
    cgroup_driver,
    engine_options,
    ensure_host,
    existing,
    has_cgroup_v2,
    has_privileged,
    inside,
    remove_host,
)
from lab.engine import ensure_engine, ensure_package
from lab.images import ensure_host_images
from lab.inventory import build_inventory
from lab.keys import ensure_keys
from lab.monitoring import watch
from lab.network import ensure_network
from lab.priority import parent_option, prefer_hosts
from lab.process import say, step
from lab.profiles import APPLICATIONS, INSTALLED
from lab.ready import wait_for_hosts
from lab.registry import let_in
from lab.settings import ROOT, Settings
from lab.shape import Host, Shape, choose_shape, plan_hosts
from lab.state import ensure_secrets, read_json, write_json


def bring_up(settings: Settings, lb: int | None, app: int | None, install: bool) -> bool:
    """Have the lab up in the shape asked for, its previous version live; True when anything was changed."""
    begun = time.monotonic()
    engine = ensure_engine()
    ensure_package("ssh", "openssh-client")
    shape = choose_shape(lb, app, current_shape(settings))
    say(f"lab {settings.name}: {shape.lb} lb, {shape.app} app (Docker {engine.version}, Compose {engine.compose})")
    hosts, changed = _ensure_hosts(settings, shape)
    pushed = _ensure_images(settings)
    missing = install and not snapshot.exists(settings)
    if missing:
        _install(settings, hosts)
    changed = changed or bool(pushed) or missing
    if not changed:
        say("everything was there already: nothing changed")
    say(f"up in {time.monotonic() - begun:.1f} s")
    return changed


def _ensure_images(settings: Settings) -> list[str]:
    """Have all applications' images in the registry; what was kept of a former one is forgotten."""
    pushed = []
    for known in APPLICATIONS.values():
        pushed += application.push_images(settings, application.ensure_images(known))
        if known.previous_image in pushed:
            database.forget_snapshot(settings, known)
    if INSTALLED.previous_image in pushed:
        snapshot.forget(settings)
    return pushed


def current_shape(settings: Settings) -> Shape | None:
    """The shape that the lab was last brought up in."""
    known = read_json(settings.state / "shape.json")
    return Shape(lb=known["lb"], app=known["app"]) if known else None


def _ensure_hosts(settings: Settings, shape: Shape) -> tuple[list[Host], bool]:
    images = ensure_host_images()
    subnet, changed = ensure_network(settings)
    hosts = plan_hosts(shape, subnet)
    ensure_keys(settings, hosts)
    secrets = ensure_secrets(settings)
    for name in sorted(set(existing(settings)) - {host.name for host in hosts}):
        say(f"removing {name}: the new shape has no such host")
        snapshot.forget(settings)
        remove_host(settings, name)
        changed = True
    done = _start_hosts(settings, hosts, images)
    wait_for_hosts(settings, hosts)
    watch(settings, hosts)
    for host in hosts:
        if host.kind == "app" and done[host.name] == "new":
            _prepare_app(settings, host)
    if done["registry1"] == "new":
        let_in(settings, secrets["registry_password"])
    for known in APPLICATIONS.values():
        database.ensure_role(settings, known, secrets[known.password])
    write_json(settings.state / "inventory.json", build_inventory(settings, hosts, secrets))
    written = {"lb": shape.lb, "app": shape.app, "subnet": subnet, "port": settings.port}
    write_json(settings.state / "shape.json", written)
    return hosts, changed or set(done.values()) != {"kept"}


def _start_hosts(settings: Settings, hosts: Sequence[Host], images: dict[str, str]) -> dict[str, str]:
    """What it took to have each host."""
    mode = read_json(settings.state / "engine.json")
    if mode is None or "driver" not in mode:
        mode = {"privileged": has_privileged(images["lb"]), "cgroup_v2": has_cgroup_v2(), "driver": cgroup_driver()}
        write_json(settings.state / "engine.json", mode)
        how = "privileged" if mode["privileged"] else "with single capabilities, as this machine refuses --privileged"
        say(f"application hosts run {how}, control groups {'v2' if mode['cgroup_v2'] else 'v1'}")

    def one(host: Host) -> tuple[str, str]:
        options = parent_option(mode["driver"])
        if host.kind == "app":
            options += engine_options(settings, host, mode["privileged"], mode["cgroup_v2"])
        took = ensure_host(settings, host, images[host.kind], options)
        if took == "new":
            snapshot.forget(settings)
        return host.name, took

    with step(f"hosts: {' '.join(host.name for host in hosts)}"), ThreadPoolExecutor(max_workers=4) as pool:
        done = dict(pool.map(one, hosts))
    prefer_hosts()
    return done


def _prepare_app(settings: Settings, host: Host) -> None:
    """The folders that the estate's owner would have made: the application's own and that of its faults."""
    script = f"install -d -o deploy -g deploy /srv/{INSTALLED.name} && install -d -m 0755 {INSTALLED.faults}"
    inside(settings, host.name, ["sh", "-c", script])


def _install(settings: Settings, hosts: Sequence[Host]) -> None:
    if not (ROOT / "playbooks" / "release.yml").exists():
        say("playbooks/release.yml is not there: the hosts are up without the application")
        return
    with step("clearing hosts and database"):
        snapshot.forget(settings)
        snapshot.clear(settings, hosts)
        for known in APPLICATIONS.values():
            database.empty(settings, known)
        database.forget_writes(settings)
    application.install_previous(settings)
    with step("keeping this state for bin/lab reset"):
        snapshot.take(settings, hosts)
