# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/variables.md, the page of all inputs, from the roles' argument specifications.

Usage: python -m tests.variables
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "variables.md"
COMMAND = "python -m tests.variables"
# Those that are first in a release; the others follow by name.
FIRST = (
    "release", "preflight", "image_build", "green_provision", "nginx_switchover", "migration", "health_check",
    "smoke_test", "singleton", "hook", "rollback", "decommission", "adopt",
)  # fmt: skip
HEAD = f"""# Variables

Everything that an inventory can set, by role. Written from `roles/*/meta/argument_specs.yml` by
`{COMMAND}`; changes made here are lost.

Set those of [release](#release) first. What is *required* has no default that could be right; a line with a dot in its
name is required inside its mapping, when that is given. What is secret belongs into a vault and is never printed. An
unknown name with a prefix of ours is refused before anything is touched, with the nearest known one.
"""
_MARKUP = re.compile(r"\b[COVIBPE]\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
Option = Mapping[str, Any]


def specifications() -> dict[str, Any]:
    """Role to its entry points, in the order of the page."""
    specs = {
        path.parent.parent.name: yaml.safe_load(path.read_text())["argument_specs"]
        for path in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml"))
    }
    return {role: specs[role] for role in sorted(specs, key=lambda role: (*FIRST, role).index(role))}


def options(specs: Mapping[str, Any]) -> dict[str, dict[str, Option]]:
    """Role to its inputs. One of several roles belongs to that whose name it begins with, or to the first of them.

    It is required when every entry point of its role says so.
    """
    found: dict[str, dict[str, list[Option]]] = {}
    for role, entries in specs.items():
        for entry in entries.values():
            for name, option in ((entry or {}).get("options") or {}).items():
                found.setdefault(name, {}).setdefault(role, []).append(option)
    owned: dict[str, dict[str, Option]] = {role: {} for role in specs}
    for name, places in found.items():
        own = [role for role in places if name.startswith(f"{role}_")]
        role = max(own, key=len) if own else next(iter(places))
        several = places[role]
        owned[role][name] = {**several[0], "required": all(option.get("required") for option in several)}
    return owned


def plain(text: Any) -> str:
    """A description as Markdown in a cell: Ansible's markup as code, one line."""
    words = " ".join(text) if isinstance(text, list) else str(text)
    return cell(_MARKUP.sub(r"`\1`", words))


def cell(text: str) -> str:
    """Text as it may stand in a cell."""
    return " ".join(text.split()).replace("|", "\\|")


def kind(option: Option) -> str:
    """The type of an input, with its choices."""
    name = str(option.get("type", "str"))
    text = f"{name} of {option['elements']}" if "elements" in option else name
    choices = ", ".join(f"`{choice}`" for choice in option.get("choices") or [])
    return ", ".join([text, *([f"one of {choices}"] if choices else []), *(["secret"] if option.get("no_log") else [])])


def default(option: Option) -> str:
    """The default of an input."""
    if option.get("required"):
        return "*required*"
    if "default" not in option or option["default"] is None:
        return ""
    value = option["default"]
    if isinstance(value, str) and value:
        return f"`{cell(value)}`"
    flow = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False).removesuffix("\n...\n")
    return f"`{cell(flow)}`" if value != "" else '`""`'


def rows(given: Mapping[str, Option], parent: str = "") -> Iterator[str]:
    """A row of each input, and of what is inside it."""
    for name, option in given.items():
        full = f"{parent}{name}"
        yield f"| `{full}` | {kind(option)} | {default(option)} | {plain(option.get('description', ''))} |"
        inside = "[]." if option.get("type") == "list" else "."
        yield from rows(option.get("options") or {}, f"{full}{inside}")


def section(role: str, inputs: Mapping[str, Option], calls: list[str]) -> str:
    """The part of a role; empty when there is nothing to set. calls: inputs that playbooks give on each call."""
    folder = ROOT / "roles" / role
    to_set = {name: option for name, option in inputs.items() if name not in calls}
    if not to_set:
        return ""
    about = yaml.safe_load((folder / "meta" / "main.yml").read_text())["galaxy_info"]["description"]
    table = ["| input | type | default | what it is |", "|---|---|---|---|", *rows(to_set)]
    given = ", ".join(f"`{name}`" for name in inputs if name in calls)
    last = [f"\nGiven by the playbooks, not by an inventory: {given}."] if given else []
    return "\n".join([f"## {role}", "", f"{about}. [More](../roles/{role}/README.md)", "", *table, *last])


def page() -> str:
    """The whole page."""
    lists = yaml.safe_load((ROOT / "roles" / "preflight" / "vars" / "main.yml").read_text())
    calls = lists["__preflight_call_inputs"]
    sections = [section(role, inputs, calls) for role, inputs in options(specifications()).items()]
    return "\n\n".join([HEAD.rstrip(), *filter(None, sections)]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
