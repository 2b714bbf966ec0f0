#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic inventory of the lab that LAB_NAME names: prints what `bin/lab up` wrote down."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> int:
    """Print the lab's inventory; 1 when there is no such lab."""
    name = os.environ.get("LAB_NAME") or "demo"
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    path = Path(base) / "bluegreen-lab" / name / "inventory.json"
    if "--host" in sys.argv:
        print("{}")
        return 0
    try:
        print(path.read_text(), end="")
    except FileNotFoundError:
        print(
            f"expected: the lab {name!r}, brought up; found: no {path}; "
            f"to do: LAB_NAME={name} bin/lab up (LAB_NAME chooses another lab)",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
