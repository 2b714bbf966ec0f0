# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters around the application's compose file; they run on the controller."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.bluegreen.release.plugins.module_utils import compose_override as rendering
from ansible_collections.bluegreen.release.plugins.module_utils.compose_document import (
    application_of,
    released_services,
)
from ansible_collections.bluegreen.release.plugins.module_utils.compose_environment import carried, environment_file
from ansible_collections.bluegreen.release.plugins.module_utils.compose_problems import compose_problems
from ansible_collections.bluegreen.release.plugins.module_utils.compose_variables import interpolate

HEADER = "# Written by bluegreen.release: what this slot changes in compose.yml. Changes made here are lost.\n"
SHARED_HEADER = "# Written by bluegreen.release: the services that run once, beside the slots.\n"


class _Dumper(yaml.SafeDumper):
    """Knows compose's merge tags; indents lists as yamllint likes them; no anchors, which hide values."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(rendering.Override, lambda dumper, data: dumper.represent_mapping("!override", data))
_Dumper.add_representer(rendering.OverrideList, lambda dumper, data: dumper.represent_sequence("!override", data))
_Dumper.add_representer(rendering.Reset, lambda dumper, data: dumper.represent_scalar("!reset", "null"))


class _Loader(yaml.SafeLoader):
    """Reads compose's own tags as if they were not there."""


def _untagged(loader: _Loader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(cast("yaml.ScalarNode", node))


_Loader.add_multi_constructor("!", _untagged)
# Compose reads YAML 1.2, where 22:22 is a text; in YAML 1.1 it is a number in base 60.
_Loader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] not in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?$"), list("-+0123456789")
)


def parse_compose(text: str) -> dict[str, Any]:
    """The compose file as a document. Raises AnsibleFilterError when it is none."""
    try:
        document = yaml.load(str(text), _Loader)
    except yaml.YAMLError as error:
        raise AnsibleFilterError(f"expected YAML in release_compose_file, found: {error}") from error
    if not isinstance(document, dict):
        raise AnsibleFilterError(f"expected a mapping in release_compose_file, found {type(document).__name__}")
    return document


def compose_refusals(text: str, inputs: Mapping[str, Any], path: str) -> list[str]:
    """Why the compose file cannot run in two slots; see compose_problems. path: of the file, on the controller."""
    return compose_problems(parse_compose(text), application_of(inputs), _exists(path))


def compose_override(text: str, slot: Mapping[str, Any], inputs: Mapping[str, Any], path: str) -> str:
    """The text of the override file. slot: the fields of module_utils.compose_override.Slot."""
    fields = {**slot, "port": int(slot["port"]), "limits": {str(k): str(v) for k, v in slot["limits"].items()}}
    compose, application = parse_compose(text), application_of(inputs)
    carried = _carried(compose, application.services, application, path)
    return _document(HEADER, rendering.compose_override(compose, rendering.Slot(**fields), application, carried))


def compose_shared_override(text: str, name: str, inputs: Mapping[str, Any], path: str) -> str:
    """The text of the override file of the services beside the slots. name: of the application."""
    compose, application = parse_compose(text), application_of(inputs)
    carried = _carried(compose, application.shared, application, path)
    return _document(SHARED_HEADER, rendering.shared_override(compose, application, carried, str(name)))


def compose_carried(text: str, services: Sequence[str], inputs: Mapping[str, Any], path: str) -> dict[str, str]:
    """Name on the host to path on the controller of the environment files that the services name."""
    application = application_of(inputs)
    found = _carried(parse_compose(text), list(services), application, path)
    folder = os.path.dirname(path)
    beside = {one: name for one, name in found.items() if one != name}
    return {name: os.path.join(folder, interpolate(one, application.environment)) for one, name in beside.items()}


def _carried(compose: Mapping[str, Any], services: Sequence[str], application: Any, path: str) -> dict[str, str]:
    return carried(compose, services, application, _exists(path))


def _exists(path: str) -> Callable[[str], bool]:
    """Whether a path, relative to the compose file, is a file on the controller."""
    folder = os.path.dirname(path)
    return lambda one: os.path.isfile(os.path.join(folder, one))


def _document(header: str, content: Mapping[str, Any]) -> str:
    return header + str(yaml.dump(_plain(content), Dumper=_Dumper, sort_keys=False, width=1000))


def _plain(value: Any) -> Any:
    """The document without Ansible's own string types, which a YAML dumper refuses."""
    if isinstance(value, Mapping):
        items = {str(key): _plain(item) for key, item in value.items()}
        return rendering.Override(items) if isinstance(value, rendering.Override) else items
    if isinstance(value, (list, tuple)):
        entries = [_plain(item) for item in value]
        return rendering.OverrideList(entries) if isinstance(value, rendering.OverrideList) else entries
    return str(value) if isinstance(value, str) else value


def compose_released_services(text: str, services: Sequence[str], service: str) -> list[str]:
    """The services of a slot that run the release image."""
    return [str(name) for name in released_services(parse_compose(text), list(services), service)]


def compose_environment_file(environment: Mapping[str, Any]) -> str:
    """The text of the slot's environment file. Raises AnsibleFilterError for what cannot be written."""
    try:
        return environment_file(environment)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of the collection around compose files."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "compose_refusals": compose_refusals,
            "compose_override": compose_override,
            "compose_shared_override": compose_shared_override,
            "compose_carried": compose_carried,
            "compose_released_services": compose_released_services,
            "compose_environment_file": compose_environment_file,
        }
