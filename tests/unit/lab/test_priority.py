# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lab.priority import parent_option, prefer_hosts


def test_hosts_share_a_control_group_only_where_the_engine_manages_them() -> None:
    assert parent_option("cgroupfs") == ["--cgroup-parent", "/bluegreen-lab"]
    assert parent_option("systemd") == []


def test_the_group_gets_its_weight_on_both_versions(tmp_path: Path) -> None:
    old, new = tmp_path / "cpu" / "bluegreen-lab", tmp_path / "bluegreen-lab"
    for folder, name in ((old, "cpu.shares"), (new, "cpu.weight")):
        folder.mkdir(parents=True)
        (folder / name).write_text("default")
    assert prefer_hosts(tmp_path)
    assert (old / "cpu.shares").read_text() == "16384"
    assert (new / "cpu.weight").read_text() == "1600"


def test_a_machine_without_such_a_group_is_left_alone(tmp_path: Path) -> None:
    assert not prefer_hosts(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_users_come_before_the_controller_where_this_process_may_say_so() -> None:
    program = "import os; from lab.priority import prefer_users as p; print(p(), os.getpriority(os.PRIO_PROCESS, 0))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    assert done.stdout.split() in (["True", "-15"], ["False", str(usual)])
    assert os.geteuid() or done.stdout.startswith("True")
