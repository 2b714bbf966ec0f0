"""Every plugin is documented under its full name, and its documentation is true: options and examples are accepted."""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bluegreen.release.plugins.module_utils import resident

from tests.contract.repository import NAMESPACE, ROOT, AnsibleLoader, plugins

MODULES = [path.stem for path in plugins("modules")]
ACTIONS = [path.stem for path in plugins("action")]
ENVIRONMENT = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "PYTHONPATH": str(ROOT / "collections")}
FACETS: dict[str, Any] = {"required": False, "type": "str", "elements": None, "choices": None, "default": None}
STAND_INS: dict[str, Any] = {"int": 1, "float": 1.0, "bool": True, "list": [], "dict": {}}


@functools.cache
def documentation(kind: str, *names: str) -> dict[str, Any]:
    """What ansible-doc says of plugins, by full name."""
    full = [f"{NAMESPACE}.{name}" for name in names]
    done = subprocess.run(
        ["ansible-doc", "--json", "-t", kind, *full], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@functools.cache
def told() -> dict[str, dict[str, Any]]:
    """The words with which each module, or the action that it documents, tells Ansible about its parameters."""
    # A module that may be resident has an action too, which takes its words from it.
    kinds = {name: "action" if name in ACTIONS and name not in resident.ACTS else "modules" for name in MODULES}
    names = [f"ansible_collections.bluegreen.release.plugins.{kind}.{name}" for name, kind in kinds.items()]
    program = str(ROOT / "tests" / "contract" / "argument_specs.py")
    done = subprocess.run([sys.executable, program, *names], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    words: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return words


def filters() -> list[str]:
    """Names of the filters that the filter files define."""
    names: list[str] = []
    for path in plugins("filter"):
        module = importlib.import_module(f"ansible_collections.bluegreen.release.plugins.filter.{path.stem}")
        names += module.FilterModule().filters()
    return names


def plain(value: Any, option: dict[str, Any]) -> Any:
    """A value of an example as a module would get it: a template becomes something of the option's type."""
    if isinstance(value, str) and "{{" in value:
        return (option.get("choices") or [STAND_INS.get(option.get("type", "str"), "text")])[0]
    suboptions = option.get("options")
    if suboptions and isinstance(value, dict):
        return {key: plain(inner, suboptions.get(key, {})) for key, inner in value.items()}
    if suboptions and isinstance(value, list):
        return [plain(inner, option | {"type": "dict"}) for inner in value]
    return value


def example_errors(name: str, examples: str, words: dict[str, Any]) -> list[str]:
    """What is wrong with a module's EXAMPLES: not YAML, no task of this module, or parameters it would refuse."""
    tasks = yaml.load(examples, Loader=AnsibleLoader) or []
    calls = [task[f"{NAMESPACE}.{name}"] for task in tasks if f"{NAMESPACE}.{name}" in task]
    if not calls:
        return [f"no task calls {NAMESPACE}.{name}"]
    keys = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
    spec = words["argument_spec"]
    validate: Any = ArgumentSpecValidator  # untyped in Ansible
    validator = validate(spec, **{key: words[key] for key in keys if words.get(key)})
    errors: list[str] = []
    for call in calls:
        given = {key: plain(value, spec.get(key, {})) for key, value in (call or {}).items()}
        errors += validator.validate(given).error_messages
    return errors


def differences(shown: dict[str, Any], accepted: dict[str, Any], where: str) -> list[str]:
    """In what the options that a module documents are not those that it accepts, suboptions too."""
    if sorted(shown) != sorted(accepted):
        return [f"{where}: {sorted(shown)} is shown, {sorted(accepted)} accepted"]
    found: list[str] = []
    for option, spec in accepted.items():
        told_of, place = shown[option], f"{where}.{option}"
        for key, absent in FACETS.items():
            says, is_so = told_of.get(key, absent), spec.get(key, absent)
            found += [f"{place}: {key}: {says} is shown, {is_so} accepted"] * (says != is_so)
        inner = told_of.get("options") or told_of.get("suboptions") or {}
        found += differences(inner, spec.get("options") or {}, place)
    return found


def test_there_are_modules() -> None:
    assert len(MODULES) >= 3
    assert set(told()) == set(MODULES)


def test_every_action_is_documented_as_a_module() -> None:
    assert sorted(set(ACTIONS) - set(MODULES) - {path.stem for path in (ROOT / "plugins/modules").glob("*.yml")}) == []


def test_ansible_doc_shows_every_module_and_action() -> None:
    names = sorted({*MODULES, *ACTIONS})
    assert sorted(documentation("module", *names)) == [f"{NAMESPACE}.{name}" for name in names]


def test_ansible_doc_shows_every_filter() -> None:
    names = sorted(filters())
    assert names
    assert sorted(documentation("filter", *names)) == [f"{NAMESPACE}.{name}" for name in names]


@pytest.mark.parametrize("name", sorted({*MODULES, *ACTIONS}))
def test_documentation_is_whole(name: str) -> None:
    shown = documentation("module", *sorted({*MODULES, *ACTIONS}))[f"{NAMESPACE}.{name}"]
    assert shown["doc"]["short_description"]
    assert {"check_mode", "diff_mode", "idempotent"} <= set(shown["doc"]["attributes"])
    assert shown["examples"]
    assert shown["return"]


@pytest.mark.parametrize("name", MODULES)
def test_documented_options_are_the_accepted_ones(name: str) -> None:
    shown = documentation("module", *sorted({*MODULES, *ACTIONS}))[f"{NAMESPACE}.{name}"]["doc"].get("options", {})
    assert differences(shown, told()[name]["argument_spec"], name) == []


def test_a_wrong_option_is_seen() -> None:
    shown = {"steps": {"type": "list", "elements": "dict", "options": {"path": {"type": "str", "required": True}}}}
    accepted: dict[str, Any] = {"steps": {"type": "list", "elements": "dict", "options": {"path": {"required": True}}}}
    assert differences(shown, accepted, "") == []
    accepted["steps"]["options"] = {"path": {"default": "/"}}
    assert differences(shown, accepted, "m") == [
        "m.steps.path: required: True is shown, False accepted",
        "m.steps.path: default: None is shown, / accepted",
    ]
    assert differences({}, accepted, "m") == ["m: [] is shown, ['steps'] accepted"]


def test_every_documentation_fragment_serves_several_modules() -> None:
    written = [path.read_text() for path in plugins("modules")]
    used = [name for text in written for name in re.findall(rf"^  - {NAMESPACE}\.(\w+)(?:\.\w+)?$", text, re.M)]
    assert {path.stem for path in plugins("doc_fragments")} == {name for name in used if used.count(name) > 1}


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_accepted_by_the_module(name: str) -> None:
    examples = documentation("module", *sorted({*MODULES, *ACTIONS}))[f"{NAMESPACE}.{name}"]["examples"]
    assert example_errors(name, examples, told()[name]) == []


def test_a_wrong_example_is_seen() -> None:
    words = {"argument_spec": {"slot": {"choices": ["blue", "green"], "required": True}, "wait": {"type": "int"}}}
    task = "- bluegreen.release.move: {{slot: {slot}, wait: {wait}}}"
    assert example_errors("move", task.format(slot="blue", wait="'{{ wait }}'"), words) == []
    assert example_errors("move", task.format(slot="red", wait="3"), words) != []
    assert example_errors("move", task.format(slot="blue", wait="soon"), words) != []
    assert example_errors("move", "- bluegreen.release.other: {slot: blue}", words) != []


def test_every_python_file_names_its_licence() -> None:
    files = sorted((ROOT / "plugins").rglob("*.py"))
    assert files
    assert [str(path) for path in files if not licensed(path)] == []


def licensed(path: Path) -> bool:
    """Whether a file begins with its licence, below the first line of a module; an empty __init__.py needs none."""
    content = path.read_text().removeprefix("#!/usr/bin/python\n")
    return not content.strip() or content.startswith("# SPDX-License-Identifier: GPL-3.0-or-later\n")
