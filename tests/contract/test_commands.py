"""Commands that the documentation and the messages show can be typed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.contract.repository import ROOT, text, tracked

HOSTS = "lb: {hosts: {lb1: }}\napp: {hosts: {app1: }}\n"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("roles/*/README.md")])
PLAYBOOK = re.compile(r"\bplaybooks/([A-Za-z0-9_-]+\.ya?ml)")
COMMAND = re.compile(r"(?<![\w/.])bin/([a-z][a-z_-]*)")
LINK = re.compile(r"\]\(([^)#]+)")
INVENTORY = re.compile(r"-i inventories/(\w+)")


def shown() -> list[tuple[str, str]]:
    """(where, line) of every line of documents, playbooks, roles, plugins, bin and lab that may show a command."""
    folders = ("playbooks", "roles", "plugins", "bin", "lab", "docs")
    files = [path for path in tracked() if path in DOCUMENTS or path.relative_to(ROOT).parts[0] in folders]
    return [
        (f"{path.relative_to(ROOT)}:{number}", line)
        for path in files
        for number, line in enumerate((text(path) or "").splitlines(), start=1)
    ]


def fenced(document: str) -> list[str]:
    """Commands in the fenced blocks of a Markdown document: continued lines joined, prompt and comment removed."""
    blocks = re.findall(r"^```(?:sh|bash|console|shell)?\n(.*?)^```", document, flags=re.MULTILINE | re.DOTALL)
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [re.sub(r"\s+#.*$", "", line.strip().removeprefix("$ ")) for line in joined.splitlines() if line.strip()]


def playbook_commands() -> list[str]:
    """The distinct ansible-playbook commands of the documents."""
    found = {line for path in DOCUMENTS for line in fenced(path.read_text())}
    return sorted(line for line in found if re.match(r"(\.venv/bin/)?ansible-playbook ", line))


def test_every_playbook_named_exists() -> None:
    named = [(where, name) for where, line in shown() for name in PLAYBOOK.findall(line)]
    assert len(named) > 3
    assert [f"{where}: playbooks/{name}" for where, name in named if not (ROOT / "playbooks" / name).is_file()] == []


def test_every_command_of_bin_named_can_be_executed() -> None:
    named = [(where, name) for where, line in shown() for name in COMMAND.findall(line)]
    named = [(where, name) for where, name in named if f"/bin/{name}" not in where]
    system = {"sh", "bash", "env", "python", "ansible-playbook"}  # of /usr/bin and .venv/bin
    missing = {
        f"{where}: bin/{name}"
        for where, name in named
        if name not in system and not os.access(ROOT / "bin" / name, os.X_OK)
    }
    assert len(named) > 3
    assert missing == set()


def test_every_inventory_named_exists() -> None:
    written = "shop"  # by the reader of docs/adopting.md: tests/contract/test_adopting.py writes it as the page says
    named = [(where, name) for where, line in shown() for name in INVENTORY.findall(line) if name != written]
    assert named
    assert [f"{where}: {name}" for where, name in named if not (ROOT / "inventories" / name).is_dir()] == []


def test_every_link_between_documents_resolves() -> None:
    links = [(path, link) for path in DOCUMENTS for link in LINK.findall(path.read_text()) if "://" not in link]
    assert links
    assert [f"{path.relative_to(ROOT)}: {link}" for path, link in links if not (path.parent / link).exists()] == []


def test_documents_show_playbook_commands() -> None:
    assert len(playbook_commands()) >= 3


@pytest.mark.parametrize("command", playbook_commands())
def test_playbook_command_is_accepted(command: str, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.yml"
    hosts.write_text(HOSTS)
    words = shlex.split(re.sub(r"-i \S+", f"-i {hosts}", command.removeprefix(".venv/bin/")))
    done = subprocess.run(
        [*words, "--syntax-check"],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
