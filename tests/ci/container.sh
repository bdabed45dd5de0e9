#!/usr/bin/env bash
# Runs a static sealctl as the only file of an image, under the restrictions it should be run with.
# Usage: container.sh PATH/TO/sealctl
set -euo pipefail

sealctl=$1
image=sealkit-check/sealctl
work=$(mktemp -d)
engine_pid=
trap stop EXIT

stop() {
    if [[ -n $engine_pid ]]; then
        kill "$engine_pid"
        wait "$engine_pid" || true
    else
        docker image rm --force "$image" >/dev/null
    fi
    rm -rf "$work"
}

# An engine of our own, with its state in $work and no bridge: nothing on the host's network changes.
start_engine() {
    if ((EUID != 0)); then
        printf 'error: no Docker engine answers and starting one needs root\n' >&2
        exit 1
    fi
    export DOCKER_HOST="unix://$work/docker.sock"
    dockerd --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" \
        --pidfile "$work/pid" --bridge none --iptables=false >"$work/log" 2>&1 &
    engine_pid=$!
    local attempt
    for attempt in {1..100}; do
        if docker version >/dev/null 2>&1; then return; fi
        kill -0 "$engine_pid" 2>/dev/null || break
        sleep 0.2
    done
    tail -20 "$work/log" >&2
    printf 'error: the Docker engine did not start (%s attempts)\n' "$attempt" >&2
    exit 1
}

build_image() {
    mkdir "$work/context"
    cp "$sealctl" "$work/context/sealctl"
    printf 'FROM scratch\nCOPY sealctl /sealctl\nENTRYPOINT ["/sealctl"]\n' >"$work/context/Dockerfile"
    DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" "$work/context"
}

# Read-only, no capabilities, no network, 32 MiB: what a hardened deployment grants.
confined() {
    docker run --rm --network none --read-only --user 65532:65532 --cap-drop ALL \
        --security-opt no-new-privileges --memory 32m --pids-limit 64 \
        --volume "$work/files:/files" --workdir /files --env XDG_DATA_HOME=/files/keys \
        --env HOME=/files "$image" "$@"
}

docker version >/dev/null 2>&1 || start_engine
build_image
mkdir "$work/files"
head -c 5000000 /dev/urandom >"$work/files/plain"
chown -R 65532:65532 "$work/files"

confined --version
confined encrypt --key local:demo plain
confined verify plain.sealed
confined decrypt -o restored plain.sealed
cmp "$work/files/plain" "$work/files/restored"
printf 'image from scratch: encrypted, verified and restored 5 MB\n'
