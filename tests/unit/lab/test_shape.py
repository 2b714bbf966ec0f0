# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.network import subnet_of
from lab.shape import MOST, Shape, choose_shape, plan_hosts


def test_what_is_not_asked_for_stays() -> None:
    assert choose_shape(None, None, None) == Shape(lb=1, app=1)
    assert choose_shape(2, None, Shape(lb=1, app=3)) == Shape(lb=2, app=3)
    assert choose_shape(None, 1, Shape(lb=2, app=3)) == Shape(lb=2, app=1)


@pytest.mark.parametrize(("lb", "app"), [(0, 1), (1, 0), (MOST + 1, 1), (1, -2)])
def test_a_count_out_of_range_is_refused(lb: int, app: int) -> None:
    with pytest.raises(LabError, match="from 1 to"):
        choose_shape(lb, app, None)


def test_hosts_have_their_own_addresses_whatever_the_shape() -> None:
    small = {host.name: host.address for host in plan_hosts(Shape(lb=1, app=1), "172.18.0.0/16")}
    large = {host.name: host.address for host in plan_hosts(Shape(lb=MOST, app=MOST), "172.18.0.0/16")}
    assert small.items() <= large.items()
    assert len(set(large.values())) == len(large) == 2 * MOST + 3
    assert "172.18.0.1" not in large.values()  # the gateway


def test_the_subnet_is_the_ipv4_one() -> None:
    inspected = '[{"IPAM": {"Config": [{"Subnet": "fd00::/64"}, {"Subnet": "192.168.16.0/20"}]}}]'
    assert subnet_of(inspected) == "192.168.16.0/20"


def test_a_network_without_a_subnet_is_an_error() -> None:
    with pytest.raises(LabError, match="IPv4"):
        subnet_of('[{"IPAM": {"Config": null}}]')
