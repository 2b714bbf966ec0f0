# SPDX-License-Identifier: GPL-3.0-or-later
"""Revisions that came with 0.9.0: none beyond the common first one."""
