# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nginx says of a host, or a container, that lacks something outside of its configuration."""

from __future__ import annotations

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_explain import explain


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'nginx: [emerg] host not found in upstream "app1:8001" in /etc/nginx/conf.d/shop.conf:9',
            "Set release_address of that host to an IP address",
        ),
        (
            'nginx: [emerg] open() "/var/log/shop/access.log" failed (2: No such file or directory)',
            "nginx_switchover_access_log",
        ),
        (
            'nginx: [emerg] unknown directive "auth_delay" in /etc/nginx/conf.d/shop.conf:90',
            "Set release_closed_door: maintenance",
        ),
        ('nginx: [emerg] open() "/etc/nginx/mime.types" failed (2: No such file or directory)', ""),
        ("nginx: configuration file /etc/nginx/nginx.conf test failed", ""),
    ],
)
def test_what_to_do(said: str, told: str) -> None:
    assert told in explain(said)
    assert bool(explain(said)) is bool(told)
