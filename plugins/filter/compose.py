# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters around the application's compose file; they run on the controller."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.bluegreen.release.plugins.module_utils import compose_override as rendering
from ansible_collections.bluegreen.release.plugins.module_utils.compose_problems import compose_problems

HEADER = "# Written by bluegreen.release: what this slot changes in compose.yml. Changes made here are lost.\n"


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
    return loader.construct_scalar(node)  # type: ignore[arg-type]  # what is left is a scalar


_Loader.add_multi_constructor("!", _untagged)


def parse_compose(text: str) -> dict[str, Any]:
    """The compose file as a document. Raises AnsibleFilterError when it is none."""
    try:
        document = yaml.load(str(text), _Loader)
    except yaml.YAMLError as error:
        raise AnsibleFilterError(f"expected YAML in release_compose_file, found: {error}") from error
    if not isinstance(document, dict):
        raise AnsibleFilterError(f"expected a mapping in release_compose_file, found {type(document).__name__}")
    return document


def compose_refusals(
    text: str, services: Sequence[str], service: str, container_port: int, slot_state: Sequence[str] = ()
) -> list[str]:
    """Why the compose file cannot run in two slots; see compose_problems."""
    return compose_problems(parse_compose(text), list(services), service, int(container_port), slot_state)


def compose_override(
    text: str, slot: Mapping[str, Any], services: Sequence[str], service: str, container_port: int
) -> str:
    """The text of the override file. slot: the fields of module_utils.compose_override.Slot."""
    fields = {**slot, "port": int(slot["port"]), "limits": {str(k): str(v) for k, v in slot["limits"].items()}}
    document = rendering.compose_override(
        parse_compose(text), rendering.Slot(**fields), list(services), service, int(container_port)
    )
    return HEADER + str(yaml.dump(_plain(document), Dumper=_Dumper, sort_keys=False, width=1000))


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
    return [str(name) for name in rendering.released_services(parse_compose(text), list(services), service)]


def compose_environment_file(environment: Mapping[str, Any]) -> str:
    """The text of the slot's environment file. Raises AnsibleFilterError for what cannot be written."""
    try:
        return rendering.environment_file(environment)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of the collection around compose files."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "compose_refusals": compose_refusals,
            "compose_override": compose_override,
            "compose_released_services": compose_released_services,
            "compose_environment_file": compose_environment_file,
        }
