# SPDX-License-Identifier: GPL-3.0-or-later
"""A downgrade of the lab's database, with a person who agrees to the loss that its refusal names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from lab.settings import ROOT

WORDS = ("playbooks/downgrade.yml", "-i", "inventories/lab")


def main() -> int:
    """Give the exit code of the downgrade, or of the one that was agreed to."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), *WORDS]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.search(r"rollback_accept_data_loss=([^'\s]+)", first.stdout)
    if first.returncode == 0 or not found:
        print(first.stdout + first.stderr)
        return first.returncode
    print(f"agreeing to {found[1]}", flush=True)
    again = [*command, "-e", f"rollback_accept_data_loss={found[1]}"]
    return subprocess.run(again, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
