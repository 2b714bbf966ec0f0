# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an HTTP answer is worth: pure functions, no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SHORT = 6  # masked values shorter than this are replaced only where they stand alone
_SHOWN = 120  # longest part of a found value that a message shows, in characters
MASK = "********"


class StepError(Exception):
    """A step cannot be sent or its answer is not the one expected; the text says why."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def document(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise StepError(f"expected a JSON body, found {_short(self.text())!r}") from error


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def substitute(value: Any, saved: Mapping[str, Any]) -> Any:
    """Replace ``${name}`` by saved values in strings, lists and dicts.

    A string that is nothing but one placeholder keeps the saved value's type.
    Raises StepError for a name that no earlier step saved.
    """
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole:
            return _saved(whole.group(1), saved)
        return _PLACEHOLDER.sub(lambda found: str(_saved(found.group(1), saved)), value)
    if isinstance(value, Mapping):
        return {key: substitute(item, saved) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, saved) for item in value]
    return value


def _saved(name: str, saved: Mapping[str, Any]) -> Any:
    if name not in saved:
        known = ", ".join(sorted(saved)) or "none"
        raise StepError(f"${{{name}}} is not saved by any earlier step (saved: {known}); add it to a step's `save`")
    return saved[name]


def look_up(document: Any, dotted: str) -> Any:
    """The value at ``a.b.0.c``; numbers index lists. Raises StepError when there is none."""
    value = document
    for part in dotted.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise StepError(f"expected {dotted!r} in the JSON body, found no {part!r}")
    return value


def check(answer: Answer, expect: Mapping[str, Any], expect_headers: Mapping[str, str]) -> None:
    """Raise StepError, saying expected and found, unless the answer is as expected."""
    statuses = expect.get("status") or [200]
    if answer.status not in statuses:
        raise StepError(
            f"expected status {' or '.join(str(status) for status in statuses)}, found {answer.status}"
            f" with body {_short(answer.text())!r}"
        )
    for name, wanted in {**expect_headers, **(expect.get("headers") or {})}.items():
        found = answer.headers.get(name.lower())
        if found != str(wanted):
            raise StepError(f"expected header {name}: {wanted}, found {'none' if found is None else _short(found)}")
    contains = expect.get("contains")
    if contains and str(contains) not in answer.text():
        raise StepError(f"expected a body with {contains!r} in it, found {_short(answer.text())!r}")
    _check_json(answer, expect.get("json") or {})


def _check_json(answer: Answer, wanted: Mapping[str, Any]) -> None:
    if not wanted:
        return
    document = answer.document()
    for dotted, value in wanted.items():
        found = look_up(document, dotted)
        if found != value or isinstance(found, bool) != isinstance(value, bool):
            raise StepError(f"expected {dotted} = {value!r}, found {_short(repr(found))}")


def values_to_save(answer: Answer, save: Mapping[str, str]) -> dict[str, Any]:
    """Values for later steps. Raises StepError when one is missing or empty."""
    if not save:
        return {}
    document = answer.document()
    values: dict[str, Any] = {}
    for name, dotted in save.items():
        value = look_up(document, dotted)
        if value is None or value == "" or isinstance(value, (dict, list)):
            raise StepError(f"expected a value at {dotted!r} to save as {name!r}, found {_kind(value)}")
        values[name] = value
    return values


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return repr(value)


def mask(text: str, hidden: Iterable[Any]) -> str:
    """The text without any of the hidden values; short ones go only where they stand alone."""
    for value in sorted({str(item) for item in hidden} - {""}, key=len, reverse=True):
        if len(value) < _SHORT:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, text)
        else:
            text = text.replace(value, MASK)
    return text
