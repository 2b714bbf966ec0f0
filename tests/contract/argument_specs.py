"""Prints, as JSON, what each module or action tells Ansible about its parameters. Arguments: full import names.

Runs in a process of its own: it replaces AnsibleModule's constructor, and what actions are made of.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any, NoReturn
from unittest import mock

from ansible.module_utils import basic
from ansible.plugins.action import ActionBase


class Told(Exception):
    """Carries the words in which Ansible was told of parameters."""


def _tell(_self: object, argument_spec: dict[str, Any], **words: Any) -> NoReturn:
    raise Told({"argument_spec": argument_spec, **words})


def call(name: str) -> None:
    """Run a module, or an action, until it tells. Raises Told."""
    module = importlib.import_module(name)
    if ".action." in name:
        module.ActionModule.__new__(module.ActionModule).run(None, {})
    else:
        module.main()


def main() -> None:
    """The words of every module and action named on the command line."""
    said: dict[str, Any] = {}
    with (
        mock.patch.object(basic.AnsibleModule, "__init__", _tell),
        mock.patch.multiple(ActionBase, run=mock.Mock(return_value={}), validate_argument_spec=_tell),
    ):
        for name in sys.argv[1:]:
            try:
                call(name)
            except Told as told:
                said[name.rpartition(".")[2]] = told.args[0]
    print(json.dumps(said, default=str))


if __name__ == "__main__":
    main()
