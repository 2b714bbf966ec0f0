# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the lab's commands: python -m lab COMMAND."""

from __future__ import annotations

import sys

from lab.cli import main

sys.exit(main(sys.argv[1:]))
