"""The inventory that docs/adopting.md has its reader write is accepted as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.contract.repository import ROOT

PAGE = (ROOT / "docs/adopting.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`inventories/shop/([\w/.]+)`[^\n]*\n\n```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^( *)```yaml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
COMPOSE = {
    "services": {
        "web": {"image": "shop:1.0", "container_name": "shop", "ports": ["9000:9000"]},
        "worker": {"image": "shop:1.0", "command": "worker"},
        "cache": {"image": "redis:7", "volumes": ["cache:/data"]},
    },
    "volumes": {"cache": {}},
}


def written(folder: Path) -> Path:
    """The reader's inventory, and the compose file that it names."""
    compose = folder / "compose.yml"
    compose.write_text(yaml.safe_dump(COMPOSE))
    for name, content in FILE.findall(PAGE):
        path = folder / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace("/home/me/shop/compose.yml", str(compose)))
    return folder / "shop"


def judged(inventory: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The controller's part of preflight for an inventory."""
    role = {"name": "bluegreen.release.preflight", "tasks_from": "inputs"}
    play = {"hosts": "localhost:all", "gather_facts": False, "tasks": [{"ansible.builtin.import_role": role}]}
    playbook = folder / "inputs.yml"
    playbook.write_text(yaml.safe_dump([play]))
    command = ["ansible-playbook", str(playbook), "-i", str(inventory), "-e", "release_version=1.1", *more]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_page_shows_every_file() -> None:
    names = [name for name, _ in FILE.findall(PAGE)]
    assert names[0] == "hosts.yml"
    assert len(names) > 5
    assert "group_vars/all/vault.yml" in names


def test_the_inventory_of_the_page_is_accepted(tmp_path: Path) -> None:
    done = judged(written(tmp_path), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_its_vault_it_is_refused(tmp_path: Path) -> None:
    inventory = written(tmp_path)
    (inventory / "group_vars/all/vault.yml").unlink()
    done = judged(inventory, tmp_path)
    assert done.returncode != 0
    assert "vault_preview_secret" in done.stdout


def fragments() -> list[str]:
    """The settings that the page shows beside the files: each is for an inventory as well."""
    shown = [(len(indent), content) for indent, content in BLOCK.findall(PAGE)]
    files = {content for _, content in FILE.findall(PAGE)}
    return [
        "\n".join(line[indent:] for line in content.splitlines()) + "\n"
        for indent, content in shown
        if content not in files
    ]


@pytest.mark.parametrize("fragment", fragments())
def test_every_other_setting_of_the_page_is_accepted(fragment: str, tmp_path: Path) -> None:
    inventory = written(tmp_path)
    (inventory / "files").mkdir()
    (inventory / "files/shop.conf").write_text("server {}\n")
    (inventory / "group_vars/all/zz_fragment.yml").write_text(fragment)
    done = judged(inventory, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
