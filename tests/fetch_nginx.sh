#!/usr/bin/env bash
# Unpacks Debian's nginx into .cache/nginx, for tests that start one themselves.
# Not installed: installing would start a web server on port 80 of this machine.
set -euo pipefail
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
mkdir -p .cache/nginx
cd .cache/nginx
apt-get -o APT::Sandbox::User=root download nginx || {
  "${as_root[@]}" apt-get update -qq
  apt-get -o APT::Sandbox::User=root download nginx
}
for archive in nginx_*.deb; do
  dpkg -x "$archive" .
done
usr/sbin/nginx -v
