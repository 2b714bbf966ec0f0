# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a proxy reaches its own front door. No I/O."""

from __future__ import annotations

import re

_LISTEN = re.compile(r"(?:(?P<address>\[[^\]]*\]|[^:\s]+):)?(?P<port>\d+)(?P<words>(?:\s.*)?)")
_EVERYWHERE = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def local_url(listen: str, tls_listen: str = "443") -> str:
    """The URL, without a path, at which what listens so answers; https when nothing listens in plain."""
    text = (listen or f"{tls_listen} ssl").strip()
    found = _LISTEN.fullmatch(text)
    if not found:
        raise ValueError(f"expected a port, or address:port, in nginx_switchover_listen, found {text!r}.")
    address = found["address"] or ""
    scheme = "https" if "ssl" in found["words"].split() else "http"
    return f"{scheme}://{_EVERYWHERE.get(address, address)}:{found['port']}"
