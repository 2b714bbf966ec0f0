"""Prints, as JSON, what each module tells AnsibleModule about its parameters. Arguments: full import names.

Runs in a process of its own: it replaces AnsibleModule's constructor.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any, NoReturn

from ansible.module_utils import basic


class Told(Exception):
    """Carries the words of a call of AnsibleModule."""


def _tell(_self: object, argument_spec: dict[str, Any], **words: Any) -> NoReturn:
    raise Told({"argument_spec": argument_spec, **words})


def main() -> None:
    """The words of every module named on the command line."""
    basic.AnsibleModule.__init__ = _tell  # type: ignore[method-assign, assignment]  # the one point all modules pass
    said: dict[str, Any] = {}
    for name in sys.argv[1:]:
        try:
            importlib.import_module(name).main()
        except Told as told:
            said[name.rpartition(".")[2]] = told.args[0]
    print(json.dumps(said, default=str))


if __name__ == "__main__":
    main()
