"""Headings of docs/troubleshooting.md, in which "…" stands for what changes, and the lines that they are of."""

from __future__ import annotations

import re


def pattern(heading: str) -> re.Pattern[str]:
    """Give what a line of this heading looks like; it may go on with the hosts that it is about."""
    return re.compile("..*".join(re.escape(part) for part in heading.split("…")) + r"( on .+|…)?")


def said(heading: str, output: str) -> bool:
    """Tell whether a numbered problem of a report has this heading."""
    lines = re.findall(r"^\s*\d+\. (.+?)\s*$", output, flags=re.MULTILINE)
    return any(pattern(heading).fullmatch(line) for line in lines)
