# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The preview and the probe are for allowed addresses with the secret, and for nobody else."""

from __future__ import annotations

import pytest

from tests.nginx.proxy import Proxy
from tests.nginx.render import SECRET

PATHS = ["/", "/.bluegreen/slot", "/anything"]


@pytest.mark.parametrize("path", PATHS)
def test_allowed_with_address_and_secret(shared: Proxy, path: str) -> None:
    assert shared.preview(path).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "secret", [None, "", "wrong-secret-000000", SECRET.upper(), SECRET + "x", "x" + SECRET, SECRET[:-1]]
)
def test_refused_without_the_secret(shared: Proxy, path: str, secret: str | None) -> None:
    answer = shared.preview(path, secret=secret)
    assert answer.status == 404
    assert "x-backend" not in answer.headers
    assert "x-release-generation" not in answer.headers
    assert answer.body.strip() not in ("blue", "green", "unknown")


@pytest.mark.parametrize("path", PATHS)
def test_refused_from_a_second_address_even_with_the_secret(shared: Proxy, path: str) -> None:
    answer = shared.preview(path, address="127.0.0.2")
    assert answer.status == 404
    assert "x-backend" not in answer.headers
    assert "x-release-generation" not in answer.headers


def test_a_named_network_is_allowed_but_still_needs_the_secret(own: Proxy) -> None:
    own.write(nginx_switchover_preview_addresses=["127.0.0.2/32"])
    own.start()
    assert own.preview("/.bluegreen/slot", address="127.0.0.2").status == 200
    assert own.preview("/.bluegreen/slot", address="127.0.0.2", secret=None).status == 404


def test_an_unknown_name_never_reaches_the_preview(shared: Proxy) -> None:
    assert shared.front(Host="unheard.of").headers["x-backend"] == "blue"
