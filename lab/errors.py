# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that the lab shows to a person."""

from __future__ import annotations


class LabError(Exception):
    """Something the lab cannot go on from, with the way out.

    Args:
        expected: what has to hold.
        found: what was seen instead.
        remedy: what the person can do next.
    """

    def __init__(self, expected: str, found: str, remedy: str) -> None:
        super().__init__(expected, found, remedy)
        self.expected = expected
        self.found = found
        self.remedy = remedy

    def __str__(self) -> str:
        return f"expected: {self.expected}\nfound:    {self.found}\nto do:    {self.remedy}"
