"""What the contract tests read: the repository's own files, parsed strictly (a file that does not parse raises)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "collections" / "ansible_collections" / "bluegreen" / "release"
NAMESPACE = "bluegreen.release"
ROLE_ACTIONS = ("ansible.builtin.import_role", "ansible.builtin.include_role")


class AnsibleLoader(yaml.SafeLoader):
    """Safe YAML that takes Ansible's own tags (`!vault`, `!unsafe`, compose's `!override`) for their plain values."""


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


AnsibleLoader.add_multi_constructor("!", _plain)


def load(path: Path) -> Any:
    """The one YAML document of a file; yaml.YAMLError when it is not YAML."""
    return yaml.load(path.read_text(), Loader=AnsibleLoader)  # a SafeLoader, see above


def tracked() -> list[Path]:
    """Files that a commit would hold: in git's index or new and not ignored. Links are left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = [ROOT / name for name in listing.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def text(path: Path) -> str | None:
    """Text of a file, or None when it is not text."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return None


def roles() -> list[Path]:
    """Folders of the roles."""
    return sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())


def playbooks() -> list[Path]:
    """Files of the playbooks."""
    return sorted((ROOT / "playbooks").glob("*.yml"))


def plugins(kind: str) -> list[Path]:
    """Python files of one kind of plugin (`modules`, `action`, `filter`)."""
    return sorted(path for path in (ROOT / "plugins" / kind).glob("*.py") if not path.name.startswith("_"))


def mappings(node: Any) -> Iterator[dict[Any, Any]]:
    """Every mapping inside a document, outermost first."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from mappings(value)
    elif isinstance(node, list):
        for value in node:
            yield from mappings(value)


def role_calls() -> Iterator[tuple[Path, str, str]]:
    """(file, role's full name, entry point) of every role called in playbooks and roles."""
    files = (
        playbooks() + sorted((ROOT / "roles").glob("*/tasks/*.yml")) + sorted((ROOT / "roles").glob("*/handlers/*.yml"))
    )
    for path in files:
        for mapping in mappings(load(path)):
            for action in ROLE_ACTIONS:
                if action in mapping:
                    yield path, mapping[action]["name"], mapping[action].get("tasks_from", "main")
            for entry in mapping.get("roles") or [] if "hosts" in mapping else []:
                yield path, entry if isinstance(entry, str) else entry["role"], "main"
