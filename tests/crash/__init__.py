# SPDX-License-Identifier: GPL-3.0-or-later
"""Killing the controller at a chosen task, and what must be true afterwards."""
