"""One machine under two names, and slots on a port of a proxy."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_addresses import (
    Place,
    check_places,
    check_ports,
    instances,
    listen_port,
    place,
)

VALUES: dict[str, Any] = {
    "release_lb_hosts": ["lb1", "lb2"],
    "release_app_hosts": ["app1", "app2"],
    "release_slots": {"blue": {"port": 8001}, "green": {"port": "8002"}},
}
PLACES = {host: Place(f"10.0.0.{n}", "22") for n, host in enumerate(("lb1", "lb2", "app1", "app2"), start=1)}


def test_place() -> None:
    assert place("lb1", {}) == Place("lb1", "22")
    assert place("lb1", {"ansible_host": "LB.example.com.", "ansible_port": 2222}) == Place("lb.example.com", "2222")


def test_different_machines() -> None:
    assert check_places(VALUES, PLACES) == [] and check_ports(VALUES, PLACES) == []
    assert check_places({"release_lb_hosts": "lb1"}, {}) == [] and check_ports({}, {}) == []


def test_one_machine_under_two_names() -> None:
    (problem,) = check_places(VALUES, {**PLACES, "lb2": PLACES["lb1"]})
    assert problem.what == "Two proxies are one machine" and "lb1 and lb2 at 10.0.0.1 port 22" in problem.found


def test_two_ports_of_ssh_are_two_machines() -> None:
    assert check_places(VALUES, {**PLACES, "lb2": Place("10.0.0.1", "2222")}) == []


def test_a_proxy_may_be_an_application_host() -> None:
    assert check_places(VALUES, {**PLACES, "app1": PLACES["lb1"]}) == []
    both = {**VALUES, "release_lb_hosts": ["app1"]}
    assert check_places(both, PLACES) == []


def test_a_host_twice_is_told_once() -> None:
    (problem,) = check_places({**VALUES, "release_app_hosts": ["app1", "app1"]}, PLACES)
    assert problem.what == "release_app_hosts has a host twice"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"nginx_switchover_listen": "8001"}, ["The port of slot blue is the proxy's own"]),
        ({"nginx_switchover_listen": "127.0.0.1:8002"}, ["The port of slot green is the proxy's own"]),
        ({"nginx_switchover_tls_listen": "8002"}, []),
        (
            {"nginx_switchover_tls_listen": "8002", "nginx_switchover_tls_certificate": "/c.pem"},
            ["The port of slot green is the proxy's own"],
        ),
    ],
)
def test_a_slot_on_the_port_of_nginx(change: dict[str, str], found: list[str]) -> None:
    values = {**VALUES, **change}
    together = {**PLACES, "app2": PLACES["lb1"]}
    assert [one.what for one in check_ports(values, together)] == found
    assert check_ports(values, PLACES) == [], "on two machines it is no matter"
    by_name = {**values, "release_lb_hosts": ["app1"]}
    assert [one.what for one in check_ports(by_name, PLACES)] == found


@pytest.mark.parametrize(
    ("listen", "port"),
    [("80", 80), (8080, 8080), ("127.0.0.1:81", 81), ("[::]:82", 82), ("[::1]", None), ("unix:/run/x", None)],
)
def test_listen_port(listen: Any, port: int | None) -> None:
    assert listen_port(listen) == port


def test_instances_are_where_the_proxies_reach_them() -> None:
    given: dict[str, dict[str, Any]] = {"app1": {"release_address": "fd00::1"}, "app2": {"release_address": 5}}
    assert instances(VALUES, given, PLACES) == [
        {"host": "app1", "address": "[fd00::1]"},
        {"host": "app2", "address": "10.0.0.4"},
    ]
