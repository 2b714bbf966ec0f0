# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option database of the modules that ask PostgreSQL; its types are OPTIONS in module_utils/database.py."""

from __future__ import annotations

_OPTION = r"""
options:
  database:
    required: %s
    description:
      - How the application's database is reached from this host; PostgreSQL itself, not a pooler.
      - Needs Python's psycopg2 on the host.
    type: dict
    suboptions:
      address:
        description: Address or folder of the socket.
        type: str
        required: true
      port:
        description: TCP port.
        type: int
        default: 5432
      name:
        description: Name of the database.
        type: str
        required: true
      user:
        description: A role that may read C(pg_stat_activity); a member of C(pg_monitor) sees what others do.
        type: str
        required: true
      password:
        description: Its password; empty where the server asks for none.
        type: str
        default: ""
      parameters:
        description: Further parameters of libpq, for example C(sslmode).
        type: dict
        default: {}
"""


_APPLICATION = """  application:
    description: Name of the application; as which C(pg_stat_activity) shows what is done.
    type: str
    required: true
"""


class ModuleDocFragment:
    """How PostgreSQL itself is reached; REQUIRED for modules that do nothing without it, LOOK for those that also name
    the application."""

    DOCUMENTATION = _OPTION % "false"
    REQUIRED = _OPTION % "true"
    LOOK = REQUIRED + _APPLICATION
