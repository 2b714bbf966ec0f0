# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables that a compose file names, ``${NAME}`` and the like; pure functions, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_BEGIN = re.compile(r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*))")
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")


@dataclass(frozen=True)
class Variable:
    """One use of a variable. operator: as compose writes it, empty for none; word: what follows the operator."""

    name: str
    operator: str
    word: str
    start: int
    end: int

    def refused(self, given: Mapping[str, Any]) -> bool:
        """Whether compose refuses the file, as it demands the variable and nobody gives it."""
        if self.operator == ":?":
            return str(given.get(self.name) or "") == ""
        return self.operator == "?" and self.name not in given


def variables(text: str) -> Iterator[Variable]:
    """The variables of a value, outermost ones only; ``$$`` is none."""
    position = 0
    while found := _BEGIN.search(text, position):
        position = found.end()
        if found["plain"]:
            yield Variable(found["plain"], "", "", found.start(), found.end())
        elif found["braced"]:
            end = _closing(text, found.end())
            rest = text[found.end() : end]
            operator = next((one for one in _OPERATORS if rest.startswith(one)), "")
            yield Variable(found["braced"], operator, rest[len(operator) :], found.start(), end + 1)
            position = end + 1


def _closing(text: str, start: int) -> int:
    """Where the brace that is open at start closes; the end of the text when it never does."""
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index
    return len(text)


def uses(value: Any) -> Iterator[Variable]:
    """Every variable anywhere in a part of a compose file, those inside defaults too; names of keys are no values."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from uses(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from uses(item)
    elif isinstance(value, str):
        for variable in variables(value):
            yield variable
            yield from uses(variable.word)


def unset(value: Any, given: Mapping[str, Any]) -> list[str]:
    """Names used with nothing else to take that are not given, in the order of their use."""
    return list(dict.fromkeys(one.name for one in uses(value) if not one.operator and one.name not in given))


def demanded(value: Any, given: Mapping[str, Any]) -> list[str]:
    """Names for which compose refuses the whole file when nobody gives them."""
    return list(dict.fromkeys(one.name for one in uses(value) if one.refused(given)))


def interpolate(text: str, given: Mapping[str, Any]) -> str:
    """The value as compose reads it; a name that is not given and has no default is empty."""
    parts, position = [], 0
    for variable in variables(text):
        parts += [text[position : variable.start], _value(variable, given)]
        position = variable.end
    return "".join([*parts, text[position:]]).replace("$$", "$")


def _value(variable: Variable, given: Mapping[str, Any]) -> str:
    value = given.get(variable.name)
    there = value is not None and (not variable.operator.startswith(":") or str(value) != "")
    if variable.operator in (":+", "+"):
        return interpolate(variable.word, given) if there else ""
    if variable.operator in (":-", "-") and not there:
        return interpolate(variable.word, given)
    return "" if value is None else str(value)
