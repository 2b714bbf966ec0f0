# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection to another host than the action's own, made as Ansible makes it for ``delegate_to``.

The plugin, its shell and the way to become another user, each with the options that the host's own variables give.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.play_context import PlayContext
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import become_loader, connection_loader
from ansible.template import Templar

Variables = dict[str, Any]


def variables_of(task_vars: Mapping[str, Any], name: str) -> Variables:
    """The variables of a host, not yet templated. Raises AnsibleError for one that the inventory does not have."""
    hostvars = task_vars["hostvars"]
    if name not in hostvars:
        raise AnsibleError("the inventory has no such host")
    found = {**hostvars.raw_get(name), "hostvars": hostvars}
    # The action's own host found its Python already; another one's is sought in its own facts.
    found.setdefault("ansible_facts", {})
    return found


def connect(action: ActionBase, name: str, variables: Variables) -> dict[str, Any]:
    """What an action that speaks to the host is made of. Raises AnsibleError when its variables allow no connection."""
    task = action._task.copy()
    task.delegate_to = None
    given = action._play_context
    templar = Templar(loader=action._loader, variables=variables)
    passwords = {"conn_pass": given.password, "become_pass": given.become_pass}
    context = PlayContext(task.get_play(), passwords, given.connection_lockfd)
    context = context.set_task_and_variable_override(task=task, variables=variables, templar=templar)
    context.remote_addr = context.remote_addr or name
    kind = templar.template(variables.get("ansible_connection") or task.connection)
    connection = connection_loader.get(
        kind, context, new_stdin=None, task_uuid=task._uuid, ansible_playbook_pid=str(os.getppid())
    )
    if connection is None:
        raise AnsibleError(f"the connection plugin {kind!r} was not found")
    become = _become(task, variables, templar)
    connection.set_become_plugin(become)
    context.set_attributes_from_plugin(connection)
    _set_options(connection, become, task, context, variables, templar)
    return {
        "task": task, "connection": connection, "play_context": context, "loader": action._loader, "templar": templar,
        "shared_loader_obj": action._shared_loader_obj,
    }  # fmt: skip


def _become(task: Any, variables: Variables, templar: Any) -> Any:
    """How to become another user there; None where nobody is to be become."""
    told = variables.get("ansible_become")
    if not (task.become if told is None else boolean(templar.template(told))):
        return None
    method = templar.template(variables.get("ansible_become_method") or task.become_method)
    plugin = become_loader.get(method)
    if plugin is None:
        raise AnsibleError(f"the become plugin {method!r} was not found")
    return plugin


def _set_options(
    connection: Any, become: Any, task: Any, context: PlayContext, variables: Variables, templar: Any
) -> None:
    """Give each plugin its options: those of the host's variables before those of the task and the configuration."""
    keys = task.dump_attrs()
    # The task's own retries and its time are not those of a connection.
    del keys["retries"]
    keys["timeout"] = context.timeout
    if context.password:
        keys["password"] = context.password
    connection.set_options(task_keys=keys, var_options=connection._resolve_option_variables(variables, templar))
    if context.become_pass and become is not None:
        keys["become_pass"] = context.become_pass
    for kind, plugin in (("shell", connection._shell), ("become", become)):
        if plugin is not None:
            names = constants.config.get_plugin_vars(kind, plugin._load_name)
            told = {one: templar.template(variables[one]) for one in names if one in variables}
            plugin.set_options(task_keys=keys, var_options=told)
