# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lab import faults, snapshot
from lab.errors import LabError
from lab.faults import FAULTS, FILE_FAULTS, NETWORK_FAULTS, check_name
from lab.profiles import APPLICATIONS, GUESTBOOK, SAMOKODER
from lab.settings import ROOT, Settings
from lab.shape import Host


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


def test_a_fault_that_an_application_would_never_notice_is_refused() -> None:
    with pytest.raises(LabError) as refused:
        check_name("errors", GUESTBOOK)
    assert "of guestbook: app_unreachable, database_gone, lb_unreachable" in str(refused.value)
    assert "'errors', which only samokoder can have" in str(refused.value)


def test_a_fault_of_hosts_is_of_every_application() -> None:
    for name in NETWORK_FAULTS:
        for application in APPLICATIONS.values():
            check_name(name, application)


def test_a_fault_is_written_where_its_application_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, str]] = []
    running = [
        {"application": "guestbook", "slot": "green", "version": "1.1"},
        {"application": "samokoder", "slot": "green", "version": "0.9.0"},
    ]
    app = Host(name="app1", kind="app", index=1, address="10.1.0.41")
    monkeypatch.setattr(snapshot, "need_hosts", lambda _: [app])
    monkeypatch.setattr(snapshot, "containers_of", lambda *_: running)
    monkeypatch.setattr(faults, "inside", lambda _, host, command: done.append((host, command[-1])))
    settings = Settings(name="x", port=1, state=Path("/nowhere"))
    faults.apply(settings, faults.Fault("latency", True, slot="green", amount=0.5))
    folder = f"{SAMOKODER.faults}/0.9.0"
    assert done == [("app1", f"install -d {folder}; printf %s '0.5' > {folder}/latency")]


def test_faults_are_where_the_compose_file_shows_them_to_the_application() -> None:
    text = (SAMOKODER.folder / "compose.yml").read_text()
    assert f"- {SAMOKODER.faults}:" in text


def test_a_fault_of_hosts_takes_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "need_hosts", lambda _: [Host(name="lb1", kind="lb", index=1, address="10.1.0.11")])
    monkeypatch.setattr(faults, "inside", lambda *_: pytest.fail("something was done"))
    settings = Settings(name="x", port=1, state=Path("/nowhere"))
    for fault in (
        faults.Fault("lb_unreachable", True, slot="green"),
        faults.Fault("lb_unreachable", True, version="1.0.0"),
        faults.Fault("lb_unreachable", True, amount=0.5),
    ):
        with pytest.raises(LabError, match="of a host, not of a version"):
            faults.apply(settings, fault)


def test_a_version_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "need_hosts", lambda _: [Host(name="app1", kind="app", index=1, address="10.1.0.41")])
    monkeypatch.setattr(faults, "tags", lambda *_: ["0.9.0", "1.0.0"])
    monkeypatch.setattr(faults, "inside", lambda *_: pytest.fail("something was done"))
    with pytest.raises(LabError, match=r"one of samokoder: 0\.9\.0"):
        faults.apply(Settings(name="x", port=1, state=Path("/nowhere")), faults.Fault("errors", True, version="1.0"))
