# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.inventory import build_inventory
from lab.settings import Settings
from lab.shape import Shape, plan_hosts

LAB = Settings(name="test", port=8280, state=Path("/s/test"))
SECRETS = {
    "db_password": "p",
    "preview_secret": "q",
    "application_secret": "r",
    "registry_password": "s",
    "guestbook_db_password": "t",
    "guestbook_secret": "u",
}


def test_groups_hold_the_shape_and_every_host_has_its_address() -> None:
    hosts = plan_hosts(Shape(lb=2, app=3), "172.18.0.0/16")
    found: dict[str, Any] = build_inventory(LAB, hosts, SECRETS)
    assert found["lb"]["hosts"] == ["lb1", "lb2"]
    assert found["app"]["hosts"] == ["app1", "app2", "app3"]
    assert found["db"]["hosts"] == ["db1"]
    assert "registry1" not in found["_meta"]["hostvars"]
    addresses = {host.name: host.address for host in hosts}
    for name, own in found["_meta"]["hostvars"].items():
        assert own["ansible_host"] == addresses[name]
    assert found["_meta"]["hostvars"]["lb2"]["lab_front_port"] == 8281


def test_common_variables_name_the_database_host_and_the_labs_own_secrets() -> None:
    hosts = plan_hosts(Shape(lb=1, app=1), "172.18.0.0/16")
    found: dict[str, Any] = build_inventory(LAB, hosts, SECRETS)
    common = found["all"]["vars"]
    assert common["lab_db_address"] == {host.name: host.address for host in hosts}["db1"]
    assert common["lab_db_password"] == "p"
    assert common["lab_front_urls"] == ["http://127.0.0.1:8280"]


def test_hosts_are_reached_with_strict_host_keys_and_without_templates() -> None:
    found: dict[str, Any] = build_inventory(LAB, plan_hosts(Shape(lb=1, app=1), "172.18.0.0/16"), SECRETS)
    common = found["all"]["vars"]
    assert "-o StrictHostKeyChecking=yes" in common["ansible_ssh_common_args"]
    assert "-o UserKnownHostsFile=/s/test/" in common["ansible_ssh_common_args"]
    assert not any("{{" in str(value) for value in common.values())
