# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a slot was configured with: files by hash, environment by keyed fingerprint, never a value.

A plain hash of a short secret can be guessed. So each fingerprint is keyed, and the key stays on its host: two
fingerprints of one name can be compared with each other, and with nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.fence import write_durably

KEY_FILE = "configuration.key"
ENVIRONMENT_SUFFIX = ".env"
_KEY_BYTES = 32
# One entry of an environment file: in quotes, which may hold line breaks, or up to the end of its line.
_ENTRY = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*"""
    r"""(?P<value>'[^']*'|"(?:[^"\\]|\\.)*"|[^\n]*)""",
    re.MULTILINE | re.DOTALL,
)


def is_environment(name: str) -> bool:
    """Whether a file of a slot is an environment file, whose content is secret."""
    return name.endswith(ENVIRONMENT_SUFFIX)


def entries(text: str) -> list[tuple[str, str]]:
    """Name and written value of each entry of an environment file."""
    return [(found["name"], found["value"].strip()) for found in _ENTRY.finditer(text)]


def fingerprints(texts: Iterable[str], key: bytes) -> dict[str, str]:
    """Name to the fingerprint of all values that the environment files give it, in their order."""
    seen: dict[str, hmac.HMAC] = {}
    for text in texts:
        for name, value in entries(text):
            state = seen.setdefault(name, hmac.new(key, name.encode(), hashlib.sha256))
            state.update(b"\0" + _bytes(value))
    return {name: state.hexdigest()[:16] for name, state in sorted(seen.items())}


def configuration(contents: Mapping[str, str], key: bytes | None) -> dict[str, Any]:
    """The configuration of a slot. contents: file name to text. key: None when the host has none yet."""
    plain = {name: text for name, text in contents.items() if not is_environment(name)}
    texts = [contents[name] for name in sorted(contents) if is_environment(name)]
    return {
        "files": {name: hashlib.sha256(_bytes(text)).hexdigest() for name, text in sorted(plain.items())},
        "environment": fingerprints(texts, key) if key else {},
    }


def _bytes(text: str) -> bytes:
    """The text as it is on the disk, UTF-8 or not."""
    return text.encode(errors="surrogateescape")


def read_key(state_directory: str) -> bytes | None:
    """The key of this host; None when there is none. Raises OSError."""
    try:
        with open(os.path.join(state_directory, KEY_FILE), "rb") as stream:
            content = stream.read()
    except FileNotFoundError:
        return None
    return content if len(content) == _KEY_BYTES else None


def ensure_key(state_directory: str) -> bytes:
    """The key of this host, made when there is none; the caller holds the fence. Raises OSError."""
    key = read_key(state_directory)
    if key is None:
        key = secrets.token_bytes(_KEY_BYTES)
        write_durably(os.path.join(state_directory, KEY_FILE), key, 0o600)
    return key


def read_files(directory: str) -> dict[str, str]:
    """Name to text of the files of a slot's directory; empty when there is none. Raises OSError."""
    contents: dict[str, str] = {}
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return contents
    for name in names:
        path = os.path.join(directory, name)
        if name.endswith((".yml", ".yaml", ENVIRONMENT_SUFFIX)) and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="surrogateescape") as stream:
                contents[name] = stream.read()
    return contents
