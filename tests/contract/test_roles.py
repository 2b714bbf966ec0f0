"""What is promised of a role in its README, defaults and argument specification is what the role has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract.repository import NAMESPACE, ROOT, load, role_calls, roles

HEADINGS = ["Outcome", "Inputs", "Outputs", "Example", "Idempotent?", "Atomic?", "Undo"]
ROLES = roles()
IDS = [role.name for role in ROLES]


def entry_points(role: Path) -> dict[str, dict[str, Any]]:
    """Entry points of a role's argument specification, each with its options."""
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    assert specs, f"{role.name}: expected entry points in meta/argument_specs.yml, found none"
    return {name: (spec or {}).get("options") or {} for name, spec in specs.items()}


def defaults(role: Path) -> dict[str, Any]:
    """Defaults of a role; none when it has no file of them."""
    path = role / "defaults" / "main.yml"
    return (load(path) or {}) if path.exists() else {}


def differences(role: Path) -> list[str]:
    """Where defaults/main.yml and meta/argument_specs.yml say different things of the same input."""
    found: list[str] = []
    values = defaults(role)
    specified: set[str] = set()
    for entry, options in entry_points(role).items():
        for name, option in options.items():
            specified.add(name)
            if not name.startswith(f"{role.name}_"):
                continue
            if name in values and option.get("default") != values[name]:
                found.append(f"{entry}: {name}: default is {values[name]!r}, specified {option.get('default')!r}")
            if name in values and option.get("required"):
                found.append(f"{entry}: {name}: required, yet it has a default")
            if name not in values and "default" in option:
                found.append(f"{entry}: {name}: default specified, none in defaults/main.yml")
    return found + [f"{name}: in defaults/main.yml, in no entry point" for name in sorted(set(values) - specified)]


def test_there_are_roles_with_inputs() -> None:
    assert len(ROLES) >= 2
    assert sum(len(defaults(role)) for role in ROLES) > 10


@pytest.mark.parametrize("role", ROLES, ids=IDS)
def test_specification_equals_defaults(role: Path) -> None:
    assert differences(role) == []


def test_a_difference_is_seen(tmp_path: Path) -> None:
    role = tmp_path / "watch"
    (role / "meta").mkdir(parents=True)
    (role / "defaults").mkdir()
    (role / "defaults" / "main.yml").write_text("watch_seconds: 5\nwatch_typo: 1\n")
    (role / "meta" / "argument_specs.yml").write_text(
        "argument_specs: {main: {options: {watch_seconds: {type: int, default: 6}, watch_late: {default: 1}}}}"
    )
    assert len(differences(role)) == 3


@pytest.mark.parametrize("role", ROLES, ids=IDS)
def test_readme_has_the_seven_headings_in_order(role: Path) -> None:
    found = re.findall(r"^#{2,3} (.+?)\s*$", (role / "README.md").read_text(), flags=re.MULTILINE)
    assert [heading for heading in found if heading in HEADINGS] == HEADINGS


@pytest.mark.parametrize("role", ROLES, ids=IDS)
def test_every_input_is_documented_and_in_reach_of_the_readme(role: Path) -> None:
    readme = (role / "README.md").read_text()
    points = entry_points(role)
    undescribed = [
        name for options in points.values() for name, option in options.items() if "description" not in option
    ]
    assert undescribed == []
    if "meta/argument_specs.yml" not in readme:
        own = {name for options in points.values() for name in options if name.startswith(f"{role.name}_")}
        assert [name for name in sorted(own) if name not in readme] == []


@pytest.mark.parametrize("role", ROLES, ids=IDS)
def test_every_entry_point_has_its_tasks(role: Path) -> None:
    assert [entry for entry in entry_points(role) if not has_tasks(role, entry)] == []


def has_tasks(role: Path, entry: str) -> bool:
    """Whether an entry point can be called; a role of nothing but inputs has no tasks at all."""
    return (only_inputs(role) and entry in ("main", "inputs")) or (role / "tasks" / f"{entry}.yml").is_file()


def only_inputs(role: Path) -> bool:
    """Whether a role has no tasks: it is called for its defaults, or depended on."""
    return not (role / "tasks").exists()


def test_every_role_called_exists_without_extension_and_with_a_specification() -> None:
    calls = list(role_calls())
    assert len(calls) > 5
    wrong: list[str] = []
    for path, name, entry in calls:
        where = f"{path.relative_to(ROOT)}: {name} {entry}"
        role = ROOT / "roles" / name.removeprefix(f"{NAMESPACE}.")
        if not name.startswith(f"{NAMESPACE}.") or not role.is_dir():
            wrong.append(f"{where}: no such role of this collection")
        elif "." in entry:
            wrong.append(f"{where}: tasks_from with an extension is never validated")
        elif not has_tasks(role, entry) or (entry not in entry_points(role) and not only_inputs(role)):
            wrong.append(f"{where}: no tasks file, or no entry point in meta/argument_specs.yml")
    assert wrong == []
