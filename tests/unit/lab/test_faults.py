# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ast

import pytest

from lab.errors import LabError
from lab.faults import FAULTS, FILE_FAULTS, check_name, newest
from lab.settings import ROOT


def test_an_unknown_fault_is_refused_with_the_list_and_the_nearest_name() -> None:
    with pytest.raises(LabError) as refused:
        check_name("latencies")
    assert "latency?" in str(refused.value)
    assert all(name in str(refused.value) for name in FAULTS)


def test_the_faults_of_the_contract_exist() -> None:
    for name in ("errors", "down", "migration", "lb_unreachable", "app_unreachable"):
        check_name(name)


def test_the_application_knows_every_fault_that_is_a_file() -> None:
    source = ast.parse((ROOT / "lab/application/samokoder/faults.py").read_text())
    [defaults] = [
        node.value
        for node in source.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "DEFAULTS"
    ]
    assert set(ast.literal_eval(defaults)) == set(FILE_FAULTS)


def test_the_newest_version_is_found_by_number() -> None:
    assert newest(["0.9.0", "0.10.0", "latest", "1.0.0-broken"]) == "0.10.0"
    assert newest(["latest"]) is None
