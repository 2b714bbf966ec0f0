#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Keeps a host's daemons running: usage: entrypoint DAEMON...; one that ends is started again after half a second.
# /run is a tmpfs, so no pid file or socket outlives a start.
set -u

prepare_sshd() {
    mkdir -p /run/sshd
}

prepare_nginx() {
    mkdir -p /var/lib/bluegreen /usr/local/lib/bluegreen /etc/systemd/system/nginx.service.d
}

# There is no systemd here: what drop-ins of a unit have run before it is run, and keeps it from starting if it fails.
before() {
    local line
    while read -r line; do
        eval "${line#ExecStartPre=}" < /dev/null || return
    done < <(cat "/etc/systemd/system/$1.service.d/"*.conf 2>/dev/null | grep '^ExecStartPre=')
}

# An engine inside a container: /sys and /proc/sys writable, and on cgroup v2 controllers handed on from a leaf of its own.
prepare_dockerd() {
    mount -o remount,rw /sys 2>/dev/null
    mount -o remount,rw /proc/sys 2>/dev/null
    if [ -f /sys/fs/cgroup/cgroup.controllers ] && [ "${LAB_CGROUP:-}" = private ]; then
        mkdir -p /sys/fs/cgroup/init
        xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs 2>/dev/null || :
        sed -e 's/ / +/g' -e 's/^/+/' < /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control
    fi
    return 0
}

prepare_postgres() {
    install -d -o postgres -g postgres -m 2775 /run/postgresql
    rm -f /var/lib/postgresql/15/main/postmaster.pid
}

prepare_redis() {
    install -d -o redis -g redis /run/redis
}

prepare_node_exporter() {
    :
}

prepare_prometheus() {
    install -d -o prometheus -g prometheus /var/lib/prometheus/metrics
}

prepare_registry() {
    mkdir -p /var/lib/docker-registry
}

prepare_registry_private() {
    prepare_registry
}

daemon() {
    case $1 in
    sshd) exec /usr/sbin/sshd -D -e ;;
    nginx) before nginx && exec /usr/sbin/nginx -g 'daemon off;' ;;
    dockerd) exec dockerd --cgroup-parent "${LAB_CGROUP_PARENT:-/docker}" ;;
    postgres)
        exec setpriv --reuid postgres --regid postgres --init-groups --inh-caps=-all \
            /usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main \
            -c config_file=/etc/postgresql/15/main/postgresql.conf
        ;;
    redis) exec setpriv --reuid redis --regid redis --init-groups redis-server /etc/redis/lab.conf ;;
    node_exporter) exec setpriv --reuid nobody --regid nogroup --clear-groups prometheus-node-exporter ;;
    prometheus)
        exec setpriv --reuid prometheus --regid prometheus --init-groups prometheus \
            --config.file=/etc/prometheus/lab.yml --storage.tsdb.path=/var/lib/prometheus/metrics \
            --storage.tsdb.retention.time=2h
        ;;
    registry) exec docker-registry serve /etc/docker/registry/lab.yml ;;
    registry_private) exec docker-registry serve /etc/docker/registry/private.yml ;;
    *) echo "entrypoint: unknown daemon $1" >&2 && exit 64 ;;
    esac
}

supervise() {
    local pid=""
    trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; wait "$pid"; exit 0' TERM
    while :; do
        (trap - TERM && daemon "$1") &
        pid=$!
        wait "$pid"
        echo "entrypoint: $1 ended with $?; starting it again" >&2
        sleep 0.5
    done
}

supervisors=()
trap 'kill "${supervisors[@]}" 2>/dev/null; wait; exit 0' TERM INT
for name in "$@"; do
    "prepare_$name"
    supervise "$name" &
    supervisors+=($!)
done
wait
