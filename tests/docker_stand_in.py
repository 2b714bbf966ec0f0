# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for the Docker command where a migration tool is run without a container."""

from __future__ import annotations

from pathlib import Path

# Runs what is behind the service's name, with the variables that are given; `rm` ends it, and is written down.
_SCRIPT = """\
#!/bin/bash
if [ "$1" = rm ]; then echo "$3" >> {folder}/removed; kill "$(cat {folder}/pid)"; exit; fi
words=()
while [ "$1" != api ]; do
  if [ "$1" = --env ]; then words+=("$2"); shift; fi
  shift
done
shift
echo $$ > {folder}/pid
cd {folder} && exec env "${{words[@]}}" "$@"
"""


def docker(folder: Path) -> Path:
    """The command, in a folder that is also where the tool starts; its service is called api."""
    made = folder / "docker"
    made.write_text(_SCRIPT.format(folder=folder))
    made.chmod(0o755)
    return made
