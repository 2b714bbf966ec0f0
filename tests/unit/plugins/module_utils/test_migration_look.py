"""A look at a migration tool leaves nothing behind, wherever it ends; with a stand-in for the docker command."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.migration_look import Answer, Look, NotKnown, Question

IMAGE = "registry.example.com/shop@sha256:abc"
SECRET = "hunter2hunter2"


@dataclass
class Docker:
    """An engine: what it has, what each subcommand is told, and the one that fails."""

    images: set[str] = field(default_factory=set)
    things: dict[str, set[str]] = field(default_factory=lambda: {"ps": set(), "network": set(), "volume": set()})
    fails: str = ""
    slow: str = ""
    mounts: list[dict[str, str]] = field(default_factory=list)
    networks: dict[str, dict[str, object]] = field(default_factory=dict)
    stood_in: str = ""
    told: list[list[str]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    modes: set[int] = field(default_factory=set)

    def __call__(self, words: list[str], given: str, seconds: float) -> Answer:
        self.told.append(words)
        self.given.append(given)
        word = next(word for word in words[1:] if word in KNOWN)
        answer = getattr(self, f"do_{word}")(words)
        if word == self.slow:
            raise NotKnown(f"`docker {word}` took longer than {seconds:g} s")
        return Answer(1, "", f"{word} refused") if word == self.fails else answer

    def do_compose(self, words: list[str]) -> Answer:
        project, folder = words[words.index("--project-name") + 1], words[words.index("--project-directory") + 1]
        self.modes |= {stat.S_IMODE(path.stat().st_mode) for path in [Path(folder), *Path(folder).iterdir()]}
        if "config" in words:
            service = {"image": IMAGE, "volumes": self.mounts}
            return Answer(0, json.dumps({"services": {"api": service}, "networks": self.networks}), "")
        assert IMAGE in self.images
        extra = Path(folder) / "networks-of-the-plan.yml"
        if str(extra) in words:
            self.stood_in = extra.read_text()
        for things in self.things.values():
            things.add(f"{project}_1")
        return Answer(0, "0002", "")

    do_config = do_run = do_compose

    def do_pull(self, words: list[str]) -> Answer:
        self.images.add(words[-1])
        return Answer(0, "", "")

    def do_login(self, words: list[str]) -> Answer:
        assert "--config" in words and words[-1] == "registry.example.com"
        return Answer(0, "", "")

    def do_image(self, words: list[str]) -> Answer:
        if "rm" in words:
            self.images.remove(words[-1])
            return Answer(0, "", "")
        return Answer(0 if words[-1] in self.images else 1, "", "No such image")

    def do_ps(self, words: list[str]) -> Answer:
        project = words[-1].rpartition("=")[2]
        assert len(project) > 10
        return Answer(0, "\n".join(sorted(one for one in self.things[words[1]] if one.startswith(project))), "")

    def do_network(self, words: list[str]) -> Answer:
        if "ls" in words:
            return self.do_ps(words)
        if "inspect" in words:
            return Answer(0 if words[-1] in self.things["network"] else 1, "", "not found")
        self.things[words[1]] -= set(words[3:])
        return Answer(0, "", "")

    do_volume = do_network

    def do_rm(self, words: list[str]) -> Answer:
        self.things["ps"] -= set(words)
        return Answer(0, "", "")


KNOWN = ("config", "run", "pull", "login", "image", "ps", "network", "volume", "rm")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def question(login: tuple[str, str] | None = None) -> Question:
    return Question(
        application="shop",
        service="api",
        files={"compose.yml": "services: {}", "override.yml": "services: {}", "slot.env": f"PASSWORD='{SECRET}'"},
        compose_files=["compose.yml", "override.yml"],
        env_files=["slot.env"],
        commands={"current": ["alembic", "current"], "heads": ["alembic", "heads"]},
        seconds=5,
        environment={},
        login=login,
    )


def test_tool_is_asked_in_the_pulled_image_and_nothing_is_left(folder: Path) -> None:
    docker = Docker()
    look = Look(question(), docker)
    look.ask()
    assert {verb: answer.stdout for verb, answer in look.answers.items()} == {"current": "0002", "heads": "0002"}
    assert look.pulled == IMAGE and look.left == []
    assert docker.images == set() and not any(docker.things.values()) and list(folder.iterdir()) == []
    assert docker.modes == {0o700, 0o600}
    assert SECRET not in json.dumps(docker.told)


def test_image_that_the_host_had_stays(folder: Path) -> None:
    docker = Docker(images={IMAGE})
    look = Look(question(), docker)
    look.ask()
    assert look.pulled == "" and docker.images == {IMAGE}


def test_what_others_have_stays() -> None:
    others = {"shop-blue_1", "shop-plan_1"}
    docker = Docker(things={"ps": set(others), "network": set(others), "volume": set(others)})
    Look(question(), docker).ask()
    assert list(docker.things.values()) == [others, others, others]


@pytest.mark.parametrize("word", ["config", "pull", "run"])
@pytest.mark.parametrize("how", ["fails", "slow"])
def test_nothing_is_left_wherever_it_ends(word: str, how: str, folder: Path) -> None:
    docker = Docker(fails=word) if how == "fails" else Docker(slow=word)
    look = Look(question(), docker)
    if (word, how) == ("run", "fails"):
        look.ask()
        assert list(look.answers) == ["current"] and look.answers["current"].rc == 1
    else:
        with pytest.raises(NotKnown, match="refused" if how == "fails" else "took longer than 5 s"):
            look.ask()
    assert docker.images == set() and not any(docker.things.values()) and list(folder.iterdir()) == []


def test_interrupted_look_cleans_up(folder: Path) -> None:
    class Interrupted(Docker):
        def do_run(self, words: list[str]) -> Answer:
            self.do_compose(words)
            raise SystemExit(1)

    docker = Interrupted()
    with pytest.raises(SystemExit):
        Look(question(), docker).ask()
    assert docker.images == set() and not any(docker.things.values()) and list(folder.iterdir()) == []


def test_bind_mount_that_docker_would_make_is_not_made(folder: Path) -> None:
    docker = Docker(mounts=[{"type": "bind", "source": str(folder / "new")}, {"type": "volume", "source": "data"}])
    with pytest.raises(NotKnown, match=r"the tool needs .*/new, which the host does not have yet"):
        Look(question(), docker).ask()
    assert not os.path.exists(folder / "new") and not any("run" in words for words in docker.told)


def test_login_stays_in_the_folder_and_off_the_command_line() -> None:
    docker = Docker()
    Look(question(("shop", SECRET)), docker).ask()
    assert SECRET in docker.given and SECRET not in json.dumps(docker.told)
    pulls = [words for words in docker.told if "pull" in words]
    assert pulls and all("--config" in words for words in pulls)


def test_what_cannot_be_removed_is_said() -> None:
    docker = Docker(fails="network")
    look = Look(question(), docker)
    look.ask()
    assert len(look.left) == 1 and look.left[0].startswith("networks of project shop-plan-")


def test_network_that_a_first_release_would_find_made_is_stood_in_for() -> None:
    networks: dict[str, dict[str, object]] = {
        "there": {"name": "shop_old", "external": True},
        "shared": {"name": "shop-shared_default", "external": True},
        "default": {"name": "shop_default"},
    }
    docker = Docker(networks=networks)
    docker.things["network"].add("shop_old")
    Look(question(), docker).ask()
    assert docker.stood_in == 'networks:\n  "shared": !override {}\n'
    assert docker.things["network"] == {"shop_old"}
