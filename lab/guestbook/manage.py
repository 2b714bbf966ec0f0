#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Django's commands for the guestbook."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guestbook.settings")
    execute_from_command_line(sys.argv)
