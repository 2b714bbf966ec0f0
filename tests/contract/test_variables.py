"""docs/variables.md is what the argument specifications say."""

from __future__ import annotations

from ansible_collections.bluegreen.release.plugins.module_utils.preflight_inputs import known_options

from tests.contract.repository import load, roles
from tests.variables import COMMAND, PAGE, default, kind, options, page, plain, rows


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), (
        f"an input changed: run `{COMMAND}`, in a conflict too, and commit docs/{PAGE.name}"
    )


def test_every_input_is_on_the_page() -> None:
    specs = {role.name: load(role / "meta" / "argument_specs.yml")["argument_specs"] for role in roles()}
    names = known_options(specs)
    text = PAGE.read_text()
    assert len(names) > 100
    assert sorted(name for name in names if f"`{name}`" not in text) == []


def test_row_says_what_the_specification_says() -> None:
    slots = {
        "type": "dict",
        "description": ["The C(blue) one."],
        "options": {"port": {"type": "int", "required": True}},
    }
    assert list(rows({"x_slots": slots})) == [
        "| `x_slots` | dict |  | The `blue` one. |",
        "| `x_slots.port` | int | *required* |  |",
    ]
    steps = {"type": "list", "elements": "dict", "default": [], "options": {"path": {"default": "/"}}}
    assert [row.split(" | ")[0] for row in rows({"x_steps": steps})] == ["| `x_steps`", "| `x_steps[].path`"]


def test_secret_and_choices_are_seen() -> None:
    assert kind({"type": "str", "no_log": True}) == "str, secret"
    assert kind({"choices": ["never", "push"]}) == "str, one of `never`, `push`"
    assert kind({"type": "list", "elements": "str"}) == "list of str"


def test_default_is_shown_as_it_is_written() -> None:
    values = [False, 0, "", "a | b", ["x"], {"cpus": "1.0"}, None]
    assert [default({"default": value}) for value in values] == [
        "`false`", "`0`", '`""`', "`a \\| b`", "`[x]`", "`{cpus: '1.0'}`", "",
    ]  # fmt: skip
    assert default({"required": True}) == "*required*"


def test_markup_becomes_code_and_a_cell_stays_a_cell() -> None:
    assert plain(["One of O(release_services).", "A | B,\nV(never)"]) == "One of `release_services`. A \\| B, `never`"


def test_input_belongs_to_the_role_whose_name_it_begins_with() -> None:
    entry = {"main": {"options": {"x_a": {"required": True}, "y_b": {"type": "int"}, "z": {}}}}
    owned = options({"w": entry, "x": {**entry, "query": {"options": {"x_a": {}}}}, "y": entry})
    assert {role: list(inputs) for role, inputs in owned.items()} == {"w": ["z"], "x": ["x_a"], "y": ["y_b"]}
    assert owned["x"]["x_a"]["required"] is False
