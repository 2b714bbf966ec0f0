# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One problem found before a release, and how a list of them is printed."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """What is wrong, in the four parts that every refusal of this collection has."""

    what: str
    expected: str
    found: str
    do: str


def report(title: str, problems: list[Problem]) -> str:
    """Give the problems as one numbered text that a person reads from top to bottom.

    :param title: the line above the list, without the number of problems.
    """
    count = f"{len(problems)} problem" + ("" if len(problems) == 1 else "s")
    lines = [f"{title}: {count}. Nothing was touched."]
    for number, problem in enumerate(problems, start=1):
        lines += [
            "",
            f"{number}. {problem.what}",
            f"   expected: {problem.expected}",
            f"   found:    {problem.found}",
            f"   do:       {problem.do}",
        ]
    return "\n".join(lines)


def unique(problems: list[Problem]) -> list[Problem]:
    """Drop repetitions, keep the order."""
    return list(dict.fromkeys(problems))


def listed(names: list[str]) -> str:
    """Join names for a sentence: ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
