# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the program says that runs beside the application's Alembic, run as it is run there: as text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils import migration_alembic
from ansible_collections.bluegreen.release.plugins.module_utils.migration_eval import MigrationError
from ansible_collections.bluegreen.release.plugins.module_utils.migration_revisions import Answers, Patterns, View, view
from ansible_collections.bluegreen.release.plugins.module_utils.source import source_of

INI = """\
[alembic]
script_location = %(here)s/migrations
"""
ENV = """\
from alembic import context
from sqlalchemy import create_engine
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine("sqlite:///{database}").connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
print("the application says something, too")
"""
REVISION = '''\
"""{doc}"""
from alembic import op
import sqlalchemy as sa
revision, down_revision, branch_labels, depends_on = "{name}", {down}, None, None
def upgrade():
    {body}
def downgrade():
    pass
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI)
    (tmp_path / "migrations" / "env.py").write_text(ENV.format(database=tmp_path / "db.sqlite"))
    (tmp_path / "migrations" / "script.py.mako").write_text("")
    revision(
        tmp_path,
        "0001",
        None,
        'op.create_table("things", sa.Column("id", sa.Integer))',
        "First\n\nRelease-Phase: expand",
    )
    return tmp_path


def revision(project: Path, name: str, down: str | None, body: str, doc: str = "") -> None:
    text = REVISION.format(name=name, down=repr(down), body=body, doc=doc)
    (project / "migrations" / "versions" / f"{name}.py").write_text(text)


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *(words or ("-c", source_of(migration_alembic), "alembic.ini"))]
    return subprocess.run(command, cwd=project, text=True, capture_output=True, check=False)


def look(project: Path) -> View:
    done = run(project)
    results = {"look": {"rc": done.returncode, "stdout": done.stdout, "stderr": done.stderr}}
    return view(
        Answers(results, {"look": ["python", "-c", "a\nb", "alembic.ini"]}, Patterns("", "Can't locate revision"))
    )


def test_empty_database_has_everything_before_it(project: Path) -> None:
    revision(project, "0002", "0001", 'op.drop_column("things", "id")')
    seen = look(project)
    assert (seen.current, seen.head, seen.known) == ("", "0002", ("0001", "0002"))
    assert [(one.name, one.mark) for one in seen.pending] == [("0001", "expand"), ("0002", "")]
    assert "CREATE TABLE things" in (seen.pending[0].sql or "") and "DROP COLUMN id" in (seen.pending[1].sql or "")
    assert seen.settings is None and not (project / "db.sqlite").stat().st_size


def test_only_what_is_not_applied_is_pending(project: Path) -> None:
    assert run(project, "-m", "alembic", "upgrade", "head").returncode == 0
    assert (look(project).current, look(project).pending) == ("0001", ())
    revision(project, "0002", "0001", "pass")
    assert [one.name for one in look(project).pending] == ["0002"]


def test_revision_that_reads_rows_has_no_sql_and_says_why(project: Path) -> None:
    revision(project, "0002", "0001", 'op.get_bind().execute(sa.text("SELECT 1")).fetchall()')
    one = look(project).pending[1]
    assert one.sql is None and "AttributeError" in one.problem


def test_several_heads_are_refused(project: Path) -> None:
    revision(project, "0002", "0001", "pass")
    revision(project, "0003", "0001", "pass")
    with pytest.raises(MigrationError, match="expected one revision from `heads`, found 2: 0002, 0003"):
        look(project)


def test_merge_of_branches_does_nothing_by_itself(project: Path) -> None:
    revision(project, "0002", "0001", "pass")
    revision(project, "0003", "0001", "pass")
    text = REVISION.format(name="0004", down='("0002", "0003")', body="pass", doc="")
    (project / "migrations" / "versions" / "0004.py").write_text(text)
    seen = look(project)
    assert seen.head == "0004" and seen.pending[-1].sql == ""
    assert {one.name for one in seen.pending[1:3]} == {"0002", "0003"}


def test_database_ahead_of_the_image_is_told_without_the_program_in_the_message(project: Path) -> None:
    revision(project, "0002", "0001", "pass")
    assert run(project, "-m", "alembic", "upgrade", "head").returncode == 0
    (project / "migrations" / "versions" / "0002.py").unlink()
    with pytest.raises(MigrationError, match="one that is ahead of it") as caught:
        look(project)
    assert "def ancestors" not in str(caught.value)


def test_missing_configuration_is_the_tools_failure(project: Path) -> None:
    (project / "alembic.ini").unlink()
    with pytest.raises(MigrationError, match=r"`python -c \.\.\. alembic.ini` \(look\) to succeed"):
        look(project)
