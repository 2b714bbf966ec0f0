# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrations on the lab's own PostgreSQL, by a real Alembic; only the container around it is left out."""
