# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is rendered, without a host: from defaults, and accepted by nginx."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.nginx.proxy import Proxy
from tests.nginx.render import SECRET, render
from tests.nginx.runs import run


def block(text: str, begin: str) -> str:
    """The lines from the one that begins so to the closing brace in the first column."""
    found = re.search(rf"^{re.escape(begin)}.*?^}}", text, re.M | re.S)
    assert found, f"{begin} is not in:\n{text}"
    return found.group(0)


def test_defaults_are_accepted_by_nginx(own: Proxy) -> None:
    own.write()
    result = run([*own.command, "-t"])
    assert result.code == 0, result.output
    assert "warn" not in result.output


TWO: dict[str, Any] = {
    "groups": {"lb": ["lb1", "lb2", "lb3"], "app": ["app1"]},
    "hostvars": {
        "app1": {"ansible_host": "127.0.0.1"},
        "lb1": {"ansible_host": "192.0.2.1"},
        "lb2": {"ansible_host": "192.0.2.2", "release_address": "2001:db8::2"},
        "lb3": {"ansible_host": "lb3.internal"},
    },
}


def test_proxies_let_each_other_ask_and_have_one_generation() -> None:
    """A record holds one generation for all of them."""
    first, second = (render(inventory_hostname=host, **TWO) for host in ("lb1", "lb2"))
    assert first.generation == second.generation
    addresses = re.findall(r"^ +(\S+) 1;$", block(first.preview, "geo $shop_preview_address"), re.M)
    assert addresses == ["127.0.0.1/32", "::1/128", "192.0.2.1", "2001:db8::2"]


def test_a_proxy_asks_all_but_itself_and_none_where_there_is_no_unit_of_systemd() -> None:
    guard, peers = "__nginx_switchover_guard_file", "__nginx_switchover_peers"
    found = render((guard, peers), inventory_hostname="lb2", **TWO).values
    assert [peer["host"] for peer in found[peers]] == ["lb1", "lb3"]
    assert found[guard] == "/etc/systemd/system/nginx.service.d/bluegreen-shop.conf"
    for none in ({"nginx_switchover_service": ""}, {"nginx_switchover_container": "web"}):
        assert render((guard,), **none).values[guard] == ""


def test_every_file_says_who_manages_it() -> None:
    rendered = render()
    for text in (rendered.site, rendered.preview):
        assert text.startswith("# Managed by bluegreen.release (role nginx_switchover).")


def test_the_secret_is_in_the_preview_file_only() -> None:
    rendered = render()
    assert SECRET in rendered.preview
    assert SECRET not in rendered.site


@pytest.mark.parametrize(("slot", "port"), [("blue", 8001), ("green", 8002)])
def test_upstream_of_a_slot(slot: str, port: int) -> None:
    instances = [{"host": "app1", "address": "192.0.2.1"}, {"host": "app2", "address": "[2001:db8::1]"}]
    found = block(render(nginx_switchover_instances=instances).site, f"upstream shop-{slot} {{")
    assert f"zone shop-{slot} " in found
    assert re.findall(r"^ *server (.*);$", found, re.M) == [
        f"192.0.2.1:{port} max_fails=0",
        f"[2001:db8::1]:{port} max_fails=0",
    ]
    keepalive = re.search(r"keepalive_timeout (\d+)s;", found)
    # The shortest keep-alive of a common application server is 5 s.
    assert keepalive and int(keepalive.group(1)) < 5
    assert re.search(r"^ *keepalive \d+;$", found, re.M)


def test_one_set_and_one_flag_choose_the_slot() -> None:
    front = block(render().site, "server {")
    assert re.findall(r"set (\$\S+) (\S+);", front) == [("$shop_slot", "blue"), ("$shop_slot", "green")]
    assert re.findall(r"-f (\S+)\)", front) == ["/var/lib/bluegreen/shop/flags/live.green"]


def test_timeouts_are_explicit() -> None:
    front = block(render().site, "server {")
    for name in ("connect", "send", "read"):
        assert re.search(rf"proxy_{name}_timeout \d+s;", front)


def test_instances_and_first_slot_come_from_the_inventory() -> None:
    asked = ("nginx_switchover_instances", "nginx_switchover_initial_slot")
    assert render(asked).values == {asked[0]: [{"host": "app1", "address": "127.0.0.1"}], asked[1]: ""}
    first = render(asked, release_record_context={"epoch": 1, "first": True, "candidate": "blue"})
    assert first.values[asked[1]] == "green"
