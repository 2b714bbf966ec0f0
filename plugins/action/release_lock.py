# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take and release the lock of a host by the program that is resident there, or by the module."""

from __future__ import annotations

from ansible_collections.bluegreen.release.plugins.modules import release_lock
from ansible_collections.bluegreen.release.plugins.plugin_utils.resident import ResidentModule


class ActionModule(ResidentModule):
    """The module of the same name."""

    MODULE = release_lock
