# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read signals on a host by the program that is resident there, or by the module."""

from __future__ import annotations

from ansible_collections.bluegreen.release.plugins.modules import signal_readings
from ansible_collections.bluegreen.release.plugins.plugin_utils.resident import ResidentModule


class ActionModule(ResidentModule):
    """The module of the same name."""

    MODULE = signal_readings
