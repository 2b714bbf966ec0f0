# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a port of this container: 9000 must answer /status/ with 200, any other take a connection. Starts in no time."""

import socket
import sys

REQUEST = b"GET /status/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def main(port: int) -> int:
    """Return 0 for a healthy service, 1 otherwise, with the reason on stderr."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            if port != 9000:
                return 0
            connection.sendall(REQUEST)
            status = connection.recv(64).split(b" ", 2)[1:2]
    except OSError as error:
        print(f"expected an answer on port {port}, found: {error}", file=sys.stderr)
        return 1
    if status != [b"200"]:
        print(f"expected status 200 from /status/, found: {status!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
