# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real versions on a real database: the old code lives on the new schema, and writes are found once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import APIRouter
from releases.v0_9_0.projects import router as old
from releases.v1_0_0.projects import router as new
from samokoder.application import create, make_context
from samokoder.settings import read

from lab.errors import LabError
from lab.verify_writes import acked_names, main
from tests.unit.application import postgres

APPLICATION = Path(__file__).resolve().parents[3] / "lab" / "application"
SECRET = "t" * 32
with_postgres = pytest.mark.skipif(postgres.programs() is None, reason="no PostgreSQL programs on this machine")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A database server of this module's own."""
    with postgres.running() as address:
        yield address


@pytest.fixture
def empty(url: str) -> str:
    """The same database, emptied."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


def image(folder: Path, release: str) -> Path:
    """Lay out a folder as the image of a version is laid out."""
    folder.mkdir(exist_ok=True)
    for name in ("alembic.ini", "migrations", "samokoder"):
        (folder / name).symlink_to(APPLICATION / name)
    (folder / "release").symlink_to(APPLICATION / "releases" / release)
    return folder


def alembic(
    place: Path, url: str, *command: str, version: str = "1.0.0", faults: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run alembic as `docker compose run api alembic ...` does in an image."""
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",
        "DATABASE_URL": url,
        "REDIS_URL": "redis://127.0.0.1:9",
        "SAMOKODER_SECRET": SECRET,
        "APP_VERSION": version,
        "SAMOKODER_FAULTS": str(faults or place / "no-faults"),
    }
    line = [sys.executable, "-m", "alembic", *command]
    return subprocess.run(line, cwd=place, env=environment, capture_output=True, text=True, timeout=60, check=False)


def scenario(router: APIRouter, url: str, steps: Callable[[httpx.AsyncClient], Any], tmp_path: Path) -> Any:
    """Run `steps` with a client that is logged in to the application with `router`; return what they return."""
    environment = {"DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:9", "SAMOKODER_SECRET": SECRET}

    async def run() -> Any:
        context = make_context(read({**environment, "SAMOKODER_FAULTS": str(tmp_path)}))
        transport = httpx.ASGITransport(create(router, context=context))
        async with httpx.AsyncClient(transport=transport, base_url="http://samokoder.test") as client:
            account = {"email": "test@example.com", "password": "test123"}
            token = (await client.post("/api/auth/login", json=account)).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            try:
                return await steps(client)
            finally:
                await context.database.close()

    return asyncio.run(run())


def test_each_image_has_its_own_newest_revision(tmp_path: Path) -> None:
    for release, head in (("v0_9_0", "0001"), ("v1_0_0", "0002")):
        place = image(tmp_path / release, release)
        answer = alembic(place, "postgresql://h/d", "heads")
        assert answer.stdout.split() == [head, "(head)"], answer.stderr


def test_every_revision_names_its_phase() -> None:
    found = [*APPLICATION.glob("migrations/versions/0*.py"), *APPLICATION.glob("releases/*/migrations/0*.py")]
    assert len(found) == 2
    for path in found:
        assert "\nRelease-Phase: expand\n" in path.read_text(), path


@with_postgres
def test_the_old_code_lives_on_the_new_schema(empty: str, tmp_path: Path) -> None:
    place = image(tmp_path / "new", "v1_0_0")
    done = alembic(place, empty, "upgrade", "head")
    assert done.returncode == 0, done.stderr

    async def with_old(client: httpx.AsyncClient) -> int:
        made = await client.post("/api/projects", json={"name": "by the old", "description": "d"})
        assert made.status_code == 201
        assert set(made.json()) == {"id", "name", "description", "created_at"}
        return int(made.json()["id"])

    async def with_new(client: httpx.AsyncClient) -> int:
        assert (await client.get(f"/api/projects/{number}")).json()["tags"] == []
        made = (await client.post("/api/projects", json={"name": "by the new", "tags": ["a", "b"]})).json()
        assert made["tags"] == ["a", "b"]
        assert (await client.post(f"/api/projects/{number}/archive")).json()["archived_at"] is not None
        assert [x["name"] for x in (await client.get("/api/projects")).json()] == ["by the new"]
        return int(made["id"])

    async def with_old_again(client: httpx.AsyncClient) -> None:
        names = [x["name"] for x in (await client.get("/api/projects")).json()]
        assert names == ["by the new", "by the old"]
        export = await client.get(f"/api/projects/{later}/export")
        assert "attachment" in export.headers["content-disposition"]
        assert (await client.get("/api/projects/999999")).status_code == 404

    number = scenario(old, empty, with_old, tmp_path)
    later = scenario(new, empty, with_new, tmp_path)
    scenario(old, empty, with_old_again, tmp_path)


@with_postgres
@pytest.mark.parametrize("router", [old, new], ids=["0.9.0", "1.0.0"])
def test_the_same_key_creates_once(empty: str, tmp_path: Path, router: APIRouter) -> None:
    alembic(image(tmp_path / "new", "v1_0_0"), empty, "upgrade", "head")

    async def steps(client: httpx.AsyncClient) -> list[int]:
        requests = [
            client.post("/api/projects", json={"name": "once"}, headers={"Idempotency-Key": "k"}) for _ in range(5)
        ]
        answers = await asyncio.gather(*requests)
        assert len({answer.json()["id"] for answer in answers}) == 1
        return sorted(answer.status_code for answer in answers)

    assert scenario(router, empty, steps, tmp_path) == [200, 200, 200, 200, 201]


@with_postgres
def test_a_migration_that_failed_half_way_can_be_run_again_and_taken_back(empty: str, tmp_path: Path) -> None:
    place, faults = image(tmp_path / "new", "v1_0_0"), tmp_path / "faults"
    assert alembic(place, empty, "upgrade", "0001").returncode == 0
    (faults / "1.0.0").mkdir(parents=True)
    (faults / "1.0.0" / "migration").touch()
    failed = alembic(place, empty, "upgrade", "head", faults=faults)
    assert failed.returncode != 0
    assert "failed half-way" in failed.stderr
    assert alembic(place, empty, "current").stdout.split()[0] == "0001"
    columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'projects'"
    with psycopg.connect(empty, autocommit=True) as connection:
        assert connection.execute(columns).fetchone() == (8,), "half-way means that the columns are there"
        assert alembic(place, empty, "upgrade", "head").returncode == 0
        assert alembic(place, empty, "current").stdout.split() == ["0002", "(head)"]
        assert alembic(place, empty, "downgrade", "0001").returncode == 0
        assert connection.execute(columns).fetchone() == (6,)


@with_postgres
def test_the_old_image_cannot_go_below_what_it_does_not_know(empty: str, tmp_path: Path) -> None:
    assert alembic(image(tmp_path / "new", "v1_0_0"), empty, "upgrade", "head").returncode == 0
    refused = alembic(image(tmp_path / "old", "v0_9_0"), empty, "downgrade", "0001", version="0.9.0")
    assert refused.returncode != 0
    assert "0002" in refused.stdout + refused.stderr


@with_postgres
def test_the_seed_makes_its_rows_once(empty: str, tmp_path: Path) -> None:
    alembic(image(tmp_path / "old", "v0_9_0"), empty, "upgrade", "head")
    for _ in range(2):
        subprocess.run(["psql", "--quiet", "-v", "ON_ERROR_STOP=1", "-f", APPLICATION / "seed.sql", empty], check=True)
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM projects").fetchone() == (120_000,)
        assert connection.execute("SELECT count(*) FROM profiles").fetchone() == (20_001,)


@with_postgres
def test_missing_and_doubled_writes_are_found(empty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alembic(image(tmp_path / "old", "v0_9_0"), empty, "upgrade", "head")
    names = [f"load-abc-{number}" for number in range(50)]
    acked = tmp_path / "acked"
    acked.write_text("".join(f"{name}\n" for name in names))

    def verify() -> tuple[int, dict[str, Any]]:
        code = main(["--acked", str(acked), "--psql", "psql", empty])
        return code, json.loads(capsys.readouterr().out)

    with psycopg.connect(empty, autocommit=True) as connection:
        add = "INSERT INTO projects (owner_id, name) VALUES (1, %s)"
        connection.cursor().executemany(add, [(name,) for name in names])
        code, result = verify()
        assert (code, result["ok"], result["acked"], result["found_once"]) == (0, True, 50, 50)
        connection.execute("DELETE FROM projects WHERE name = 'load-abc-7'")
        connection.execute(add, ("load-abc-9",))
        code, result = verify()
    assert (code, result["ok"], result["missing"], result["duplicated"]) == (1, False, 1, 1)
    assert {(one["name"], one["times"]) for one in result["examples"]} == {("load-abc-7", 0), ("load-abc-9", 2)}


@pytest.mark.parametrize(
    ("text", "found"), [("", "none"), ("load-ab-1\nload-ab-1\n", "1 lines twice"), ("'; DROP TABLE x\n", "DROP")]
)
def test_a_file_that_proves_nothing_is_refused(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "acked"
    path.write_text(text)
    with pytest.raises(LabError, match=found):
        acked_names(path)


def test_no_file_and_no_database_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--acked", str(tmp_path / "none")]) == 1
    assert "run bin/lab load first" in capsys.readouterr().err
    (tmp_path / "acked").write_text("load-ab-1\n")
    assert main(["--acked", str(tmp_path / "acked"), "--psql", "false"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
