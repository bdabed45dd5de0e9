#!/usr/bin/env bash
# Runs the fetcher's image in pods as they should be run: as init container and as wrapper of an application that is
# from another image and has no shell of ours. By Docker, whose engine must answer, then by `podman kube play`.
# Usage: fetcher_pods.sh PATH/TO/seal-fetcher PATH/TO/sealkit-aws-double
set -euo pipefail

fetcher=$1
double=$2
here=$(dirname "${BASH_SOURCE[0]}")
image=localhost/sealkit-check/seal-fetcher:check
app_image=localhost/sealkit-check/app:check
volume=sealkit-check-secrets
work=$(mktemp -d)
double_pid=
# shellcheck source=tests/ci/fetcher_podman.sh
source "$here/fetcher_podman.sh"
trap stop EXIT

stop() {
    docker rm --force sealkit-check-holder >/dev/null 2>&1 || true
    docker volume rm --force "$volume" >/dev/null 2>&1 || true
    docker image rm --force "$image" "$app_image" >/dev/null 2>&1 || true
    [[ ! -d $work/podman ]] || stop_podman
    [[ -z $double_pid ]] || kill "$double_pid" || true
    rm -rf "$work"
}

die() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

control() {
    python3 - "$url/_double/$1" "$2" <<<'
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(sys.argv[1], data=sys.argv[2].encode(), method="POST"), timeout=10)
'
}

start_double() {
    "$double" --detached >"$work/url" &
    double_pid=$!
    local _
    for _ in {1..100}; do
        [[ ! -s $work/url ]] || break
        sleep 0.1
    done
    url=$(<"$work/url")
    [[ -n $url ]] || die 'the AWS double did not start'
}

# What is to be read, and its digests as the application prints them.
seed() {
    mkdir "$work/expected" "$work/expected/db"
    printf '{"password":"p\\u00e4ss word\\n","port":5432}' >"$work/expected/db.json"
    printf 'päss word\n' >"$work/expected/db/password"
    head -c 65536 /dev/urandom >"$work/expected/blob"
    printf 'token without newline' >"$work/expected/token"
    control secrets "$(python3 -c 'import json, sys; print(json.dumps({"name": "prod/db", "value": sys.stdin.read()}))' \
        <"$work/expected/db.json")"
    control secrets "{\"name\": \"prod/blob\", \"base64\": \"$(base64 --wrap 0 "$work/expected/blob")\"}"
    control parameters '{"name": "/prod/token", "value": "token without newline", "type": "SecureString"}'
    mkdir "$work/spec"
    cat >"$work/spec/spec.yaml" <<YAML
region: us-east-1
defaults: {mode: "0440"}
secrets:
  db:
    secret: prod/db
    files: [{path: db.json}, {path: db/password, key: password}]
  blob: {secret: prod/blob}
  token: {parameter: /prod/token}
YAML
    (cd "$work/expected" && sha256sum -- blob db.json db/password token) >"$work/sums"
    chmod 755 "$work" "$work/spec"
    mkdir "$work/tools" "$work/disk"
    chown 65532:65532 "$work/tools" "$work/disk"
}

# What the application does, as a user that is not the fetcher's: it says what it is and what it reads. $1 is where.
cat >"$work/app.sh" <<'APP'
set -e
cd "$1"
echo "file system: $(stat -f -c %T .)"
echo "user: $(id -u)"
grep -E '^(CapEff|NoNewPrivs):' /proc/self/status
if touch /written 2>/dev/null; then echo 'root: writable'; else echo 'root: read-only'; fi
sha256sum blob db.json db/password token
APP

# Asserts what the application said, in a file.
judge() {
    local said=$1 user=$2 line
    for line in 'file system: tmpfs' "user: $user" $'CapEff:\t0000000000000000' $'NoNewPrivs:\t1' 'root: read-only'; do
        grep -Fxq "$line" "$said" || { cat "$said" >&2; die "the application did not say '$line'"; }
    done
    grep -E '^[0-9a-f]{64} ' "$said" | cmp - "$work/sums" || { cat "$said" >&2; die 'the application read other bytes'; }
}

build_images() {
    mkdir "$work/fetcher" "$work/app"
    cp "$fetcher" "$work/fetcher/seal-fetcher"
    DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" --file "$here/../../deploy/fetcher/Dockerfile" "$work/fetcher"
    cp "$(command -v busybox)" "$work/app/busybox"
    printf 'FROM scratch\nCOPY busybox /bin/busybox\nENTRYPOINT ["/bin/busybox"]\n' >"$work/app/Dockerfile"
    DOCKER_BUILDKIT=0 docker build --quiet --tag "$app_image" "$work/app"
}

# $1 is the user; what follows, flags, the image and its arguments.
hardened() {
    local user=$1
    shift
    docker run --rm --network host --read-only --user "$user" --cap-drop ALL --security-opt no-new-privileges \
        --memory 32m --memory-swap 32m --pids-limit 64 --volume "$work/spec:/etc/sealkit:ro" \
        --volume "$work/app.sh:/app.sh:ro" --env AWS_ACCESS_KEY_ID=test --env AWS_SECRET_ACCESS_KEY=test \
        --env AWS_EC2_METADATA_DISABLED=true --env "AWS_ENDPOINT_URL=$url" "$@"
}

by_docker() {
    local status=0
    docker volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=1m,gid=65532,mode=2777 "$volume" >/dev/null
    # A volume of tmpfs is gone when no container holds it.
    docker run --detach --name sealkit-check-holder --network none --volume "$volume:/secrets" \
        "$app_image" sleep 600 >/dev/null
    hardened 65532:65532 --volume "$volume:/secrets" "$image" init --spec /etc/sealkit/spec.yaml --target /secrets
    hardened 65532:65532 --volume "$volume:/secrets" "$image" probe --target /secrets
    hardened 10001:65532 --volume "$volume:/secrets:ro" "$app_image" sh /app.sh /secrets >"$work/said"
    judge "$work/said" 10001
    printf 'docker: an init container published to tmpfs, and an application of another user read the right bytes\n'

    hardened 65532:65532 --volume "$work/disk:/secrets" "$image" \
        init --spec /etc/sealkit/spec.yaml --target /secrets 2>"$work/refusal" || status=$?
    refused docker "$status" "$work/refusal" "$work/disk"

    hardened 65532:65532 --volume "$work/tools:/tools" "$image" install /tools
    # shellcheck disable=SC2016 # the application's shell expands it
    hardened 10001:10001 --volume "$work/tools:/tools:ro" --entrypoint /tools/seal-fetcher "$app_image" \
        exec --spec /etc/sealkit/spec.yaml -- /bin/busybox sh -c 'exec /bin/busybox sh /app.sh "$SEALKIT_SECRETS"' \
        >"$work/said"
    judge "$work/said" 10001
    printf 'docker: an application was executed by the fetcher and read the right bytes\n'
}

# $1 is whose, $2 the exit code, $3 the error, $4 the directory.
refused() {
    (($2 == 9)) || { cat "$3" >&2; die "$1: a target on disk ended with $2, not 9"; }
    grep -Fq 'the target /secrets is not in memory' "$3" || { cat "$3" >&2; die "$1: it was not refused as a disk"; }
    [[ -z $(ls -A "$4") ]] || die "$1: something was written to disk"
    printf '%s: a target on disk was refused with 9, and nothing was written\n' "$1"
}

start_double
seed
build_images
by_docker
by_podman
