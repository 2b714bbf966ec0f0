# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""https to an address that must show the certificate of a name: a proxy is asked on its own host."""

from __future__ import annotations

import functools
import http.client
import ssl


class TlsConnection(http.client.HTTPConnection):
    """A connection to *host* whose certificate must be for *name*; the handshake asks for that name."""

    def __init__(self, host: str, port: int, timeout: float, name: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=timeout)
        self._name, self._context = name, context

    def connect(self) -> None:
        """Connect, then shake hands."""
        super().connect()
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)


@functools.lru_cache(maxsize=4)
def context(ca: str = "", verify: bool = True) -> ssl.SSLContext:
    """How certificates are judged. ca: file of authorities; empty means those of the system. OSError without it."""
    made = ssl.create_default_context(cafile=ca or None)
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
