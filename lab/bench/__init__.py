# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the figures of docs/figures.md: bin/bench."""
