# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a release for a person: pure functions from what a run in check mode saw to lines of text."""

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.bluegreen.release.plugins.module_utils import singleton_back
from ansible_collections.bluegreen.release.plugins.module_utils.hooks import POINTS

# Differs with every release, and says nothing.
_NOISE = re.compile(r"^\s*bluegreen\.release_id:.*\n", re.MULTILINE)
_INDENT = "  "


def plan_lines(seen: Mapping[str, Any], diff: bool) -> list[str]:
    """The plan. diff: whether to show what changes inside files, not only which.

    seen: context (release_record_context), inputs (release_* inputs by name), images (host to what host_probe says of
    the image), provision (green_provision_plan), sites (proxy to result of nginx_site), migration (migration_outlook),
    rollback_database. What a run has not seen is missing, and said so.
    """
    sections = {
        "Image": _image(seen),
        "Compose files of the slot": _compose(seen, diff),
        "Environment of the slot, by name": _environment(seen),
        "nginx": _nginx(seen, diff),
        "Migrations": _migrations(seen),
        "Order": _order(seen),
        "Hooks": _hooks(seen),
        "A rollback": _rollback(seen),
    }
    lines = [_title(seen)]
    for title, section in sections.items():
        lines += ["", title, *(f"{_INDENT}{line}".rstrip().expandtabs() for line in section)]
    return lines


def _title(seen: Mapping[str, Any]) -> str:
    context, inputs = seen["context"], seen["inputs"]
    now = f"{context['live_version'] or 'unknown'} in {context['live']}" if context["live"] else "nothing"
    return (
        f"Plan of the release of {inputs['release_application']} {context['version']} in"
        f" {inputs['release_environment']}: now {now}, then {context['version']} in {context['candidate']}."
        " Nothing was touched."
    )


def _image(seen: Mapping[str, Any]) -> Iterator[str]:
    yield f"{seen['context']['digest']} ({seen['context']['image']})"
    for host in seen["inputs"]["release_app_hosts"]:
        image = (seen.get("images") or {}).get(host)
        if not image:
            yield f"{host}: whether it must be pulled is not known, because the host was not asked"
        elif image.get("local"):
            yield f"{host}: there already"
        else:
            size = f"{image['bytes'] / 1024**2:,.0f} MiB compressed" if image.get("bytes") else "size not known"
            yield f"{host}: to be pulled, {size}"


def _compose(seen: Mapping[str, Any], diff: bool) -> Iterator[str]:
    provision = seen.get("provision")
    if not provision:
        yield "not known, because the slot's files were not looked at"
        return
    before = _contents(provision.get("before") or [])
    for name, after in provision["after"].items():
        if provision["first"]:
            yield f"{name}: new, there is no live slot yet"
        elif name not in before:
            yield f"{name}: not known, because the live slot has no such file that can be read"
        else:
            yield from _file(name, before[name], str(after), diff)


def _contents(results: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """File name to text, from the results of a loop over ansible.builtin.slurp."""
    return {
        str(one["__green_provision_name"]): base64.b64decode(one["content"]).decode(errors="replace")
        for one in results
        if one.get("content") is not None
    }


def _file(name: str, before: str, after: str, diff: bool) -> Iterator[str]:
    old, new = (_NOISE.sub("", text).splitlines() for text in (before, after))
    if old == new:
        yield f"{name}: the same as the live slot's"
        return
    yield f"{name}: differs from the live slot's"
    if diff:
        yield from _changes(old, new)


def _changes(old: list[str], new: list[str]) -> Iterator[str]:
    yield from (f"{_INDENT}{line}" for line in list(difflib.unified_diff(old, new, n=1, lineterm=""))[2:])


def _environment(seen: Mapping[str, Any]) -> Iterator[str]:
    provision = seen.get("provision") or {}
    live, after = provision.get("live") or {}, provision.get("environment_after") or {}
    before = live.get("environment") or {}
    if provision.get("first"):
        yield f"new: {_listed(seen['inputs']['release_app_environment'])}"
    elif not live.get("files"):
        yield "what changes is not known, because the live slot has no files that can be read"
    elif not before and not after:
        yield "what changes is not known, because the host has no fingerprints yet; the next release makes them"
    elif before == after:
        yield "the same"
    else:
        changed = [name for name in after if name in before and before[name] != after[name]]
        new, gone = [name for name in after if name not in before], [name for name in before if name not in after]
        named = (("changed", changed), ("new", new), ("gone", gone))
        yield from (f"{word}: {_listed(names)}" for word, names in named if names)


def _nginx(seen: Mapping[str, Any], diff: bool) -> Iterator[str]:
    for host in seen["inputs"]["release_lb_hosts"]:
        site = (seen.get("sites") or {}).get(host)
        if not site:
            yield f"{host}: not known, because the proxy was not asked"
        elif not site.get("reloaded"):
            yield f"{host}: the same, no reload"
        else:
            yield f"{host}: {_listed(site.get('files') or []) or 'the same files'}; nginx is reloaded"
            for one in (site.get("diff") or []) if diff else []:
                yield from _changes(*(str(one.get(key) or "").splitlines() for key in ("before", "after")))


def _migrations(seen: Mapping[str, Any]) -> Iterator[str]:
    outlook, inputs = seen.get("migration"), seen["inputs"]
    if not outlook:
        yield "not known, because the tool was not asked"
        return
    host = inputs["release_app_hosts"][0]
    if not outlook["known"]:
        yield from f"not known, because {outlook['problem']}".splitlines()
    elif not outlook["after"]:
        yield "none: the application has no migration tool"
    elif outlook["before"] == outlook["after"]:
        yield f"none: the database stays at {outlook['after']}"
    else:
        yield f"{outlook['before'] or 'an empty database'} -> {outlook['after']}, once, on {host}, in the new image"
    yield from (f"{_INDENT}{line}" for line in outlook["lines"])
    if outlook["known"] and outlook["problem"]:
        yield from f"{_undecided(outlook)}: {outlook['problem']}".splitlines()
    if outlook["left"]:
        yield f"LEFT BEHIND on {host} by asking; remove it: {'; '.join(outlook['left'])}"


def _undecided(outlook: Mapping[str, Any]) -> str:
    """What a problem that the plan has found means for the release itself."""
    if outlook["asks_preview"]:
        return "to be decided in the release, by the SQL of preview"
    if outlook["asks_copy"]:
        return "to be decided in the release, by what is seen on a copy of the database"
    return "TO BE REFUSED, unless the live slot's image has them" if outlook["asks_live"] else "TO BE REFUSED"


def _order(seen: Mapping[str, Any]) -> Iterator[str]:
    context, inputs = seen["context"], seen["inputs"]
    proxies, hosts = _listed(inputs["release_lb_hosts"]), _listed(inputs["release_app_hosts"])
    yield f"lock and record: {_listed([*inputs['release_lb_hosts'], *inputs['release_app_hosts']])}"
    if inputs.get("release_shared_services"):
        shared = f"{_listed(inputs['release_shared_services'])} in project {inputs['release_shared_project']}"
        yield f"start where it does not run, and leave alone where it does: {shared}"
    yield f"provision slot {context['candidate']}: {hosts}, all at once; then nginx on {proxies}"
    outlook = seen.get("migration") or {}
    if outlook.get("after") or not outlook.get("known"):
        yield f"migrate: {inputs['release_app_hosts'][0]}"
    yield f"check: each instance on {hosts}, then through {proxies}"
    yield f"switch to {context['candidate']}, watch, close: {proxies}, all at once"
    singletons = inputs.get("release_singleton_services") or []
    if singletons:
        yield f"move with the switch: {_listed(singletons)} on {inputs['release_singleton_host']}"
    if dropped := singleton_back.left(context.get("document") or {}, singletons):
        yield (
            f"STOP in {context['live']}, because it is not in release_singleton_services any more: {_listed(dropped)};"
            f" in {context['candidate']} it runs only if release_services has it"
        )


def _hooks(seen: Mapping[str, Any]) -> Iterator[str]:
    hooks = seen["inputs"].get("release_hooks") or {}
    points = [point for point in POINTS if hooks.get(point) and not point.endswith(("_rollback", "_adopt"))]
    if not points:
        yield "none"
    for point in points:
        yield f"{point}: {', '.join(_hook(hook) for hook in hooks[point])}"


def _hook(hook: Mapping[str, Any]) -> str:
    return f"{hook.get('name', 'no name')} ({hook.get('hosts', 'controller')})"


def _rollback(seen: Mapping[str, Any]) -> Iterator[str]:
    context, outlook = seen["context"], seen.get("migration") or {}
    if context["first"]:
        yield "none: this is the first install, there is no version to go back to"
        return
    back, proxies = f"{context['live']} ({context['live_version'] or 'unknown'})", seen["inputs"]["release_lb_hosts"]
    yield f"brings users back to {back}, which stays up as the standby: one rename on {_listed(proxies)}, no reload"
    if outlook.get("known") and outlook["before"] == outlook["after"]:
        return
    if seen.get("rollback_database") == "always":
        target = f" to {outlook['before']}" if outlook.get("before") else ""
        yield f"takes the database back{target}, because rollback_database is always"
    else:
        yield f"leaves the database as it is migrated; {context['live']} was checked on it before the switch"


def _listed(names: Any) -> str:
    return ", ".join(str(name) for name in names)
