# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files that C(nginx -T) printed, and which of them each include read. Pure."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_syntax import Directive

_MARK = re.compile(r"^# configuration file (/.*):$", re.MULTILINE)


class DumpError(Exception):
    """The text is not the output of nginx -T; says why."""


@dataclass(frozen=True)
class Include:
    """One include. context: the blocks around it, outermost first, such as (http, server). paths: what it read."""

    pattern: str
    file: str
    line: int
    context: tuple[str, ...]
    paths: tuple[str, ...]


def files_of(text: str) -> dict[str, str]:
    """Split at the marks. nginx prints each file once and a line end behind it."""
    text = text.replace("\r\n", "\n")
    marks = list(_MARK.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    found: dict[str, str] = {}
    for mark, end in zip(marks, ends):
        found.setdefault(mark[1], text[mark.end() + 1 : end].removesuffix("\n"))
    return found


def expand(
    directives: Sequence[Directive],
    trees: dict[str, tuple[Directive, ...]],
    prefix: str,
    context: tuple[str, ...],
    opened: tuple[str, ...],
    inclusions: list[Include],
) -> tuple[Directive, ...]:
    """Put what an include read behind it, at every level."""
    found: list[Directive] = []
    for one in directives:
        if one.name == "include" and one.block is None and len(one.args) == 1:
            pattern = os.path.join(prefix, one.args[0])
            paths = tuple(sorted(path for path in trees if matches(path, pattern)))
            inclusions.append(Include(pattern, one.file, one.line, context, paths))
            found.append(one)
            for path in paths:
                if path in opened:
                    raise DumpError(f"{one.place}: {path} includes itself")
                found.extend(expand(trees[path], trees, prefix, context, (*opened, path), inclusions))
            continue
        block = one.block and expand(one.block, trees, prefix, (*context, one.name), opened, inclusions)
        found.append(Directive(one.name, one.args, one.file, one.line, one.end_line, block))
    return tuple(found)


def matches(path: str, pattern: str) -> bool:
    """Whether an include reads a file, as glob(3) does: * and ? match neither / nor a leading dot."""
    parts, patterns = os.path.normpath(path).split("/"), os.path.normpath(pattern).split("/")
    if len(parts) != len(patterns):
        return False
    return all(
        fnmatch.fnmatchcase(part, one) and (not part.startswith(".") or one.startswith("."))
        for part, one in zip(parts, patterns)
    )
