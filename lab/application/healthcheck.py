# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask this container's own /health with a bare socket; exit 0 when it answers 200. Starts in a few milliseconds."""

import os
import socket
import sys

PORT = int(os.environ.get("SAMOKODER_PORT", "8000"))
REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def main() -> int:
    """Return 0 for a healthy application, 1 otherwise, with the reason on stderr."""
    try:
        with socket.create_connection(("127.0.0.1", PORT), timeout=2) as connection:
            connection.sendall(REQUEST)
            status = connection.recv(64).split(b" ", 2)[1:2]
    except OSError as error:
        print(f"expected an answer from /health on port {PORT}, found: {error}", file=sys.stderr)
        return 1
    if status != [b"200"]:
        print(f"expected status 200 from /health, found: {status!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
