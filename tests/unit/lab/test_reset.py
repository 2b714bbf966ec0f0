# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab.reset import containers_to_remove, containers_to_restart, make_project, projects_to_make
from lab.snapshot import read_containers, restore_script


def entry(identity: str, project: str, status: str = "running") -> dict[str, str]:
    return {"id": identity, "project": project, "status": status}


KEPT = [entry("a1", "samokoder-blue")]


def test_the_kept_slot_is_left_alone_when_it_runs() -> None:
    present = [entry("a1", "samokoder-blue")]
    assert containers_to_remove(present, KEPT) == []
    assert containers_to_restart(present, KEPT) == []
    assert projects_to_make(present, KEPT) == {}


def test_what_came_after_is_removed() -> None:
    present = [entry("a1", "samokoder-blue"), entry("g1", "samokoder-green"), entry("a2", "samokoder-blue", "exited")]
    assert containers_to_remove(present, KEPT) == ["g1", "a2"]


def test_a_kept_container_that_does_not_run_is_started_and_a_missing_one_is_made() -> None:
    for status in ("exited", "restarting", "paused"):
        assert containers_to_restart([entry("a1", "samokoder-blue", status)], KEPT) == ["a1"]
    assert containers_to_restart([], KEPT) == []
    assert projects_to_make([], KEPT) == {"samokoder-blue": KEPT[0]}


def test_a_project_is_made_of_the_files_that_it_was_made_of() -> None:
    folder = "/srv/samokoder/blue"
    kept = {"project": "samokoder-blue", "folder": folder, "files": f"{folder}/a.yml,{folder}/b.yml"}
    assert make_project({**kept, "environment": ""}) == (
        f"docker compose --progress quiet -p samokoder-blue --project-directory {folder} "
        f"-f {folder}/a.yml -f {folder}/b.yml up --detach --wait --no-deps"
    )
    assert f"--env-file {folder}/.env" in make_project({**kept, "environment": f"{folder}/.env"})


def test_labels_and_state_are_read_from_docker() -> None:
    labels = {"com.docker.compose.project": "samokoder-blue", "bluegreen.slot": "blue", "bluegreen.version": "0.9.0"}
    inspected: list[dict[str, object]] = [
        {
            "Id": "x",
            "Image": "sha256:1",
            "Config": {"Labels": labels},
            "State": {"Status": "running", "Health": {"Status": "healthy"}},
        }
    ]
    [found] = read_containers(inspected)
    assert (found["id"], found["slot"], found["version"], found["health"]) == ("x", "blue", "0.9.0", "healthy")


def test_restoring_takes_new_files_away_and_brings_old_ones_back(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    (folder / "mounted").mkdir(parents=True)
    (folder / "kept").write_text("old")
    archive = tmp_path / "a.tar"
    subprocess.run(["tar", "-cf", archive, folder], check=True, capture_output=True)
    mounted = os.open(folder / "mounted", os.O_RDONLY)
    (folder / "kept").write_text("new")
    (folder / ".hidden").write_text("later")
    (folder / "later" / "deep er").mkdir(parents=True)
    (folder / "later" / "deep er" / "file").write_text("later")
    subprocess.run(["sh", "-ec", restore_script(str(archive), [str(folder)])], check=True)
    assert sorted(path.name for path in folder.rglob("*")) == ["kept", "mounted"]
    assert (folder / "kept").read_text() == "old"
    assert os.fstat(mounted).st_nlink > 0, "the folder that somebody held was replaced by another"
    os.close(mounted)
