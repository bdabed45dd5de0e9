#!/usr/bin/env bash
# Runs static binaries, each as the only file of an image, under the restrictions they should be run with.
# Usage: container.sh PATH/TO/sealctl PATH/TO/seal-kms-plugin PATH/TO/sealkit-kms-load \
#            PATH/TO/seal-fetcher PATH/TO/sealkit-aws-double
set -euo pipefail

sealctl=$1
plugin=$2
load=$3
fetcher=$4
double=$5
image=sealkit-check/sealctl
plugin_image=sealkit-check/seal-kms-plugin
work=$(mktemp -d)
engine_pid=
trap stop EXIT

stop() {
    if [[ -n $engine_pid ]]; then
        kill "$engine_pid"
        wait "$engine_pid" || true
        # A container on the host's network leaves the engine's hold on it mounted.
        mountpoint --quiet "$work/exec/netns/default" && umount "$work/exec/netns/default"
    else
        docker rm --force sealkit-check-plugin >/dev/null 2>&1 || true
        docker image rm --force "$image" "$plugin_image" >/dev/null
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

# The plugin by its own Dockerfile, on the host's network as its static pod, against the rig's KMS. Once as the
# image's user, in a directory that is that user's; once as root without capabilities, in a directory of root's.
port=4599
serve() {
    local user=$1 directory="$work/socket-$1"
    mkdir "$directory"
    chown "$user:$user" "$directory"
    docker run --detach --name sealkit-check-plugin --network host --read-only --user "$user:$user" --cap-drop ALL \
        --security-opt no-new-privileges --memory 64m --pids-limit 64 --volume "$directory:/var/run/kmsplugin" \
        --env AWS_ACCESS_KEY_ID=test --env AWS_SECRET_ACCESS_KEY=test --env AWS_EC2_METADATA_DISABLED=true \
        "$plugin_image" --kms-endpoint "http://127.0.0.1:$port" --health-port 127.0.0.1:4600 \
        --key arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab >/dev/null
    if ! "$load" --kms-port "$port" --socket "image=$directory/socket.sock" steady --duration 2s; then
        docker logs sealkit-check-plugin >&2
        return 1
    fi
    docker stop --time 10 sealkit-check-plugin >/dev/null
    [[ $(docker inspect --format '{{.State.ExitCode}}' sealkit-check-plugin) == 0 ]]
    [[ ! -e $directory/socket.sock ]]
    docker rm sealkit-check-plugin >/dev/null
    printf 'image from scratch: the plugin served as user %s, drained and left no socket\n' "$user"
}

mkdir "$work/plugin"
cp "$plugin" "$work/plugin/seal-kms-plugin"
DOCKER_BUILDKIT=0 docker build --quiet --tag "$plugin_image" \
    --file "$(dirname "${BASH_SOURCE[0]}")/../../deploy/kms-plugin/Dockerfile" "$work/plugin"
serve 65532
serve 0

bash "$(dirname "${BASH_SOURCE[0]}")/fetcher_pods.sh" "$fetcher" "$double"
