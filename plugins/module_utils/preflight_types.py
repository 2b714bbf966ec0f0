# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare a value with an option of an argument specification, more strictly than Ansible does.

Ansible turns nearly everything into nearly everything (a list from ``a,b``, a string from the number 1.10).
Here a value passes when it has the type, or is a text that can only mean that type, as ``-e key=value`` gives it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem

TRUTH = {"true", "false", "yes", "no", "on", "off", "1", "0"}
TEXT_TYPES = {"str", "path"}
ARTICLES = {
    "str": "a text",
    "path": "a path",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
}


def nearest(name: str, known: Sequence[str], cutoff: float = 0.6) -> str | None:
    """Give the known name that resembles the given one most, or None when none does."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return found[0] if found else None


def has_type(value: Any, kind: str) -> bool:
    """Tell whether the value is of the type, or a text that can only mean it."""
    if kind in TEXT_TYPES:
        return isinstance(value, str)
    if kind == "bool":
        return isinstance(value, bool) or (isinstance(value, str) and value.lower() in TRUTH)
    if kind == "int":
        return (isinstance(value, int) and not isinstance(value, bool)) or _text_like(value, r"-?\d+")
    if kind == "float":
        return (isinstance(value, (int, float)) and not isinstance(value, bool)) or _text_like(value, r"-?\d+(\.\d+)?")
    if kind == "list":
        return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    if kind == "dict":
        return isinstance(value, Mapping)
    return True


def check_value(name: str, value: Any, option: Mapping[str, Any], where: str = "") -> list[Problem]:
    """Give every problem of one value, with those of the values nested in it.

    :param name: the variable, with the path inside it: ``release_slots.blue.port``.
    :param option: the option of an argument specification: type, elements, options, choices, required, no_log.
    :param where: what the message adds to the name, for example the host that has this value.
    """
    if value is None or ("default" in option and value == option["default"]):
        return []
    kind = str(option.get("type", "str"))
    if not has_type(value, kind):
        return [
            Problem(f"{name} has the wrong type{where}", _wanted(kind), shown(value, option), _type_remedy(name, kind))
        ]
    choices = option.get("choices")
    if choices and kind != "list" and str(value) not in {str(choice) for choice in choices}:
        close = nearest(str(value), [str(choice) for choice in choices])
        hint = f"did you mean {close}?" if close else f"give {name} one of these values"
        expected = "one of " + ", ".join(str(choice) for choice in choices)
        return [Problem(f"{name} is not one of the possible values{where}", expected, shown(value, option), hint)]
    if kind == "list":
        return _check_list(name, value, option, where)
    if kind == "dict" and option.get("options"):
        return check_mapping(name, value, option["options"], where)
    return []


def check_mapping(name: str, value: Mapping[str, Any], options: Mapping[str, Any], where: str) -> list[Problem]:
    """Give the problems of a mapping whose keys are specified."""
    problems: list[Problem] = []
    for key in value:
        if str(key) not in options:
            close = nearest(str(key), list(options))
            remedy = f"rename it to {close}" if close else "remove it"
            problems.append(
                Problem(f"{name} has an unknown key{where}", "only " + ", ".join(sorted(options)), str(key), remedy)
            )
    for key, option in options.items():
        if key in value and value[key] is not None:
            problems += check_value(f"{name}.{key}", value[key], option, where)
        elif option.get("required"):
            problems.append(
                Problem(
                    f"{name} lacks a key{where}", f"the key {key}, {described(option)}", "no such key", f"add {key}"
                )
            )
    return problems


def described(option: Mapping[str, Any]) -> str:
    """Give the first sentence of the description of an option and its type."""
    text = option.get("description", "")
    first = text if isinstance(text, str) else (str(text[0]) if text else "")
    kind = _wanted(str(option.get("type", "str")))
    return f"{kind} ({' '.join(first.split()).rstrip('.')})" if first else kind


def shown(value: Any, option: Mapping[str, Any]) -> str:
    """Show a value in a message, never a secret and never a long one."""
    name = {"str": "text", "dict": "mapping", "NoneType": "nothing"}.get(_plain_type(value), _plain_type(value))
    if option.get("no_log"):
        return f"a {name} (not shown, it is a secret)"
    if name == "mapping" or option.get("type") == "dict":
        return f"a {name}"
    text = repr(str(value)) if isinstance(value, str) else str(value)
    return f"{text if len(text) <= 80 else text[:77] + '...'} ({name})"


def _plain_type(value: Any) -> str:
    """Name the built-in type behind a value; Ansible wraps values in types of its own."""
    for kind in (bool, int, float, str, dict, list):
        if isinstance(value, kind):
            return kind.__name__
    return type(value).__name__


def _check_list(name: str, value: Sequence[Any], option: Mapping[str, Any], where: str) -> list[Problem]:
    element = {"type": option.get("elements", "raw")}
    for key in ("options", "choices", "no_log"):
        if key in option:
            element[key] = option[key]
    problems: list[Problem] = []
    for index, item in enumerate(value):
        problems += check_value(f"{name}[{index}]", item, element, where)
    return problems


def _text_like(value: Any, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _wanted(kind: str) -> str:
    return ARTICLES.get(kind, f"a value of type {kind}")


def _type_remedy(name: str, kind: str) -> str:
    plain = name.split(".")[0].split("[")[0]
    if kind in TEXT_TYPES:
        return f"put the value of {name} in quotes"
    if kind in ("list", "dict"):
        return f"write {name} as YAML in the inventory, or give it as JSON: -e '{{\"{plain}\": ...}}'"
    return f"give {name} as {_wanted(kind)}"
