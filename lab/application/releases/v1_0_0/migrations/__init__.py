# SPDX-License-Identifier: GPL-3.0-or-later
"""Revisions that came with 1.0.0."""
