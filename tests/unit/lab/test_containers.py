# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
from pathlib import Path

from lab.containers import create_options, engine_options
from lab.settings import Settings
from lab.shape import Host

LAB = Settings(name="test", port=8280, state=Path("/s/test"))
LB2 = Host(name="lb2", kind="lb", index=2, address="172.18.0.12")
APP1 = Host(name="app1", kind="app", index=1, address="172.18.0.41")


def pairs(options: list[str]) -> list[tuple[str, str]]:
    return list(itertools.pairwise(options))


def test_a_proxy_is_published_on_the_loopback_only_after_the_first_port() -> None:
    options = create_options(LAB, LB2, [])
    assert ("--publish", "127.0.0.1:8281:80") in pairs(options)
    assert ("--ip", "172.18.0.12") in pairs(options)
    assert ("--label", "bluegreen.lab=test") in pairs(options)


def test_only_application_hosts_get_the_rights_of_an_engine() -> None:
    engine = engine_options(LAB, APP1, privileged=False, cgroup_v2=False)
    assert ("--cap-add", "SYS_ADMIN") in pairs(create_options(LAB, APP1, engine))
    assert ("--cap-add", "SYS_ADMIN") not in pairs(create_options(LAB, LB2, []))


def test_an_engine_without_privileges_has_single_capabilities_and_a_control_group_of_its_own() -> None:
    options = engine_options(LAB, APP1, privileged=False, cgroup_v2=False)
    assert "--privileged" not in options
    assert ("--env", "LAB_CGROUP_PARENT=/bluegreen-lab/test-app1") in pairs(options)
    assert ("--security-opt", "seccomp=unconfined") in pairs(options)


def test_a_privileged_engine_on_control_groups_v2_has_its_own_tree() -> None:
    options = engine_options(LAB, APP1, privileged=True, cgroup_v2=True)
    assert ("--cgroupns", "private") in pairs(options)
    assert not [option for option in options if "/sys/fs/cgroup" in option]
