# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the lab's estate a run may change, as one short word: the same word, the same estate.

Rows of the application and logs are not in it: users write them all the time.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

_FILES = (
    "find {folders} ! -path '*/logs/*' \\( -type f -exec sha256sum {{}} + -o -type l -printf '%p %l\\n' "
    "-o -type d -printf '%p\\n' \\) 2>/dev/null | sort"
)
_CONTAINERS = "docker ps --all --format '{{.Names}} {{.Image}} {{.State}}' | sort"
_SCHEMA = (
    "setpriv --reuid postgres --regid postgres --init-groups psql -At -d samokoder -c "
    "\"select table_name, column_name from information_schema.columns where table_schema = 'public' order by 1, 2\" "
    '-c "select version_num from alembic_version"'
)
# What is looked at on a host, by how its name begins.
LOOKS = {
    "lb": _FILES.format(
        folders="/var/lib/bluegreen /etc/nginx /usr/local/lib/bluegreen /etc/systemd/system/nginx.service.d"
    ),
    "app": _FILES.format(folders="/var/lib/bluegreen /srv") + "; " + _CONTAINERS,
    "db": _SCHEMA,
}


@functools.cache
def hosts() -> tuple[str, ...]:
    """Names of the lab's hosts that are looked at, as the engine has them."""
    lab = os.environ["LAB_NAME"]
    listed = subprocess.run(
        ["docker", "ps", "--format", "{{.Names}}", "--filter", f"name=^{lab}-"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    found = tuple(sorted(name for name in listed if name.removeprefix(f"{lab}-").rstrip("0123456789") in LOOKS))
    assert found, f"expected hosts of the lab {lab}, found none that runs"
    return found


def seen(host: str) -> str:
    """What is found on one host. CalledProcessError where it cannot be looked at."""
    kind = host.removeprefix(f"{os.environ['LAB_NAME']}-").rstrip("0123456789")
    words = ["docker", "exec", host, "sh", "-c", LOOKS[kind]]
    return subprocess.run(words, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout


def snapshot() -> str:
    """The word for the estate as it is now."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = dict(zip(hosts(), pool.map(seen, hosts()), strict=True))
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


if __name__ == "__main__":
    for name in hosts():
        print(f"--- {name}\n{seen(name)}")
    print(snapshot())
