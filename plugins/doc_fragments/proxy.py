# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the modules that ask a proxy over HTTP; their types are PROXY in module_utils/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """How nginx and the front door of a host are asked."""

    DOCUMENTATION = r"""
options:
  probe_headers:
    description: Headers of the probe request, C(Host) and the secret. The secret is never shown.
    type: dict
    default: {}
  front_headers:
    description: Headers of the front door requests, such as C(Host).
    type: dict
    default: {}
  slot_header:
    description: Answer header that names the slot.
    type: str
    default: X-Release-Slot
  tls_name:
    description: Name that the certificate must be for when a URL is https; empty means that of the C(Host) header.
    type: str
    default: ""
  ca:
    description: File of the authorities that https is verified by; none means those of the system.
    type: path
  prove_timeout_seconds:
    description: When to give up the proof; longer than O(prove_seconds).
    type: float
    default: 10
"""
