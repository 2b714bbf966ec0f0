# SPDX-License-Identifier: GPL-3.0-or-later
"""Users on the front doors while something else happens: bin/lab load beside it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lab.errors import LabError
from lab.load_report import last_json
from lab.settings import ROOT

WARM_UP_SECONDS = 3.0
_ANSWER_SECONDS = 60.0


@contextmanager
def users(answer: dict[str, Any], seconds: int, words: Sequence[str], *, shown: bool = True) -> Iterator[None]:
    """Keep users there while the block runs; afterwards `answer` holds what `bin/lab load` counted.

    seconds: more than the block will take. words: further arguments of the load. shown: whether its progress is.

    Raises:
        LabError: they left before the block ended, so that nobody knows how the rest of it was for them.
    """
    command = ["bin/lab", "load", "--seconds", str(seconds), *words]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=None if shown else subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # an interrupt at the terminal is for us; the load is ended below
    )
    try:
        time.sleep(WARM_UP_SECONDS)
        yield
        left = process.poll() is not None
    finally:
        process.terminate()  # as its time would end it: requests under way are finished and counted
        try:
            answer.update(last_json(process.communicate(timeout=_ANSWER_SECONDS)[0]))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    if left:
        remedy = "read what it says of itself; where its time was over, give it more"
        raise LabError(f"users until the end ({' '.join(command)})", f"they left before it: {answer}", remedy)
