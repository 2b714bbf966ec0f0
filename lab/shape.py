# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that a lab of a given shape has, and where each is."""

from __future__ import annotations

from dataclasses import dataclass

from lab.errors import LabError
from lab.network import address_in

MOST = 20
_OFFSETS = {"lb": 10, "app": 40, "db": 70, "registry": 80, "mon": 90}


@dataclass(frozen=True)
class Shape:
    """How many proxies and application hosts there are."""

    lb: int
    app: int


@dataclass(frozen=True)
class Host:
    """One host: short name, kind, place among its kind (from 1), address on the lab's network."""

    name: str
    kind: str
    index: int
    address: str


def choose_shape(lb: int | None, app: int | None, current: Shape | None) -> Shape:
    """The shape asked for; what is not asked for stays as it is, and is one at first.

    Raises:
        LabError: a count outside 1 to 20.
    """
    for option, count in (("--lb", lb), ("--app", app)):
        if count is not None and not 1 <= count <= MOST:
            raise LabError(f"{option}: a number from 1 to {MOST}", str(count), f"bin/lab up {option} 2")
    before = current or Shape(lb=1, app=1)
    return Shape(lb=before.lb if lb is None else lb, app=before.app if app is None else app)


def plan_hosts(shape: Shape, subnet: str) -> list[Host]:
    """All hosts of a lab of that shape."""
    counts = {"registry": 1, "db": 1, "mon": 1, "app": shape.app, "lb": shape.lb}
    return [
        Host(name=f"{kind}{index}", kind=kind, index=index, address=address_in(subnet, _OFFSETS[kind] + index))
        for kind, count in counts.items()
        for index in range(1, count + 1)
    ]
