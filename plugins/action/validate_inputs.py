# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check every input of a run on the controller, before any host is touched."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase
from ansible_collections.bluegreen.release.plugins.filter.compose import compose_refusals, parse_compose
from ansible_collections.bluegreen.release.plugins.module_utils import preflight_addresses as addresses
from ansible_collections.bluegreen.release.plugins.module_utils import preflight_rules as rules
from ansible_collections.bluegreen.release.plugins.module_utils.hooks import hook_problems
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_common import (
    check_common,
    check_compose_names,
)
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_inputs import (
    Foreign,
    Unreadable,
    check_variables,
    prefixes,
)
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem, report, unique
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_routing import check_routing
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_signals import check_signals
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_steps import check_steps
from ansible_collections.bluegreen.release.plugins.modules.http_steps import argument_spec
from ansible_collections.bluegreen.release.plugins.plugin_utils.action_arguments import arguments_of
from packaging.specifiers import SpecifierSet
from yaml import YAMLError

COLLECTION = Path(__file__).parents[2]


class ActionModule(ActionBase):
    """Gather what the run was given, hand it to the pure checks, fail with one report."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fail with one report of all problems in ``msg``, when there is one."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        texts = {"type": "list", "elements": "str", "default": []}
        arguments = arguments_of(self, dict.fromkeys(("required", "outputs", "call_inputs"), texts))
        variables = task_vars or {}
        problems = unique(self._problems(arguments, variables))
        result["changed"] = False
        if problems:
            result["failed"] = True
            result["msg"] = report("The inputs of this run cannot be used", problems)
        return result

    def _problems(self, arguments: dict[str, list[str]], variables: dict[str, Any]) -> list[Problem]:
        specs = self._specs()
        inventory = [str(host) for host in variables.get("groups", {}).get("all", [])]
        run = self._run(variables, inventory)
        hosts = inventory or [str(variables["inventory_hostname"])]
        values = {host: self._given(host, prefixes(specs), variables) for host in hosts}
        common = self._common(values[hosts[0]], variables)
        problems = rules.check_run(run)
        if inventory:
            estate = [str(h) for n in ("release_lb_hosts", "release_app_hosts") for h in _list(common.get(n))]
            chosen = {host: values[host] for host in hosts if host in estate} or values
            places = self._places(chosen, variables["hostvars"])
            problems += rules.check_hosts(common, inventory)
            problems += addresses.check_places(common, places) + addresses.check_ports(common, places)
            problems += check_variables(specs, chosen, **arguments)
            problems += check_routing(common, addresses.instances(common, values, places))
        else:
            # Without an inventory nearly everything is missing; only what the command line gives is judged.
            problems += check_variables({"release": {}}, values, arguments["required"], ["*"], [])
        problems += rules.check_names(common) + rules.check_slots(common.get("release_slots")) + check_common(common)
        problems += rules.check_backup(common)
        problems += check_steps(common, argument_spec()["steps"]["options"])
        problems += check_signals(common)
        if common.get("release_hooks"):
            problems += hook_problems(common["release_hooks"], str(variables.get("inventory_dir") or "."))
        return problems + self._compose(common, values[hosts[0]])

    def _specs(self) -> dict[str, Any]:
        """Read the argument specifications of every role beside this plugin."""
        specs: dict[str, Any] = {}
        for path in sorted(COLLECTION.glob("roles/*/meta/argument_specs.yml")):
            try:
                content = yaml_load(path.read_text(encoding="utf-8"))
                specs[path.parents[1].name] = content["argument_specs"]
            except (OSError, YAMLError, KeyError, TypeError) as error:
                raise AnsibleError(
                    f"{path}: expected argument_specs, found {error!r}; install the collection anew"
                ) from error
        return specs

    def _run(self, variables: dict[str, Any], inventory: list[str]) -> rules.Run:
        runtime = yaml_load((COLLECTION / "meta/runtime.yml").read_text(encoding="utf-8"))
        supported = str(runtime["requires_ansible"])
        version = str(variables["ansible_version"]["full"])
        sources = variables.get("ansible_inventory_sources") or []
        limit = variables.get("ansible_limit")
        return rules.Run(
            core_version=version,
            core_range=supported,
            core_supported=SpecifierSet(supported).contains(version, prereleases=True),
            hosts=inventory,
            sources=[str(source) for source in sources],
            limit=None if limit is None else str(limit),
            tags=[str(tag) for tag in variables.get("ansible_run_tags", [])],
            skip_tags=[str(tag) for tag in variables.get("ansible_skip_tags", [])],
        )

    def _given(self, host: str, ours: tuple[str, ...], variables: dict[str, Any]) -> dict[str, Any]:
        """Evaluate the variables of ours that inventory and command line give a host; keep only names of the others."""
        given: dict[str, Any] = {}
        host_variables = variables["hostvars"][host]
        for name in host_variables:
            if not str(name).startswith(ours):
                given[str(name)] = Foreign()
                continue
            try:
                given[str(name)] = _plain(self._templar.template(host_variables[name]))
            except Exception as error:
                given[str(name)] = Unreadable(" ".join(str(error).split())[:300])
        return given

    def _places(self, hosts: Iterable[str], hostvars: Mapping[str, Any]) -> dict[str, addresses.Place]:
        """Evaluate where each host is; one that cannot be evaluated is left to the connection to report."""
        found = {}
        for host in hosts:
            try:
                known = {name: self._templar.template(hostvars[host].get(name)) for name in addresses.VARIABLES}
            except AnsibleError:
                continue
            found[host] = addresses.place(host, known)
        return found

    def _common(self, given: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Complete the common inputs with the defaults of the role release."""
        path = COLLECTION / "roles/release/defaults/main.yml"
        defaults = self._loader.load_from_file(str(path), trusted_as_template=True) or {}
        readable = {name: value for name, value in given.items() if not isinstance(value, (Unreadable, Foreign))}
        context = {"groups": variables.get("groups", {}), "inventory_hostname": variables["inventory_hostname"]}
        templar = self._templar.copy_with_new_env(available_variables={**context, **defaults, **readable})
        common = dict(readable)
        for name in defaults:
            if name in given:
                continue
            try:
                common[name] = _plain(templar.template(defaults[name]))
            except AnsibleError:
                continue  # It refers to something that is missing, which is reported by its own name.
        return common

    def _compose(self, common: dict[str, Any], values: dict[str, Any]) -> list[Problem]:
        path, services = common.get("release_compose_file"), common.get("release_services")
        if not isinstance(path, str) or not isinstance(services, list):
            return []
        full = self._loader.path_dwim(os.path.expanduser(path))
        try:
            text = Path(full).read_text(encoding="utf-8")
            given = {"release_container_port_given": "release_container_port" in values}
            refusals = compose_refusals(text, {**common, **given}, full)
            names = check_compose_names(common, parse_compose(text))
        except (OSError, UnicodeDecodeError, AnsibleError) as error:
            return [rules.unreadable_compose(full, str(error))]
        except (KeyError, ValueError, TypeError):
            return []  # Another input is missing or of a wrong type, which is reported by its own name.
        return names or rules.check_compose(full, refusals)  # what a wrong name leads to is no problem of its own


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _plain(value: Any) -> Any:
    """Evaluate what Ansible keeps lazy inside a value, so that its errors show here."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
