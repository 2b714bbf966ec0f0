#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs Compose v2 on Debian 12, which has none: the one package of Debian 13, at a pinned version.
# The mirror is the one this machine's own apt configuration names; apt's own signatures verify the package.
# The machine's package lists and sources are not touched: apt works in a folder of its own here.
set -eu

version="2.26.1-4"

mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | awk '$2 == "bookworm" { print $1; exit }')
if [ -z "$mirror" ]; then
    echo "expected: an apt source for Debian bookworm; found: none; to do: install Docker Compose v2 yourself" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
: > "$work/state/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$work/sources.list"

private_apt() {
    apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State="$work/state" -o Dir::State::status="$work/state/status" -o Dir::Cache="$work/cache" \
        -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
        -o Acquire::Retries=3 -o APT::Default-Release= "$@"
}

private_apt update
cd "$work"
private_apt download "docker-compose=$version"
dpkg --install docker-compose_*.deb
