# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How nginx is called on a proxy, and how the proxy reaches itself."""

from __future__ import annotations

import pytest
from ansible_collections.bluegreen.release.plugins.filter.nginx_command import FilterModule, nginx_command


def test_on_the_host_and_in_a_container() -> None:
    assert nginx_command("", "-t") == ["nginx", "-t"]
    assert nginx_command("proxy", "-s", "reload") == ["docker", "exec", "proxy", "nginx", "-s", "reload"]


@pytest.mark.parametrize(
    ("listen", "tls_listen", "url"),
    [
        ("80", "443", "http://127.0.0.1:80"),
        ("127.0.0.1:8081", "443", "http://127.0.0.1:8081"),
        ("*:80", "443", "http://127.0.0.1:80"),
        ("[::]:80", "443", "http://[::1]:80"),
        ("192.0.2.1:80 default_server", "443", "http://192.0.2.1:80"),
        ("443 ssl", "443", "https://127.0.0.1:443"),
        ("", "8443", "https://127.0.0.1:8443"),
        ("", "192.0.2.1:443", "https://192.0.2.1:443"),
    ],
)
def test_how_a_proxy_reaches_itself(listen: str, tls_listen: str, url: str) -> None:
    assert FilterModule().filters()["nginx_local_url"](listen, tls_listen) == url


def test_what_is_no_listen_is_refused() -> None:
    with pytest.raises(ValueError, match="nginx_switchover_listen, found 'unix:/run/x'"):
        FilterModule().filters()["nginx_local_url"]("unix:/run/x")
