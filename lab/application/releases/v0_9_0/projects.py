# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects as 0.9.0 knows them."""

from __future__ import annotations

import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Header, HTTPException, Query, Response
from pydantic import BaseModel, Field

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
)
COLUMNS = (projects.c.id, projects.c.name, projects.c.description, projects.c.created_at)


class NewProject(BaseModel):
    """What a user gives."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=10_000)


class Project(BaseModel):
    """What a user gets."""

    id: int
    name: str
    description: str
    created_at: datetime.datetime


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
async def newest(context: Parts, owner: Profile, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> list[Project]:
    """List the newest projects of the user."""
    statement = sa.select(*COLUMNS).where(projects.c.owner_id == owner).order_by(projects.c.id.desc()).limit(limit)
    return [Project(**row) for row in await context.database.rows(statement)]


async def one(context: Context, owner: int, project: int) -> Project:
    """Return a project of `owner`; 404 when there is none."""
    statement = sa.select(*COLUMNS).where(projects.c.owner_id == owner, projects.c.id == project)
    rows = await context.database.rows(statement)
    if not rows:
        raise HTTPException(404, f"no project {project} of yours")
    return Project(**rows[0])


@router.get("/{project}")
async def read(project: int, context: Parts, owner: Profile) -> Project:
    """Give one project."""
    return await one(context, owner, project)


@router.get("/{project}/export")
async def export(project: int, response: Response, context: Parts, owner: Profile) -> Project:
    """Give one project as a file."""
    response.headers["Content-Disposition"] = f'attachment; filename="project-{project}.json"'
    return await one(context, owner, project)
