# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that can be put into the lab on purpose, and taken out of it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from lab import snapshot
from lab.containers import inside
from lab.errors import LabError
from lab.process import say
from lab.profiles import APPLICATIONS, INSTALLED, Application
from lab.registry import tags
from lab.settings import Settings
from lab.shape import Host

# Faults of an application: a file that each version looks for under its own name.
FILE_FAULTS = (
    "ai",
    "cpu",
    "db_errors",
    "down",
    "errors",
    "latency",
    "login",
    "memory",
    "migration",
    "slow_boot",
    "unhealthy",
)
_SSH_CUT = "INPUT -p tcp --dport 22 -j DROP -m comment --comment lab-fault"
_DATABASE_GONE = "INPUT -p tcp --dport 5432 -j REJECT --reject-with tcp-reset -m comment --comment lab-fault"
_PROMETHEUS_DOWN = "INPUT -p tcp --dport 9090 -j REJECT --reject-with tcp-reset -m comment --comment lab-fault"
# Faults of the way to a host, by its kind: SSH packets are dropped, and users still pass; or PostgreSQL, or Prometheus,
# refuses all, and every connection to it is reset.
NETWORK_FAULTS = {
    "lb_unreachable": ("lb", _SSH_CUT),
    "app_unreachable": ("app", _SSH_CUT),
    "database_gone": ("db", _DATABASE_GONE),
    "prometheus_down": ("mon", _PROMETHEUS_DOWN),
}
FAULTS = tuple(sorted((*FILE_FAULTS, *NETWORK_FAULTS)))
_REMEDY = "bin/lab fault NAME on|off [--application APPLICATION]"


@dataclass(frozen=True)
class Fault:
    """A fault asked for: which, of which application, on or off, and where if not at its usual place."""

    name: str
    on: bool
    application: Application = INSTALLED
    host: str | None = None
    version: str | None = None
    slot: str | None = None
    amount: float | None = None


def check_name(name: str, application: Application = INSTALLED) -> None:
    """Refuse a fault that does not exist, or that the application would never notice.

    Raises:
        LabError: with the list of those that do.
    """
    known = FAULTS if application.faults else tuple(sorted(NETWORK_FAULTS))
    if name in known:
        return
    near = difflib.get_close_matches(name, known, 1)
    hint = f" ({near[0]}?)" if near else ""
    if name in FAULTS:
        owners = ", ".join(one.name for one in APPLICATIONS.values() if one.faults)
        hint = f", which only {owners} can have"
    raise LabError(f"one of the faults of {application.name}: {', '.join(known)}", repr(name) + hint, _REMEDY)


def apply(settings: Settings, fault: Fault) -> None:
    """Put a fault in or take it out.

    Raises:
        LabError: no such fault, host or version.
    """
    check_name(fault.name, fault.application)
    hosts = snapshot.need_hosts(settings)
    if fault.name in NETWORK_FAULTS:
        kind, rule = NETWORK_FAULTS[fault.name]
        if (fault.version, fault.slot, fault.amount) != (None, None, None):
            place = "--host, or none: it is of a host, not of a version"
            raise LabError(place, f"--version, --slot or --amount with {fault.name}", "bin/lab fault --help")
        host = _choose(hosts, kind, fault.host)[-1]
        inside(settings, host.name, ["sh", "-ec", _rule(rule, fault.on)])
        say(f"{fault.name} {'on' if fault.on else 'off'} at {host.name}")
        return
    version = _version(settings, hosts, fault)
    chosen = _choose(hosts, "app", fault.host)
    folder = f"{fault.application.faults}/{version}"
    path = f"{folder}/{fault.name}"
    amount = "" if fault.amount is None else f"{fault.amount:g}"
    script = f"install -d {folder}; printf %s '{amount}' > {path}" if fault.on else f"rm -f {path}"
    snapshot.on_each(chosen, lambda host: inside(settings, host.name, ["sh", "-ec", script]))
    where = ", ".join(host.name for host in chosen)
    say(f"{fault.name} {'on' if fault.on else 'off'} for {fault.application.name} {version} at {where}")


def heal(settings: Settings, hosts: Sequence[Host]) -> None:
    """Take all faults out."""
    kinds = {kind for kind, _ in NETWORK_FAULTS.values()}
    snapshot.on_each(snapshot.of_kind(hosts, *kinds), lambda host: inside(settings, host.name, _open(host.kind)))
    folders = " ".join(application.faults for application in APPLICATIONS.values() if application.faults)
    clear = f"find {folders} -mindepth 1 -delete"
    snapshot.on_each(snapshot.of_kind(hosts, "app"), lambda host: inside(settings, host.name, ["sh", "-c", clear]))


def _open(kind: str) -> list[str]:
    """Command that has no fault of the way to a host of *kind*."""
    return ["sh", "-ec", "\n".join(_rule(rule, False) for of, rule in NETWORK_FAULTS.values() if of == kind)]


def _rule(rule: str, on: bool) -> str:
    """Shell that has the rule exactly once, or not at all."""
    off = f"while iptables -w -C {rule} 2>/dev/null; do iptables -w -D {rule}; done"
    return f"{off}\niptables -w -I {rule}" if on else off


def _choose(hosts: Sequence[Host], kind: str, name: str | None) -> list[Host]:
    candidates = snapshot.of_kind(hosts, kind)
    chosen = [host for host in candidates if name in (None, host.name)]
    if not chosen:
        names = ", ".join(host.name for host in candidates)
        raise LabError(f"--host: one of {names}", repr(name), "bin/lab fault --help")
    return chosen


def _version(settings: Settings, hosts: Sequence[Host], fault: Fault) -> str:
    name, slot = fault.application.name, fault.slot
    version: str | None
    if slot is None:
        known = tags(settings, name)
        if fault.version and fault.version not in known:
            versions = f"--version: one of {name}: {', '.join(sorted(known))}"
            raise LabError(versions, repr(fault.version), "bin/lab fault --help")
        following = fault.application.following
        version = fault.version or (following if following in known else None)
    else:
        containers = snapshot.containers_of(settings, snapshot.of_kind(hosts, "app")[0])
        own = (entry for entry in containers if entry["application"] == name and entry["slot"] == slot)
        version = next((entry["version"] for entry in own), None)
    if not version:
        where = f"in slot {slot}" if slot else "in the lab's registry"
        raise LabError(f"a version of {name} {where}", "none", "name one: --version 1.0.0")
    return version
