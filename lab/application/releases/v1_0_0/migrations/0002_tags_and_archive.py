# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags and an archive for projects: two columns that may be null, and an index built beside running users.

Everything here may be run again after a failure half-way. 0.9.0 does not know the columns and works on.

Release-Phase: expand
"""

from __future__ import annotations

from alembic import op

from samokoder import settings
from samokoder.faults import Faults

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEX = "projects_not_archived"


def upgrade() -> None:
    """Add the columns, then the index, each committed on its own."""
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE projects ADD COLUMN IF NOT EXISTS tags text[]")
        op.execute("ALTER TABLE projects ADD COLUMN IF NOT EXISTS archived_at timestamptz")
        if "migration" in Faults(settings.read().faults).active():
            raise RuntimeError("revision 0002 failed half-way: columns added, index missing (fault migration is on)")
        # A build that broke off leaves an invalid index of this name behind.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(f"CREATE INDEX CONCURRENTLY {INDEX} ON projects (owner_id, id DESC) WHERE archived_at IS NULL")


def downgrade() -> None:
    """Drop the index and the columns: tags and archive marks are lost, projects stay."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute("ALTER TABLE projects DROP COLUMN IF EXISTS archived_at")
        op.execute("ALTER TABLE projects DROP COLUMN IF EXISTS tags")
