#!/bin/sh
# Prints what a host has: files of the application and its proxy, and what its Docker engine has.
find /srv /etc/nginx /var/lib/bluegreen -type f -exec sha256sum {} +
find /srv /etc/nginx /var/lib/bluegreen -printf '%p %m %u\n'
find /tmp -maxdepth 1 -name 'bluegreen-*'
if command -v docker >/dev/null; then
  docker image ls --all --digests --no-trunc --format '{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}'
  docker network ls --no-trunc --format '{{.ID}} {{.Name}}'
  docker volume ls --format '{{.Name}}'
  docker ps --all --no-trunc --format '{{.ID}} {{.Names}}'
fi
