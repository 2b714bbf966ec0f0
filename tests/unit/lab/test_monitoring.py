# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import yaml

from lab.monitoring import targets
from lab.settings import ROOT
from lab.shape import Shape, plan_hosts


def test_both_slots_of_every_application_host_are_watched() -> None:
    found = targets(plan_hosts(Shape(lb=2, app=2), "172.18.0.0/16"))
    samokoder = {(one["labels"]["host"], one["labels"]["slot"]): one["targets"] for one in found["samokoder"]}  # type: ignore[index]
    assert samokoder.keys() == {("app1", "blue"), ("app1", "green"), ("app2", "blue"), ("app2", "green")}
    assert samokoder["app2", "green"] == ["172.18.0.42:8002"]
    assert [one["targets"] for one in found["node"]] == [["172.18.0.41:9100"], ["172.18.0.42:9100"]]


def test_every_job_has_a_file_that_prometheus_reads() -> None:
    known = yaml.safe_load((ROOT / "lab/hosts/prometheus.yml").read_text())
    jobs = {one["job_name"]: one["file_sd_configs"][0]["files"] for one in known["scrape_configs"]}
    assert jobs == {job: [f"/etc/prometheus/targets/{job}.json"] for job in targets([])}


def test_ports_are_those_that_the_collection_has() -> None:
    slots = yaml.safe_load((ROOT / "roles/release/defaults/main.yml").read_text())["release_slots"]
    (one,) = (host for host in plan_hosts(Shape(lb=1, app=1), "172.18.0.0/16") if host.kind == "app")
    known = [(one["labels"]["slot"], one["targets"][0].rpartition(":")[2]) for one in targets([one])["samokoder"]]  # type: ignore[index]
    assert known == [(slot, str(of["port"])) for slot, of in slots.items()]
