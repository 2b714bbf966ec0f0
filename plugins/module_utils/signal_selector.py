# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selectors of series as Prometheus writes them: ``http_requests_total{status=~"5..",method="GET"}``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_NAME = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*")
_LABEL = re.compile(r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*""")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


class SelectorError(ValueError):
    """It is no selector; the text says where."""


class Matcher(NamedTuple):
    """One condition on a label; one that a series does not have is empty, as in Prometheus."""

    label: str
    operator: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it. Expressions match whole values, as in Prometheus."""
        found = labels.get(self.label, "")
        same = re.fullmatch(self.value, found) is not None if self.operator.endswith("~") else found == self.value
        return same is not self.operator.startswith("!")


class Selector(NamedTuple):
    """A metric's name and what its series must meet."""

    metric: str
    matchers: Sequence[Matcher] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether a series of the metric is meant."""
        return all(one.holds(labels) for one in self.matchers)

    def equal(self) -> dict[str, str]:
        """The labels with one value only: lines without them need not be looked at."""
        return {one.label: one.value for one in self.matchers if one.operator == "=" and one.value}


def parse(text: str) -> Selector:
    """The selector that a text is. Raises SelectorError, saying what was expected and found."""
    named = _NAME.match(text)
    if not named:
        raise SelectorError(f"expected a metric's name, found {text!r}")
    rest = text[named.end() :]
    if not rest:
        return Selector(named.group(1))
    if not (rest.startswith("{") and rest.rstrip().endswith("}")):
        raise SelectorError(f'expected {{label="value"}} behind {named.group(1)}, found {rest!r}')
    return Selector(named.group(1), _matchers(rest.rstrip()[1:-1], text))


def _matchers(inner: str, text: str) -> list[Matcher]:
    matchers: list[Matcher] = []
    at = 0
    while inner[at:].strip():
        found = _LABEL.match(inner, at)
        if not found:
            raise SelectorError(f'expected label="value" in {text!r}, found {inner[at:]!r}')
        label, operator, quoted = found.groups()
        value = _ESCAPE.sub(lambda one: _ESCAPED.get(one.group(1), one.group(1)), quoted[1:-1])
        matchers.append(Matcher(label, operator, _checked(value, text) if operator.endswith("~") else value))
        at = found.end()
        if at < len(inner):
            if inner[at] != ",":
                raise SelectorError(f"expected a comma in {text!r}, found {inner[at:]!r}")
            at += 1
    return matchers


def _checked(value: str, text: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise SelectorError(f"expected an expression in {text!r}, found {value!r}: {error}") from error
    return value
