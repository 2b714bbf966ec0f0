"""Sequences of HTTP steps: order, carrying, waiting, watching; no network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils.http_client import Request
from ansible_collections.bluegreen.release.plugins.module_utils.http_eval import Answer, StepError
from ansible_collections.bluegreen.release.plugins.module_utils.http_run import (
    Clock,
    StepSequence,
    until_passed,
    while_passing,
)

HEALTH = [{"name": "health", "path": "/health"}]
LOGIN = [
    {"name": "login", "method": "post", "path": "/login", "json": {"pw": "pa55word"}, "save": {"token": "token"}},
    {"name": "read", "path": "/p", "headers": {"Authorization": "Bearer ${token}"}, "expect": {"contains": "${token}"}},
]


class Server:
    """Answers from a list, the last one for ever; keeps the requests."""

    def __init__(self, *answers: Answer | StepError) -> None:
        self.requests: list[Request] = []
        self.answers = answers

    def send(self, request: Request) -> Answer:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, StepError):
            raise answer
        return answer


class Time:
    """A clock that moves only by sleeping, and 0.01 s per look."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(now=self.now, sleep=self.sleep)

    def now(self) -> float:
        self.seconds += 0.01
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.seconds += seconds


def ok(body: bytes = b"{}") -> Answer:
    return Answer(200, {}, body)


BAD = Answer(503, {}, b"starting")


def test_saved_value_is_sent_and_masked() -> None:
    server = Server(ok(b'{"token": "tok-123456"}'), ok(b"no such thing"))
    reading = StepSequence(LOGIN, {}, ["pa55word"]).run(server.send, Time().clock)
    assert server.requests[0].method == "POST" and server.requests[0].body == b'{"pw": "pa55word"}'
    assert server.requests[1].headers["Authorization"] == "Bearer tok-123456"
    assert not reading.passed
    assert "step 'read' (GET /p): expected a body with '********'" in reading.reason
    assert "tok-123456" not in str(reading)


def test_secret_echoed_by_the_server_is_masked() -> None:
    reading = StepSequence(LOGIN, {}, ["pa55word"]).run(Server(Answer(401, {}, b"not pa55word")).send, Time().clock)
    assert "found 401" in reading.reason and "pa55word" not in str(reading)


def test_first_failed_step_ends_the_sequence() -> None:
    server = Server(BAD)
    reading = StepSequence(LOGIN, {}).run(server.send, Time().clock)
    assert len(server.requests) == 1
    assert [(step["name"], step["status"], step["ok"]) for step in reading.steps] == [("login", 503, False)]


def test_every_answer_must_carry_the_expected_headers() -> None:
    reading = StepSequence(HEALTH, {"X-Release-Slot": "green"}).run(Server(ok()).send, Time().clock)
    assert reading.reason == "step 'health' (GET /health): expected header X-Release-Slot: green, found none"


def test_waits_until_it_passes() -> None:
    time = Time()
    server = Server(StepError("expected an answer, found refused"), BAD, ok())
    reading = until_passed(StepSequence(HEALTH, {}), server.send, 30, 1, time.clock)
    assert reading.passed and reading.attempts == 3 and 2 < time.seconds < 3


def test_gives_up_within_its_time_with_the_last_reason() -> None:
    time = Time()
    reading = until_passed(StepSequence(HEALTH, {}), Server(BAD).send, 10, 1, time.clock)
    assert not reading.passed and time.seconds <= 10.5
    assert "found 503" in reading.reason and f"{reading.attempts} attempts" in reading.reason


def test_zero_seconds_sends_once() -> None:
    server = Server(BAD, ok())
    reading = until_passed(StepSequence(HEALTH, {}), server.send, 0, 1, Time().clock)
    assert not reading.passed and len(server.requests) == 1 and reading.attempts == 1


def test_watch_ends_at_the_first_bad_reading() -> None:
    time = Time()
    reading = while_passing(StepSequence(HEALTH, {}), Server(ok(), ok(), BAD).send, 60, 2, time.clock)
    assert not reading.passed and reading.attempts == 3 and time.seconds < 6
    assert "found 503" in reading.reason and "reading 3" in reading.reason


def test_watch_reads_at_the_end_of_its_time_too() -> None:
    times: list[float] = []
    time = Time()

    def send(_: Request) -> Answer:
        times.append(time.seconds)
        return ok()

    reading = while_passing(StepSequence(HEALTH, {}), send, 5, 2, time.clock)
    assert reading.passed and reading.attempts == 4
    assert [round(moment) for moment in times] == [0, 2, 4, 5]


def steps_of(*names: str) -> Iterator[dict[str, Any]]:
    return ({"name": name, "path": f"/{name}"} for name in names)


def test_steps_are_sent_in_order() -> None:
    server = Server(ok())
    assert StepSequence(list(steps_of("a", "b", "c")), {}).run(server.send, Time().clock).passed
    assert [request.path for request in server.requests] == ["/a", "/b", "/c"]
