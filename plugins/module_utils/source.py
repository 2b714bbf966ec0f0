# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text of our own modules, for what is installed on a host to run there without Ansible."""

from __future__ import annotations

from types import ModuleType


def source_of(module: ModuleType) -> str:
    """The text of a module of ours, wherever Ansible has put it. ImportError when it has none."""
    loader = module.__spec__.loader if module.__spec__ else None
    source = loader.get_source(module.__name__) if loader and hasattr(loader, "get_source") else None
    if isinstance(source, bytes):  # as the loader of collections gives it on the controller
        return source.decode()
    if not isinstance(source, str):
        raise ImportError(f"expected to read the source of {module.__name__} to install it on a host, found none.")
    return source
