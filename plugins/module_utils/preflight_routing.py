# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes into nginx, judged before anything is touched as the module that writes it judges it. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.nginx_config import input_problems
from ansible_collections.bluegreen.release.plugins.module_utils.preflight_problem import Problem

_GOOD_SLOTS = {"blue": {"port": 1}, "green": {"port": 2}}


def check_routing(values: Mapping[str, Any], instances: Sequence[Mapping[str, str]]) -> list[Problem]:
    """Give every reason for which the site could not be written.

    :param values: the common inputs and those of the role nginx_switchover that an inventory gives.
    :param instances: host and address of each application host, as the proxies reach it.
    """
    names, preview = values.get("nginx_switchover_server_names"), values.get("nginx_switchover_preview_server_name")
    secret, addresses = values.get("nginx_switchover_preview_secret"), values.get("nginx_switchover_preview_addresses")
    if not isinstance(preview, str) or not isinstance(secret, str) or not _texts(names):
        return []  # Missing or of a wrong type, which is reported by its own name.
    # Without an application host that is the problem; the list of instances then says nothing more.
    inputs = {
        **values,
        "application": "a",
        "slots": _GOOD_SLOTS,
        "instances": list(instances) or [{"host": "a", "address": "a"}],
        "server_names": names,
        "preview_server_name": preview,
        "preview_addresses": addresses if _texts(addresses) else [],
        "preview_secret": secret,
    }
    return [in_parts(refusal) for refusal in input_problems(inputs)]


def in_parts(refusal: str) -> Problem:
    """Take ``name: expected ..., found .... remedy`` apart."""
    text = " ".join(refusal.split())
    parts = re.fullmatch(r"(.+?): expected (.+?), found (.+?)(?:\. ([A-Z].+?))?\.?", text)
    if parts is None:
        return Problem(
            "The site of nginx cannot be written", "inputs that nginx can use", text, "correct what it names"
        )
    name, expected, found, remedy = parts.groups()
    remedy = remedy[0].lower() + remedy[1:] if remedy else f"correct {name}"
    return Problem(f"{name} cannot be used", expected, found, remedy)


def _texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
