# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules of ours as one file that Python runs on a host, without Ansible: a zip archive with an entry."""

from __future__ import annotations

import hashlib
import io
import py_compile
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from types import ModuleType

from ansible_collections.bluegreen.release.plugins.module_utils.source import source_of

_DATE = (1980, 1, 1, 0, 0, 0)  # the same program is the same bytes


def sources(modules: Iterable[ModuleType], entry: ModuleType) -> dict[str, str]:
    """The files of a program by their paths in it; *entry* is the one of the modules whose main(argv) is run."""
    texts = {f"{module.__name__.replace('.', '/')}.py": source_of(module) for module in modules}
    packages = {str(parent) for path in texts for parent in PurePosixPath(path).parents} - {"."}
    texts.update({f"{package}/__init__.py": "" for package in packages})
    texts["__main__.py"] = f"import sys\nfrom {entry.__name__} import main\nsys.exit(main(sys.argv))\n"
    return dict(sorted(texts.items()))


def version(texts: Mapping[str, str]) -> str:
    """A word for these files: the same word, the same program."""
    held = hashlib.sha256()
    for name, text in texts.items():
        held.update(f"{name}\0{text}\0".encode())
    return held.hexdigest()[:16]


def _compiled(name: str, text: str, folder: Path) -> bytes:
    source, target = folder / "source.py", folder / "compiled.pyc"
    source.write_text(text, encoding="utf-8")
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), str(target), name, doraise=True, invalidation_mode=unchecked)
    return target.read_bytes()


def archive(texts: Mapping[str, str], compiled: bool = False) -> bytes:
    """The program as bytes. compiled: with what this very Python makes of it, which saves it the time at each run."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file, tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            file.writestr(zipfile.ZipInfo(name, _DATE), text, zipfile.ZIP_DEFLATED)
            if compiled:
                # Stored, not packed: it is read more often than it is sent.
                file.writestr(zipfile.ZipInfo(f"{name}c", _DATE), _compiled(name, text, Path(folder)))
    return held.getvalue()
