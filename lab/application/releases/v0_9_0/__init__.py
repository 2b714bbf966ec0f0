# SPDX-License-Identifier: GPL-3.0-or-later
"""The first version: projects can be created, listed, read and exported."""
