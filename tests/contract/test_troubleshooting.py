"""docs/troubleshooting.md has every problem that preflight and an adoption can find, by its first words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.bad_input.messages import pattern
from tests.contract.repository import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^### (.+)$", PAGE, flags=re.MULTILINE)
UTILS = ROOT / "plugins" / "module_utils"
SOURCES = [
    *sorted(UTILS.glob("preflight_*.py")),
    *sorted(UTILS.glob("adopt_*.py")),
    UTILS / "nginx_container.py",
    ROOT / "plugins/action/adopt_plan.py",
]
CASES = yaml.safe_load((ROOT / "tests" / "bad_input" / "cases.yml").read_text(encoding="utf-8"))
CHANGES = "…"


def templates(node: ast.expr, names: dict[str, list[ast.expr]]) -> list[str]:
    """Give the texts that an expression can be, with a mark for what changes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value.replace("{hosts}", CHANGES)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(one.value) if isinstance(one, ast.Constant) else CHANGES for one in node.values)]
    if isinstance(node, ast.IfExp):
        return templates(node.body, names) + templates(node.orelse, names)
    if isinstance(node, ast.Name):
        return [text for one in names.get(node.id, []) for text in templates(one, {})]
    return []


def whats(source: str) -> Iterator[str]:
    """Give the first part of every problem that a module can find."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, (ast.FunctionDef, ast.Module)):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args]
        names: dict[str, list[ast.expr]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names.setdefault(node.targets[0].id, []).append(node.value)
        for call in calls:
            called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if called in ("Problem", "Cause") or (called == "add" and len(call.args) == 4):
                yield from templates(call.args[0], names if isinstance(function, ast.FunctionDef) else {})


def missing(texts: Iterator[str]) -> list[str]:
    """Give the texts that no heading is of. A text that is all change says nothing."""
    return sorted(
        {text for text in texts if text.strip(CHANGES) and not any(pattern(one).fullmatch(text) for one in HEADINGS)}
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_problem_is_in_the_page(path: Path) -> None:
    assert missing(whats(path.read_text(encoding="utf-8"))) == []


def test_problems_are_seen_at_all() -> None:
    source = 'def f(x):\n    what = f"Slot {x} is odd" if x else "No slot"\n    yield Problem(what, "a", "b", "c")\n'
    assert sorted(set(whats(source))) == ["No slot", "Slot … is odd"]
    assert missing(iter(["Slot … is odd", "There is no inventory"])) == ["Slot … is odd"]
    assert len({text for path in SOURCES for text in whats(path.read_text(encoding="utf-8"))}) > 60


def test_every_row_of_the_table_has_its_heading() -> None:
    rows = [*CASES["controller"], *CASES["lab"], *CASES["plain"]]
    assert len(rows) >= 80
    assert [row["name"] for row in rows if row["message"] not in HEADINGS] == []


def test_no_heading_twice() -> None:
    assert len(HEADINGS) == len(set(HEADINGS))
