# SPDX-License-Identifier: GPL-3.0-or-later
"""Use what the new version can do, through the front door: write projects with tags, or read those of them again."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from typing import Any

TAGGED = {f"tagged {number}": ["mine", f"n{number}"] for number in range(10)}


def ask(path: str, token: str = "", body: Any = None) -> Any:
    """Answer of the application; with a body it is posted."""
    headers = {"Host": "samokoder.lab", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{os.environ['LAB_PORT']}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def write(token: str) -> list[int]:
    """Write them; their ids."""
    return [int(ask("/api/projects", token, {"name": name, "tags": tags})["id"]) for name, tags in TAGGED.items()]


def read(token: str, ids: list[int]) -> dict[str, list[str]]:
    """Tags by name, of those that were written."""
    found = [ask(f"/api/projects/{one}", token) for one in ids]
    return {one["name"]: one["tags"] for one in found}


def main() -> int:
    """Write, or read and compare with what was written."""
    remembered = os.path.join(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "tagged.json")
    token = ask("/api/auth/login", body={"email": "test@example.com", "password": "test123"})["access_token"]
    if sys.argv[1] == "write":
        with open(remembered, "w") as stream:
            json.dump(write(token), stream)
        return 0
    with open(remembered) as stream:
        found = read(token, json.load(stream))
    print(json.dumps(found))
    return 0 if found == TAGGED else 1


if __name__ == "__main__":
    sys.exit(main())
