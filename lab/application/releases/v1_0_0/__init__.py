# SPDX-License-Identifier: GPL-3.0-or-later
"""The second version: projects have tags and can be archived."""
