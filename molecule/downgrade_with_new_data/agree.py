# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask for a downgrade, and agree to the loss that its refusal names."""

from __future__ import annotations

import re
import subprocess
import sys

DOWNGRADE = ["ansible-playbook", "playbooks/downgrade.yml", "-i", "inventories/lab"]


def main() -> int:
    """Give the exit code of the downgrade that was agreed to."""
    refused = subprocess.run(DOWNGRADE, capture_output=True, text=True, check=False)
    found = re.search(r"rollback_accept_data_loss=([^'\s]+)", refused.stdout)
    if refused.returncode == 0 or not found:
        print(refused.stdout)
        return 1
    print(f"agreeing to {found[1]}")
    sys.stdout.flush()
    return subprocess.run([*DOWNGRADE, "-e", f"rollback_accept_data_loss={found[1]}"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
