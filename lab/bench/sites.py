# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's site is compared with, and what wrk and strace print about it."""

from __future__ import annotations

import re

from lab.errors import LabError

# Of the front door, the first server of the site. The preview's variable has another name.
_SET = re.compile(r"^ *set \$\w+_slot \w+;\n", re.MULTILINE)
_IF = re.compile(r"^ *if \(-f \S+\) \{ set \$\w+_slot \w+; \}\n", re.MULTILINE)
_PASS = re.compile(r"proxy_pass http://(\w+)-\$\w+_slot;")
_REQUESTS = re.compile(r"(\d+) requests in ")
_TROUBLE = re.compile(r"(Socket errors|Non-2xx).*")
_STATS = frozenset({"stat", "lstat", "newfstatat", "statx", "fstatat64"})

BARE = """
upstream bare {{
    zone bare 64k;
    server 127.0.0.1:{upstream} max_fails=0;
    keepalive 32;
}}
server {{
    listen {listen};
    location / {{
        proxy_pass http://bare;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }}
}}
"""


def without_routing(site: str, slot: str) -> str:
    """The same site with a fixed slot behind its front door; the preview stays as it is.

    Raises:
        LabError: the site routes otherwise than is known here, so there would be nothing to compare.
    """
    fixed, counts = site, []
    for pattern, replacement in ((_SET, ""), (_IF, ""), (_PASS, rf"proxy_pass http://\1-{slot};")):
        fixed, count = pattern.subn(replacement, fixed)
        counts.append(count)
    if counts != [1, 1, 1]:
        found = "{} set, {} if, {} proxy_pass by variable".format(*counts)
        raise LabError("one of each routing rule in the role's site", found, "bring lab/bench/sites.py up to it")
    return fixed


def requests_of(output: str) -> int:
    """How many requests wrk made.

    Raises:
        LabError: some of them failed, or it made none.
    """
    requests, trouble = _REQUESTS.search(output), _TROUBLE.search(output)
    if trouble or not requests or not int(requests[1]):
        raise LabError("good answers to wrk only", trouble[0] if trouble else output[-300:], "read nginx's error log")
    return int(requests[1])


def stats_of(summary: str) -> int:
    """Calls of the stat family in what `strace -c` printed: a column `calls` before `errors`, which may be empty.

    Raises:
        LabError: it is no such summary.
    """
    rows = [line.split() for line in summary.splitlines()]
    calls = [row for row in rows if len(row) >= 5 and re.fullmatch(r"[\d.]+", row[0])]
    if not any(row[-1] == "total" for row in calls):
        raise LabError("a summary of strace", summary[-300:] or "nothing", "may this user trace processes?")
    return sum(int(row[3]) for row in calls if row[-1] in _STATS)
