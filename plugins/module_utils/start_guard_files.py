# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files by which systemd runs the start guard before nginx: program, settings and drop-in."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.bluegreen.release.plugins.module_utils import (
    fence,
    nginx_door,
    nginx_flags,
    nginx_http,
    program,
    start_guard,
    tls,
)
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_files import ManagedFile

PROGRAM, SETTINGS = "start_guard", "start_guard.json"
STAMP_PATH = "/stamp"
_MODULES = (fence, nginx_door, nginx_flags, nginx_http, start_guard, tls)
_DROP_IN = """# Managed by bluegreen.release (role nginx_switchover). Changes made by hand are overwritten.
# Before nginx starts: where users were moved while this proxy was away, it follows the other proxies.
[Service]
ExecStartPre=/bin/sh -c '[ ! -e {program} ] || exec {python} -IS {program} {settings}'
"""


def peer_url(probe_url: str, address: str) -> str:
    """Where another proxy says its standing: as this one's probe is asked, at *address* (IPv6 in brackets)."""
    parts = urlsplit(probe_url)
    return f"{parts.scheme}://{address}{f':{parts.port}' if parts.port else ''}{parts.path}{STAMP_PATH}"


def settings(params: Mapping[str, Any], probe: Mapping[str, Any]) -> bytes:
    """What the guard is told. params: of nginx_site; probe: how this proxy's own probe is asked."""
    peers = [{"host": peer["host"], "url": peer_url(probe["url"], peer["address"])} for peer in params["peers"]]
    told = {
        "flags_directory": params["flags_directory"],
        "state_directory": params["state_directory"],
        "peers": peers,
        "headers": dict(probe["headers"]),
        "tls_name": probe["tls_name"],
        "ca": probe["ca"],
    }
    return json.dumps(told, indent=1, sort_keys=True).encode() + b"\n"


def paths(params: Mapping[str, Any]) -> list[str]:
    """Where the files are; none where nginx is no unit of systemd."""
    if not params["guard_file"]:
        return []
    return [
        os.path.join(params["guard_directory"], PROGRAM),
        os.path.join(params["guard_directory"], SETTINGS),
        str(params["guard_file"]),
    ]


def files(params: Mapping[str, Any], probe: Mapping[str, Any]) -> list[ManagedFile]:
    """The files as they are to be; the drop-in last, when what it names is there."""
    if not params["guard_file"]:
        return []
    code, told, drop_in = paths(params)
    unit = _DROP_IN.format(python=sys.executable, program=code, settings=told)
    return [
        ManagedFile(code, program.archive(program.sources(_MODULES, start_guard)), 0o755, secret=True),
        ManagedFile(told, settings(params, probe), 0o600, secret=True),
        ManagedFile(drop_in, unit.encode()),
    ]
