# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inputs of a site: each wrong one refused with its own message."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_config import (
    HTTP2_LISTEN,
    HTTP2_ON,
    generation_of,
    input_problems,
    with_generation,
    with_http2,
)

GOOD: dict[str, Any] = {
    "application": "my-shop",
    "slots": {"blue": {"port": 8001}, "green": {"port": 8002}},
    "instances": [{"host": "app1", "address": "192.0.2.1"}, {"host": "app2", "address": "[2001:db8::1]"}],
    "server_names": ["shop.test", "*.shop.test"],
    "preview_server_name": "green.shop.test",
    "preview_addresses": ["192.0.2.0/24", "2001:db8::/32"],
    "preview_secret": "0123456789abcdef",
}


def test_good_inputs_have_no_problem() -> None:
    assert input_problems(GOOD) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"application": "My_Shop"}, "release_application: expected lower case"),
        ({"application": "shop; evil"}, "release_application"),
        ({"slots": {"blue": {"port": 1}}}, "expected exactly blue and green, found ['blue']"),
        ({"slots": {"blue": {"port": 8001}, "green": {"port": 8001}}}, "expected two ports, found 8001 for both"),
        ({"slots": {"blue": {"port": 0}, "green": {"port": 8001}}}, "release_slots.blue.port"),
        ({"slots": {"blue": {"port": True}, "green": {"port": 8001}}}, "found True"),
        ({"slots": {"blue": None, "green": {"port": 8001}}}, "release_slots.blue.port"),
        ({"instances": []}, "expected at least one application host, found none"),
        ({"instances": [{"host": "app1", "address": ""}]}, "for app1, found ''"),
        ({"instances": [{"host": "app1"}]}, "Set release_address"),
        ({"instances": [{"host": "app1", "address": "a b"}]}, "found 'a b'"),
        ({"instances": [{"host": "a", "address": "x"}, {"host": "b", "address": "x"}]}, "expected different addresses"),
        ({"server_names": []}, "the host names that users ask for, found none"),
        ({"server_names": ["a;b"]}, "found 'a;b'"),
        ({"preview_server_name": ""}, "server names: expected letters"),
        ({"preview_server_name": "shop.test"}, "expected a name of its own"),
        ({"preview_addresses": ["nonsense"]}, "found 'nonsense'"),
        ({"preview_addresses": ["0.0.0.0/0"]}, "expected less than everybody"),
        ({"preview_secret": ""}, "found 0 characters"),
        ({"preview_secret": 'quote"0123456789'}, "(not shown)"),
        ({"preview_secret": "short"}, "openssl rand"),
    ],
)
def test_wrong_input_is_named(wrong: dict[str, Any], message: str) -> None:
    problems = input_problems({**GOOD, **wrong})
    assert len(problems) == 1
    assert message in problems[0]


def test_all_problems_are_told_at_once() -> None:
    assert len(input_problems({**GOOD, "instances": [], "preview_secret": "x"})) == 2


def test_the_secret_is_never_told() -> None:
    assert "tell-me-not!" not in " ".join(input_problems({**GOOD, "preview_secret": "tell-me-not!"}))


def test_generation_names_both_files() -> None:
    one = generation_of("site", "preview")
    assert one == generation_of("site", "preview") and len(one) == 16
    assert len({one, generation_of("sitE", "preview"), generation_of("site", "previeW")}) == 3


def test_generation_is_filled_in_everywhere() -> None:
    assert with_generation("a @GENERATION@ b @GENERATION@", "0f") == "a 0f b 0f"
    with pytest.raises(ValueError, match="cannot be proved"):
        with_generation("nothing", "0f")


@pytest.mark.parametrize(
    ("version", "listen", "directive"),
    [
        ("nginx version: nginx/1.22.1", "listen 443 ssl http2;", False),
        ("nginx version: nginx/1.25.0", "listen 443 ssl http2;", False),
        ("nginx version: nginx/1.25.1", "listen 443 ssl;", True),
        ("nginx version: openresty/1.27.1.2", "listen 443 ssl;", True),
        ("", "listen 443 ssl http2;", False),
    ],
)
def test_http2_in_the_words_of_the_nginx_that_is_there(version: str, listen: str, directive: bool) -> None:
    text = with_http2(f"listen 443 ssl{HTTP2_LISTEN};\n{HTTP2_ON}\n", version)
    assert text.splitlines()[0] == listen
    assert ("http2 on;" in text) is directive and "@" not in text


def test_generation_names_the_server_file_too() -> None:
    assert generation_of("a", "b") != generation_of("a", "b", "c")
