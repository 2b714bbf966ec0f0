# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: one Linux machine standing in for an estate. Nothing in roles or plugins knows of it."""
