"""What the role preflight knows of facts and of calls is what the roles and playbooks set and need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_inputs import known_options, prefixes

from tests.contract.repository import ROOT, load, mappings, playbooks, roles

LISTS = load(ROOT / "roles" / "preflight" / "vars" / "main.yml")
SPECS = {role.name: load(role / "meta" / "argument_specs.yml")["argument_specs"] for role in roles()}


def published(tasks: Any) -> Iterator[str]:
    """Names that tasks give values under a prefix of ours: facts and registers, at any depth."""
    for mapping in mappings(tasks):
        names = list(mapping.get("ansible.builtin.set_fact") or [])
        if isinstance(mapping.get("register"), str):
            names.append(mapping["register"])
        yield from (name for name in names if name.startswith(prefixes(SPECS)))


def files() -> list[Path]:
    """Every file of tasks."""
    return [*playbooks(), *sorted((ROOT / "roles").glob("*/tasks/*.yml")), *(ROOT / "roles").glob("*/handlers/*.yml")]


def test_the_outputs_that_preflight_lets_pass_are_those_that_are_set() -> None:
    assert sorted(LISTS["__preflight_outputs"]) == sorted({name for path in files() for name in published(load(path))})


def test_an_output_is_seen_at_any_depth_and_an_internal_is_none() -> None:
    inner = {"ansible.builtin.set_fact": {"migration_result": 1, "__migration_x": 2, "other": 3}}
    assert list(published([{"block": [inner, {"register": "smoke_test_result"}, {"register": "__smoke_test_x"}]}])) == [
        "migration_result",
        "smoke_test_result",
    ]


def test_call_inputs_are_required_options_that_no_estate_has() -> None:
    """With one more in the list a missing input would pass; with one less no run would."""
    variables = sorted((ROOT / "inventories" / "prod").glob("group_vars/*/*.yml*"))
    estate = {name for path in variables for mapping in mappings(load(path)) for name in mapping}
    needed = {name for name, option in known_options(SPECS).items() if option["required"]}
    assert sorted(LISTS["__preflight_call_inputs"]) == sorted(needed - estate - {"release_version"})


@pytest.mark.parametrize("role", roles(), ids=lambda role: role.name)
def test_readme_names_every_output_and_nothing_that_is_not_there(role: Path) -> None:
    readme = (role / "README.md").read_text()
    own = {name for path in role.glob("tasks/*.yml") for name in published(load(path))}
    assert sorted(name for name in own if f"`{name}`" not in readme) == []
    known = {*known_options(SPECS), *LISTS["__preflight_outputs"], *SPECS, "release_id"}
    shown = {name for name in re.findall(r"\b[a-z]+_[a-z_]+\b", readme) if name.startswith(prefixes(SPECS))}
    assert sorted(shown - known) == []
