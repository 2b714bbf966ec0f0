# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two common layouts of /etc/nginx, Debian's and nginx.org's: where a site is read, and where it is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_apply import ApplyError

from tests.nginx.proxy import MAIN, Proxy
from tests.nginx.runs import siting, withdrawing

DEFAULT = """
server {{
    listen {port} default_server;
    server_name {name};
    location / {{ return 204; }}
}}
"""


def debian(proxy: Proxy) -> None:
    """conf.d/*.conf, then sites-enabled/*, with links to sites-available and a default site."""
    for folder in ("sites-available", "sites-enabled", "modules-enabled"):
        (proxy.root / folder).mkdir()
    conf = MAIN.format(root=proxy.root, http="types_hash_max_size 2048;\n    default_type application/octet-stream;")
    before, _, after = conf.rpartition("}")
    conf = f"include {proxy.root}/modules-enabled/*.conf;\n{before}    include {proxy.root}/sites-enabled/*;\n}}{after}"
    (proxy.root / "nginx.conf").write_text(conf)
    (proxy.root / "sites-available" / "default").write_text(DEFAULT.format(port=proxy.port, name="_"))
    os.symlink(proxy.root / "sites-available" / "default", proxy.root / "sites-enabled" / "default")


def nginx_org(proxy: Proxy) -> None:
    """conf.d/*.conf alone, with a default.conf for localhost."""
    (proxy.root / "nginx.conf").write_text(MAIN.format(root=proxy.root, http="sendfile on;\n    keepalive_timeout 65;"))
    (proxy.root / "conf.d" / "default.conf").write_text(DEFAULT.format(port=proxy.port, name="localhost"))


LAYOUTS = {"debian": debian, "nginx.org": nginx_org}


def begin(proxy: Proxy, layout: str) -> None:
    """A running nginx with that layout and nothing of ours."""
    proxy.write()
    for path in (proxy.site_file, proxy.preview_file, proxy.flags / "live.blue"):
        path.unlink()
    LAYOUTS[layout](proxy)
    proxy.start()


def tree(proxy: Proxy) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in proxy.root.glob("*/*") if path.is_file() and "state" not in str(path)}


@pytest.mark.parametrize(
    ("layout", "place"),
    [("debian", "conf.d/shop.conf"), ("debian", "sites-enabled/shop"), ("nginx.org", "conf.d/shop.conf")],
)
def test_where_the_layout_reads_a_site(own: Proxy, layout: str, place: str) -> None:
    begin(own, layout)
    before, path = tree(own), str(own.root / place)
    site = siting(own, initial_slot="blue", site_file=path)
    site.run()
    assert site.result["proof"]["proved"] and own.front().headers["x-release-slot"] == "blue"
    assert own.front(Host="unheard.of").status == 204
    withdrawing(own, site_file=path).run()
    assert tree(own) == before and own.front().status == 204


@pytest.mark.parametrize(
    ("layout", "place", "line"),
    [
        ("debian", "sites-available/shop", "include {root}/sites-available/*;"),
        ("debian", "conf.d/shop", "include {root}/conf.d/*;"),
        ("nginx.org", "sites-enabled/shop.conf", "include {root}/sites-enabled/*.conf;"),
    ],
)
def test_where_it_does_not_it_is_refused_with_the_line_to_add(own: Proxy, layout: str, place: str, line: str) -> None:
    begin(own, layout)
    before, workers = tree(own), own.workers()
    with pytest.raises(ApplyError, match=r"does not include it\. Add this line to the http block of") as refused:
        siting(own, initial_slot="blue", site_file=str(own.root / place)).run()
    assert line.format(root=own.root) in str(refused.value)
    assert f"{own.root}/conf.d/*.conf" in str(refused.value)
    assert tree(own) == before and own.workers() == workers and not list(own.flags.glob("*"))
