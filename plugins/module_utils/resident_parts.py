# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the program holds that is resident on each host."""

from __future__ import annotations

from ansible_collections.bluegreen.release.plugins.module_utils import (
    configuration,
    fence,
    http_client,
    http_eval,
    http_run,
    lock,
    lock_taking,
    nginx_door,
    nginx_flags,
    nginx_http,
    nginx_probe,
    nginx_switching,
    record,
    record_writing,
    rollback_looking,
    signal_asking,
    signal_containers,
    signal_fetch,
    signal_lines,
    signal_log,
    signal_log_file,
    signal_log_place,
    slot_health,
    source,
    spool,
    state_directory,
    tls,
    transitions,
)

PARTS = (
    configuration, fence, http_client, http_eval, http_run, lock, lock_taking, nginx_door, nginx_flags, nginx_http,
    nginx_probe, nginx_switching, record, record_writing, rollback_looking, signal_asking, signal_containers,
    signal_fetch, signal_lines, signal_log, signal_log_file, signal_log_place, slot_health, source, spool,
    state_directory, tls, transitions,
)  # fmt: skip
