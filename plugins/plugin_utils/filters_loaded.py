# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loads the filters of this collection, once, where it is imported: in Ansible's main process.

Ansible forks a worker for every task and host. It imports an action's file before it forks, and a filter's when a
worker first needs it, so each worker would import all filters anew: two fifths of what a short task costs the
controller. Whoever is forked from a process that has them finds them there.
"""

from __future__ import annotations

import contextlib

from ansible.plugins.loader import filter_loader

# To find any one of them, Ansible reads the files of all. It finds none where this is imported outside of a run.
with contextlib.suppress(KeyError):
    filter_loader.get("bluegreen.release.release_stamp")
