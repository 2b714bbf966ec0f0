# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compute the next record on the controller, and write it where this host keeps a copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.bluegreen.release.plugins.module_utils import record, release_take
from ansible_collections.bluegreen.release.plugins.module_utils.options import RECORD, Options
from ansible_collections.bluegreen.release.plugins.modules import nginx_switch, release_record
from ansible_collections.bluegreen.release.plugins.plugin_utils.action_arguments import arguments_of
from ansible_collections.bluegreen.release.plugins.plugin_utils.resident import Resident

SPEC: Options = {
    **RECORD,
    "application": {"type": "str", "required": True},
    "phase": {"type": "str", "default": ""},
    "outcome": {"type": "str", "default": ""},
    "facts": {"type": "dict", "default": {}},
    "document": {"type": "dict", "default": {}},
    "stamp": {"type": "dict", "required": True},
    "write": {"type": "bool", "required": True},
    "switch": {"type": "dict", "default": {}},
    "best_effort": {"type": "bool", "default": False},
    "hosts": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(Resident):
    """The pure model makes the document; release_record stores it, or nginx_switch on the way to a switch."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give ``context`` with the next document; fail when it is not allowed, or not stored and not best effort."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = arguments_of(self, SPEC)
        variables = task_vars or {}
        try:
            document = given["document"] or release_take.next_document(
                contexts_of(given, variables), given["phase"], given["outcome"], given["facts"], given["stamp"],
                given["application"],
            )  # fmt: skip
        except record.RecordError as error:
            return {**result, "failed": True, "msg": str(error)}
        context = release_take.context(document, document["epoch"])
        result.update(changed=False, context=context, stamp=given["stamp"])
        if not given["write"]:
            return result
        try:
            done = self._store(given, document, variables)
        except AnsibleConnectionFailure as error:
            # The context is made here, not there: a host that is gone has it as well.
            return {**result, "unreachable": True, "msg": str(error)}
        result.update(done)
        # A record that is not stored by the way stops no switch: the result has no C(done), and says why.
        result = {**result.pop("stored", {}), **result}
        if not self._task.diff:  # Ansible shows what there is, whatever the task says
            result.pop("diff", None)
        if given["best_effort"] and not given["switch"] and result.get("failed"):
            result["failed"] = False
        return result

    def _store(
        self, given: Mapping[str, Any], document: Mapping[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        """Store the document on this host, by itself or on the way to a switch."""
        where = {"state_directory": given["state_directory"], "document": document, "epoch": document["epoch"]}
        if given["switch"]:
            wait = {"fence_wait_seconds": given["wait_seconds"]}
            return self.execute(nginx_switch, {**given["switch"], **where, **wait, "state": "switched"}, variables)
        arguments = {**where, "wait_seconds": given["wait_seconds"], "state": "present"}
        return self.execute(release_record, arguments, variables)


def contexts_of(given: Mapping[str, Any], variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The contexts to go on from.

    While all goes well every host has the same. Once something failed, one may have stored a document that another
    has not heard of, so all hosts are asked, for what they tried to store as well. Not for what they stored in this
    very step, which has one stamp: Ansible hands the results of hosts that are done to those that begin late.
    """
    if not given["best_effort"]:
        own = variables.get("release_record_context")
        return [dict(own)] if own else []
    found = []
    for host in given["hosts"]:
        facts = variables["hostvars"][host]
        written = facts.get("__release_record_written") or {}
        if written.get("stamp") == given["stamp"]:
            written = {}
        known = [one for one in (facts.get("release_record_context"), written.get("context")) if one]
        found += [dict(one) for one in known]
        # What an earlier run wrote until this one had the lock; the epoch is that of this run.
        answers = [facts.get(name) or {} for name in ("__release_record_first", "__release_record_rest")]
        found += [
            {**known[0], "document": answer["document"]}
            for answer in answers
            if known and (answer.get("document") or {}).get("release_id") == known[0]["release_id"]
        ]
    return found
