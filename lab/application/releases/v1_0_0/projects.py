# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects as 1.0.0 knows them: with tags, and an archive."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Header, HTTPException, Query, Response
from pydantic import BaseModel, Field, field_validator
from sqlalchemy.dialects.postgresql import ARRAY

from samokoder.context import Context, Parts, Profile
from samokoder.creation import create_once

router = APIRouter(prefix="/api/projects")
metadata = sa.MetaData()
projects = sa.Table(
    "projects",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("owner_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("tags", ARRAY(sa.Text)),
    sa.Column("archived_at", sa.DateTime(timezone=True)),
)
COLUMNS = (
    projects.c.id,
    projects.c.name,
    projects.c.description,
    projects.c.created_at,
    projects.c.tags,
    projects.c.archived_at,
)
Tag = Annotated[str, Field(min_length=1, max_length=50)]


class NewProject(BaseModel):
    """What a user gives."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=10_000)
    tags: list[Tag] = Field(default_factory=list, max_length=20)


class Project(BaseModel):
    """What a user gets."""

    id: int
    name: str
    description: str
    created_at: datetime.datetime
    tags: list[str]
    archived_at: datetime.datetime | None

    @field_validator("tags", mode="before")
    @classmethod
    def none_is_empty(cls, tags: list[str] | None) -> list[str]:
        """Rows of earlier versions have no tags."""
        return tags if tags is not None else []


@router.post("", status_code=201)
async def create(
    new: NewProject,
    response: Response,
    context: Parts,
    owner: Profile,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Project:
    """Create a project: 201; or 200 with the earlier one when the Idempotency-Key was used before."""
    values = {**new.model_dump(), "owner_id": owner, "idempotency_key": idempotency_key}
    row, created = await create_once(context, projects, COLUMNS, values)
    response.status_code = 201 if created else 200
    return Project(**row)


@router.get("")
async def newest(
    context: Parts,
    owner: Profile,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    archived: bool = False,
) -> list[Project]:
    """List the newest projects of the user; archived ones only when asked for."""
    statement = sa.select(*COLUMNS).where(projects.c.owner_id == owner).order_by(projects.c.id.desc()).limit(limit)
    if not archived:
        statement = statement.where(projects.c.archived_at.is_(None))
    return [Project(**row) for row in await context.database.rows(statement)]


async def one(context: Context, owner: int, project: int) -> Project:
    """Return a project of `owner`; 404 when there is none."""
    statement = sa.select(*COLUMNS).where(projects.c.owner_id == owner, projects.c.id == project)
    return first(await context.database.rows(statement), project)


def first(rows: Sequence[sa.RowMapping], project: int) -> Project:
    """Return the only row as a project; 404 when there is none."""
    if not rows:
        raise HTTPException(404, f"no project {project} of yours")
    return Project(**rows[0])


@router.get("/{project}")
async def read(project: int, context: Parts, owner: Profile) -> Project:
    """Give one project."""
    return await one(context, owner, project)


@router.post("/{project}/archive")
async def archive(project: int, context: Parts, owner: Profile) -> Project:
    """Archive a project; again does nothing more."""
    moment = sa.func.coalesce(projects.c.archived_at, sa.func.now())
    statement = (
        sa.update(projects)
        .where(projects.c.owner_id == owner, projects.c.id == project)
        .values(archived_at=moment)
        .returning(*COLUMNS)
    )
    return first(await context.database.rows(statement), project)


@router.get("/{project}/export")
async def export(project: int, response: Response, context: Parts, owner: Profile) -> Project:
    """Give one project as a file."""
    response.headers["Content-Disposition"] = f'attachment; filename="project-{project}.json"'
    return await one(context, owner, project)
