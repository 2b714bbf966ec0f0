# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the proxies reach the application."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.filter.nginx_instances import FilterModule


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({"release_address": "192.0.2.9", "ansible_host": "192.0.2.1"}, "192.0.2.9"),
        ({"ansible_host": "192.0.2.1"}, "192.0.2.1"),
        ({}, "app1"),
        ({"release_address": ""}, "app1"),
        ({"ansible_host": "2001:db8::1"}, "[2001:db8::1]"),
        ({"ansible_host": "[2001:db8::1]"}, "[2001:db8::1]"),
    ],
)
def test_address(variables: dict[str, Any], address: str) -> None:
    instances = FilterModule().filters()["nginx_instances"]
    assert instances(["app1"], {"app1": variables}) == [{"host": "app1", "address": address}]


def test_order_is_kept_and_an_unknown_host_has_its_name() -> None:
    instances = FilterModule().filters()["nginx_instances"]
    assert [one["address"] for one in instances(["b", "a"], {"a": {"ansible_host": "1"}})] == ["b", "1"]
