# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines that people see while an action runs: in a terminal, in the events of ansible-runner and in AWX's output."""

from __future__ import annotations

from ansible.utils.display import Display


def say(line: str) -> None:
    """Show one line at once. An action runs in a process of its own; Ansible hands the line to the one that prints."""
    Display().display(line)
