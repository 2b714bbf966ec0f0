# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One record written durably on a host, under its fence, and all read: what the module release_record does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import fence, record, state_directory

NOT_STORED = (
    "expected to write the record in {directory}, found: {error}. The old record is still there. Make room or correct "
    "the rights, then run again."
)


def store(params: Mapping[str, Any], dry_run: bool) -> dict[str, Any]:
    """Write the record. Raises FenceError, RecordError or OSError, and then the old record is still there.

    params: state_directory, document, epoch and wait_seconds, as of the module release_record.
    """
    directory, wanted = params["state_directory"], params["document"]
    problems = record.validate(wanted)
    if not problems and wanted["epoch"] != params["epoch"]:
        problems = [f"expected a document of epoch {params['epoch']}, found one of epoch {wanted['epoch']}."]
    if problems:
        raise record.RecordError(f"The record is not valid: {' '.join(problems)}")
    path = state_directory.record_path(directory, wanted["release_id"])
    with fence.fenced(directory, params["epoch"], params["wait_seconds"], dry_run):
        stored, corrupt = state_directory.read_record(path)
        problem = record.compare(stored, wanted)
        if problem:
            raise record.RecordError(f"The record of {wanted['release_id']} was not written: {problem}")
        changed = stored is None or stored["checksum"] != wanted["checksum"]
        if changed and not dry_run:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            fence.write_durably(path, state_directory.as_file(wanted))
    before = "" if stored is None else state_directory.as_file(stored).decode()
    result = {"changed": changed, "done": True, "release_id": wanted["release_id"], "sequence": wanted["sequence"]}
    result["diff"] = {"before": before, "after": state_directory.as_file(wanted).decode(), "before_header": path}
    if corrupt:
        result["warnings"] = [f"{path} {corrupt}; it was replaced."]
    return result


def act(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Do what the state asks for; the result of the module, with ``failed`` where the record cannot be written."""
    if params["state"] == "query":
        return {"changed": False, **state_directory.view(params["state_directory"], params["limit"])}
    try:
        return store(params, check_mode)
    except (fence.FenceError, record.RecordError) as error:
        return {"failed": True, "msg": str(error)}
    except OSError as error:
        return {"failed": True, "msg": NOT_STORED.format(directory=params["state_directory"], error=error)}
