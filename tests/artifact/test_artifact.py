"""The collection as users get it: built, installed elsewhere, and looked at there.

Checks of Python files run on the installed copy on purpose: through links, tools pass over files they never opened.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = Path("ansible_collections/bluegreen/release")
TYPES = {"modules": "module", "filter": "filter"}
IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        print(f"{name}: {type(error).__name__}: {error}")
"""


def run(*words: str, **environment: str) -> str:
    """Standard output of a command; fails the test with its words when it fails."""
    done = subprocess.run(
        words, capture_output=True, text=True, env={**os.environ, **environment}, cwd=ROOT, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the built and installed collection."""
    scratch = tmp_path_factory.mktemp("artifact")
    run("ansible-galaxy", "collection", "build", "--output-path", str(scratch))
    (archive,) = scratch.glob("bluegreen-release-*.tar.gz")
    target = scratch / "collections"
    # --force: in the repository the collection is there already, as links, and nothing would be installed.
    run("ansible-galaxy", "collection", "install", "--offline", "--no-deps", "--force", "-p", str(target), str(archive))
    return target


def broken_imports(collections: Path) -> list[str]:
    """Plugin files of an installed copy that Python cannot import, with the reason."""
    plugins = collections / INSTALLED / "plugins"
    names = [
        ".".join(path.relative_to(collections).with_suffix("").parts)
        for path in sorted(plugins.rglob("*.py"))
        if path.name != "__init__.py"
    ]
    assert names, f"expected plugins below {plugins}, found none"
    # -I: no current folder, no PYTHONPATH; what answers is the installed copy alone.
    code = f"import sys; sys.path.insert(0, {str(collections)!r})\n{IMPORT_ALL}"
    return run(sys.executable, "-I", "-B", "-c", code, *names).splitlines()


def shipped(folder: Path) -> set[str]:
    """Relative names of the files in plugins, roles and playbooks below a folder, caches left out."""
    return {
        str(path.relative_to(folder))
        for part in ("plugins", "roles", "playbooks")
        for path in (folder / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_ships_every_plugin_role_and_playbook(collections: Path) -> None:
    expected = shipped(ROOT)
    assert len(expected) > 10
    assert shipped(collections / INSTALLED) == expected


def test_ships_nothing_of_the_estate_or_the_machine(collections: Path) -> None:
    allowed = {"plugins", "roles", "playbooks", "meta", "docs", "changelogs"}
    allowed |= {"README.md", "LICENSE", "CHANGELOG.md", "FILES.json", "MANIFEST.json"}
    assert {path.name for path in (collections / INSTALLED).iterdir()} <= allowed


def test_every_plugin_imports(collections: Path) -> None:
    assert broken_imports(collections) == []


def test_a_planted_syntax_error_is_caught(collections: Path, tmp_path: Path) -> None:
    copy = tmp_path / "collections"
    shutil.copytree(collections, copy)
    victim = sorted((copy / INSTALLED / "plugins" / "module_utils").glob("[a-z]*.py"))[0]
    victim.write_text(victim.read_text() + "\ndef broken(:\n")
    found = broken_imports(copy)
    assert any(victim.stem in line and "SyntaxError" in line for line in found), found


@pytest.mark.parametrize("folder", sorted(TYPES))
def test_ansible_doc_shows_every_plugin(collections: Path, folder: str, tmp_path: Path) -> None:
    listing = run(
        *("ansible-doc", "--json", "--list", "-t", TYPES[folder], "bluegreen.release"),
        ANSIBLE_COLLECTIONS_PATH=str(collections),
        ANSIBLE_CONFIG=str(tmp_path / "none.cfg"),
    )
    files = (collections / INSTALLED / "plugins" / folder).glob("[a-z]*.py")
    shown = set(json.loads(listing))
    if folder == "modules":
        assert shown == {f"bluegreen.release.{path.stem}" for path in files}
    else:
        assert all(name.startswith("bluegreen.release.") for name in shown) and bool(shown) == any(files)
