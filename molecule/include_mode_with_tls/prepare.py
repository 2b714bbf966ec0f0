# SPDX-License-Identifier: GPL-3.0-or-later
"""Write an operator's own nginx configuration with TLS onto the proxies, and note what it is."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.nginx.certificate import make_certificate

NAME = "samokoder.lab"
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
OWN = f"""\
server {{
    listen 80;
    listen 443 ssl http2;
    server_name {NAME};
    ssl_certificate /etc/nginx/tls/cert.pem;
    ssl_certificate_key /etc/nginx/tls/cert.key;
    access_log /var/log/nginx/own.log;
    add_header Strict-Transport-Security "max-age=300" always;

    location /own/ {{
        default_type text/plain;
        return 200 "ours\\n";
    }}

    include /etc/nginx/bluegreen/samokoder/server*.conf;
}}

include /etc/nginx/bluegreen/samokoder/http*.conf;
"""
SUMS = "sha256sum /etc/nginx/nginx.conf /etc/nginx/conf.d/own.conf /etc/nginx/tls/*"


def inside(host: str, script: str, stdin: bytes = b"") -> str:
    """Run a shell script as root on a host of the lab."""
    container = f"{os.environ.get('LAB_NAME', 'demo')}-{host}"
    command = ["docker", "exec", "--interactive", container, "sh", "-ec", script]
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def main() -> None:
    """The same on every proxy; the sums of all files go into sums.json."""
    listed = json.loads(subprocess.run(["inventories/lab/hosts.py"], stdout=subprocess.PIPE, check=True).stdout)
    files = make_certificate(FOLDER / "tls", NAME)
    sums = {}
    for host in listed["lb"]["hosts"]:
        inside(host, "mkdir -p /etc/nginx/tls")
        for file in files:
            mode = "600" if file.suffix == ".key" else "644"
            inside(
                host, f"cat > /etc/nginx/tls/{file.name}; chmod {mode} /etc/nginx/tls/{file.name}", file.read_bytes()
            )
        inside(host, "cat > /etc/nginx/conf.d/own.conf", OWN.encode())
        sums[host] = inside(host, SUMS)
    (FOLDER / "sums.json").write_text(json.dumps(sums))


if __name__ == "__main__":
    main()
