# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proxies for the tests: a shared one for questions, an own one for whoever changes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nginx.proxy import Proxy, new_proxy

# An nginx.conf that would break an application, were any of it left to be inherited.
HOSTILE = """
    open_file_cache max=100 inactive=600s;
    open_file_cache_valid 600s;
    open_file_cache_errors on;
    client_max_body_size 1m;
    proxy_http_version 1.0;
    proxy_redirect http://127.0.0.1:1/ http://rewritten/;
    proxy_set_header Host inherited;
    proxy_next_upstream error timeout http_500 non_idempotent;
    proxy_intercept_errors on;
"""


@pytest.fixture(scope="session")
def shared() -> Iterator[Proxy]:
    """A running proxy on blue, for tests that leave it as it is."""
    with new_proxy() as proxy:
        proxy.write(http=HOSTILE)
        proxy.start()
        yield proxy


@pytest.fixture
def own() -> Iterator[Proxy]:
    """A proxy to write, start and break."""
    with new_proxy() as proxy:
        yield proxy
