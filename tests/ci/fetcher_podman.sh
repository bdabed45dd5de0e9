# The same images in pods of `podman kube play`. Sourced by fetcher_pods.sh, which has the images, the double and `judge`.

# The engine's state is in $work, and its runtime is runc.
start_podman() {
    mkdir "$work/podman"
    cat >"$work/podman/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[network]
network_backend = "netavark"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
    export CONTAINERS_CONF="$work/podman/containers.conf"
    docker save "$image" "$app_image" | in_podman load --quiet
}

in_podman() {
    podman --root "$work/podman/root" --runroot "$work/podman/run" --tmpdir "$work/podman/tmp" "$@"
}

stop_podman() {
    in_podman pod rm --all --force >/dev/null 2>&1 || true
    in_podman volume unmount "$volume" >/dev/null 2>&1 || true
    in_podman volume rm --all --force >/dev/null 2>&1 || true
    ! mountpoint --quiet "$work/podman/root/overlay" || umount "$work/podman/root/overlay"
}

# A container of a pod: $1 name, $2 image, $3 user, $4 its command or arguments, $5 its mount of the secrets.
container() {
    cat <<YAML
    - name: $1
      image: $2
      imagePullPolicy: Never
      $4
      env:
        - {name: AWS_ACCESS_KEY_ID, value: test}
        - {name: AWS_SECRET_ACCESS_KEY, value: test}
        - {name: AWS_EC2_METADATA_DISABLED, value: "true"}
        - {name: AWS_ENDPOINT_URL, value: "$url"}
      resources: {limits: {memory: 32Mi}}
      securityContext:
        runAsUser: $3
        runAsGroup: 65532
        runAsNonRoot: true
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: spec, mountPath: /etc/sealkit, readOnly: true}
        - {name: app, mountPath: /app.sh, readOnly: true}
        - {name: tools, mountPath: /tools}
        - {name: $5, mountPath: /secrets}
YAML
}

# A pod: $1 name, $2 the init container, $3 the container, $4 its volume of secrets.
pod() {
    cat <<YAML
apiVersion: v1
kind: ConfigMap
metadata: {name: spec}
data:
  spec.yaml: |
$(sed 's/^/    /' "$work/spec/spec.yaml")
---
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  hostNetwork: true
  restartPolicy: Never
  initContainers:
$2
  containers:
$3
  volumes:
    - {name: spec, configMap: {name: spec}}
    - {name: app, hostPath: {path: $work/app.sh, type: File}}
    - {name: tools, hostPath: {path: $work/tools, type: Directory}}
    - {name: $4, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
YAML
}

# Plays a pod and waits for its application: what it said is in $work/said, and how it ended the status.
play() {
    local name=$1 status memory
    in_podman kube play - <"$work/$name.yaml" >"$work/played" 2>&1 || { cat "$work/played" >&2; die "$name was not played"; }
    status=$(in_podman wait "$name-app")
    in_podman logs "$name-app" >"$work/said" 2>&1
    memory=$(in_podman inspect --format '{{.HostConfig.Memory}}' "$name-app")
    ((memory == 32 << 20)) || die "$name has $memory bytes of memory"
    return "$status"
}

ended() {
    cat "$work/said" >&2
    die "the application ended with $1"
}

by_podman() {
    local init app status=0 disk
    start_podman
    # podman takes no heed of `medium: Memory`: a volume of the same name is there before the pod, and mounted by us.
    # A size it takes for a quota of its own file system, which needs XFS.
    in_podman volume create --opt type=tmpfs --opt device=tmpfs --opt o=uid=0,gid=65532,mode=2777 "$volume" >/dev/null
    in_podman volume mount "$volume" >/dev/null

    init=$(container secrets "$image" 65532 'args: [init, --spec=/etc/sealkit/spec.yaml, --target=/secrets]' "$volume")
    app=$(container app "$app_image" 10001 'args: [sh, /app.sh, /secrets]' "$volume")
    pod sealkit-init "$init" "$app" "$volume" >"$work/sealkit-init.yaml"
    play sealkit-init || ended $?
    judge "$work/said" 10001
    printf 'podman: an init container published to tmpfs, and an application of another user read the right bytes\n'

    rm -f "$work/tools/seal-fetcher"
    init=$(container tools "$image" 65532 'args: [install, /tools]' "$volume")
    # shellcheck disable=SC2016 # the application's shell expands it
    app=$(container app "$app_image" 10001 'command: [/tools/seal-fetcher, exec, --spec=/etc/sealkit/spec.yaml, --, /bin/busybox, sh, -c, "exec /bin/busybox sh /app.sh $SEALKIT_SECRETS"]' "$volume")
    pod sealkit-exec "$init" "$app" "$volume" >"$work/sealkit-exec.yaml"
    play sealkit-exec || ended $?
    judge "$work/said" 10001
    printf 'podman: an application was executed by the fetcher and read the right bytes\n'

    # Without that volume the directory is on disk, whatever the pod asks for.
    in_podman volume create sealkit-check-disk >/dev/null
    disk=$(in_podman volume inspect --format '{{.Mountpoint}}' sealkit-check-disk)
    chmod 0777 "$disk"
    init=$(container tools "$image" 65532 'args: [install, /tools]' sealkit-check-disk)
    app=$(container app "$image" 65532 'args: [init, --spec=/etc/sealkit/spec.yaml, --target=/secrets]' sealkit-check-disk)
    pod sealkit-disk "$init" "$app" sealkit-check-disk >"$work/sealkit-disk.yaml"
    play sealkit-disk || status=$?
    refused podman "$status" "$work/said" "$disk"
}
