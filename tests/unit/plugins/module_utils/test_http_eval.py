"""Judging HTTP answers: expectations, carried values, masking."""

from __future__ import annotations

import json

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.http_eval import (
    Answer,
    StepError,
    check,
    look_up,
    mask,
    substitute,
    values_to_save,
)

PROJECT = Answer(201, {"x-release-slot": "green"}, json.dumps({"id": 7, "tags": ["a", {"b": True}]}).encode())


def test_placeholder_keeps_type_alone_and_becomes_text_inside() -> None:
    assert substitute({"id": "${id}", "list": ["x${id}y"]}, {"id": 7}) == {"id": 7, "list": ["x7y"]}


def test_placeholder_that_nobody_saved_is_named() -> None:
    with pytest.raises(StepError, match=r"\$\{token\} is not saved.*saved: id"):
        substitute("Bearer ${token}", {"id": 1})


def test_look_up_goes_through_lists() -> None:
    assert look_up(PROJECT.document(), "tags.1.b") is True
    with pytest.raises(StepError, match="found no 'c'"):
        look_up(PROJECT.document(), "tags.1.c")


@pytest.mark.parametrize(
    ("expect", "headers", "message"),
    [
        ({"status": [200, 204]}, {}, "expected status 200 or 204, found 201"),
        ({}, {}, "expected status 200, found 201"),
        ({"status": [201]}, {"X-Release-Slot": "blue"}, "expected header X-Release-Slot: blue, found green"),
        ({"status": [201]}, {"X-Other": "1"}, "expected header X-Other: 1, found none"),
        ({"status": [201], "headers": {"X-Release-Slot": "blue"}}, {}, "found green"),
        ({"status": [201], "contains": "nope"}, {}, "expected a body with 'nope'"),
        ({"status": [201], "json": {"id": 8}}, {}, "expected id = 8, found 7"),
        ({"status": [201], "json": {"tags.1.b": 1}}, {}, "expected tags.1.b = 1, found True"),
        ({"status": [201], "json": {"name": "x"}}, {}, "found no 'name'"),
    ],
)
def test_answer_that_differs(expect: dict[str, object], headers: dict[str, str], message: str) -> None:
    with pytest.raises(StepError) as caught:
        check(PROJECT, expect, headers)
    assert message in str(caught.value)


def test_answer_as_expected_passes() -> None:
    check(PROJECT, {"status": [201], "json": {"id": 7}, "contains": "tags"}, {"X-Release-Slot": "green"})


def test_body_that_is_not_json() -> None:
    with pytest.raises(StepError, match="expected a JSON body, found '<html>'"):
        check(Answer(200, {}, b"<html>"), {"json": {"id": 1}}, {})


@pytest.mark.parametrize(
    ("body", "found"), [({"token": ""}, "''"), ({"token": None}, "None"), ({"token": {}}, "an object")]
)
def test_empty_value_is_not_saved(body: dict[str, object], found: str) -> None:
    with pytest.raises(StepError) as caught:
        values_to_save(Answer(200, {}, json.dumps(body).encode()), {"token": "token"})
    assert f"found {found}" in str(caught.value)


def test_values_are_saved_by_dotted_key() -> None:
    assert values_to_save(PROJECT, {"first": "tags.0", "id": "id"}) == {"first": "a", "id": 7}


def test_mask_hides_long_values_everywhere_and_short_ones_alone() -> None:
    masked = mask("token=abcdefgh/abcdefghi status 412 id 12", ["abcdefgh", "12", ""])
    assert masked == "token=********/********i status 412 id ********"


def test_mask_hides_the_longer_of_two_overlapping_values() -> None:
    assert mask("secret-secret2", ["secret", "secret-secret2"]) == "********"
