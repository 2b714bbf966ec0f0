# SPDX-License-Identifier: GPL-3.0-or-later
"""Descriptions of the first projects in plain words: what it does depends on rows, so nobody can write its SQL down."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0002"
branch_labels = None
depends_on = None

_FIRST = "SELECT id, description FROM projects WHERE idempotency_key LIKE 'seed-%' ORDER BY id LIMIT 50"


def upgrade() -> None:
    """Rewrite them one by one, as code does that computes each."""
    connection = op.get_bind()
    for number, description in connection.execute(sa.text(_FIRST)).fetchall():
        text = description.replace("Seeded project number", "Project number")
        connection.execute(
            sa.text("UPDATE projects SET description = :text WHERE id = :number"), {"text": text, "number": number}
        )


def downgrade() -> None:
    """Leave the descriptions as they are: no code depends on their words."""
