# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the variables of a run against every argument specification of the collection. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, listed
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_types import check_value, described, nearest

# What a role's argument_specs.yml holds under argument_specs: entry point -> {options: {...}}.
Specs = Mapping[str, Mapping[str, Any]]
# Host -> variable -> value.
HostValues = Mapping[str, Mapping[str, Any]]
OWN_PREFIXES = ("release_", "rollback_")


class Foreign:
    """Stands for the value of a variable that is not of this collection; only its name matters."""


class Unreadable(str):
    """Stands for the value of a variable that cannot be evaluated; its text is the reason."""


def prefixes(roles: Iterable[str]) -> tuple[str, ...]:
    """Give the beginnings of variable names that belong to this collection."""
    return tuple(sorted({*OWN_PREFIXES, *(f"{role}_" for role in roles)}))


def known_options(specs: Specs) -> dict[str, dict[str, Any]]:
    """Collect the options of all roles and entry points. One that is required anywhere is required here."""
    known: dict[str, dict[str, Any]] = {}
    for entries in specs.values():
        for entry in entries.values():
            for name, option in (entry.get("options") or {}).items():
                merged = {**option, **known.get(name, {})}
                merged["required"] = bool(option.get("required")) or bool(known.get(name, {}).get("required"))
                known[name] = merged
    return known


def check_variables(
    specs: Specs, hosts: HostValues, required: Sequence[str], outputs: Sequence[str], call_inputs: Sequence[str]
) -> list[Problem]:
    """Give the problems of all variables of a run.

    :param hosts: every variable that the inventory or the command line gives each host.
    :param required: names that this run needs beyond what the specifications require.
    :param outputs: patterns of facts that the roles publish; they are no inputs.
    :param call_inputs: options that the playbooks give on each call, never an inventory.
    """
    known = known_options(specs)
    ours = prefixes(specs)
    problems = _unknown(known, ours, hosts, outputs)
    problems += _wrong(known, hosts)
    needed = [name for name, option in known.items() if option["required"] and name not in call_inputs]
    return problems + _missing(known, [*required, *needed], hosts)


def _unknown(
    known: Mapping[str, Any], ours: tuple[str, ...], hosts: HostValues, outputs: Sequence[str]
) -> list[Problem]:
    carriers: dict[str, list[str]] = {}
    for host, values in hosts.items():
        for name in values:
            if name.startswith(ours) and name not in known and not any(fnmatchcase(name, one) for one in outputs):
                carriers.setdefault(name, []).append(host)
    problems = []
    for name, where in sorted(carriers.items()):
        close = _nearest_input(name, list(known), ours)
        problems.append(
            Problem(
                f"The variable {name} is not known",
                close or "a variable that a role of this collection has",
                f"{name}, set for {_hosts(where, hosts)}",
                f"rename it to {close}, or remove it"
                if close
                else "remove it; the roles' README files list all inputs",
            )
        )
    return problems


def _nearest_input(name: str, known: Sequence[str], ours: tuple[str, ...]) -> str | None:
    """Give the input that was probably meant. A role's prefix is long: with it all its inputs would look alike."""
    prefix = max((one for one in ours if name.startswith(one)), key=len)
    endings = {one.removeprefix(prefix): one for one in known if one.startswith(prefix)}
    close = nearest(name.removeprefix(prefix), list(endings))
    return endings[close] if close else nearest(name, known, cutoff=0.8)


def _wrong(known: Mapping[str, Any], hosts: HostValues) -> list[Problem]:
    by_problem: dict[Problem, list[str]] = {}
    for host, values in hosts.items():
        for name in sorted(set(values) & set(known)):
            for problem in _problems_of(name, values[name], known[name]):
                by_problem.setdefault(problem, []).append(host)
    problems = []
    for problem, where in by_problem.items():
        suffix = "" if len(where) == len(hosts) else f" on {listed(where)}"
        problems.append(problem._replace(what=problem.what + suffix))
    return problems


def _problems_of(name: str, value: Any, option: Mapping[str, Any]) -> list[Problem]:
    if isinstance(value, Unreadable):
        remedy = f"define what {name} refers to; for a vault value, give its password with --vault-id"
        return [Problem(f"{name} cannot be evaluated", described(option), str(value), remedy)]
    if value is None and option["required"]:
        return [Problem(f"{name} is empty", described(option), "nothing", f"set {name}")]
    return check_value(name, value, option)


def _missing(known: Mapping[str, Any], needed: Sequence[str], hosts: HostValues) -> list[Problem]:
    problems = []
    for name in dict.fromkeys(needed):
        without = [host for host, values in hosts.items() if name not in values]
        if not without:
            continue
        others = {other for host in without for other, value in hosts[host].items() if isinstance(value, Foreign)}
        close = nearest(name, sorted(other for other in others if not other.startswith("ansible_")), cutoff=0.8)
        given = "-e " + name + "=..." if name == "release_version" else f"{name} in the inventory (group_vars/all)"
        problems.append(
            Problem(
                f"{name} is missing",
                described(known.get(name, {})),
                f"no such variable for {_hosts(without, hosts)}" + (f"; there is a {close}" if close else ""),
                f"rename {close} to {name}" if close else f"set {given}",
            )
        )
    return problems


def _hosts(some: Sequence[str], hosts: HostValues) -> str:
    return "every host" if len(some) == len(hosts) else listed(list(some))
