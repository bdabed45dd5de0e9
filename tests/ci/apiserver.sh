# The KMS plugin under kube-apiservers, and the fetcher's manifests: tests/apiserver/README.md. Sourced by ./check after tools.sh.

apiserver_modules=(authority v0.28 v0.31 v0.36 full)
apiserver_built="$SEALKIT_CACHE/apiserver"

# Builds a module's tests: with the module's own dependencies and no others, and nothing in the checkout.
# The full one must know its own version, or the apiserver takes itself for none.
build_apiserver_module() (
    cd "tests/apiserver/$1" || exit
    local flags='-s -w' version
    if [[ $1 == full ]]; then
        version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
        IFS=. read -r major minor _ <<<"${version#v}"
        local info=k8s.io/component-base/version
        flags+=" -X $info.gitVersion=$version -X $info.gitMajor=$major -X $info.gitMinor=$minor"
    fi
    go test -c -o "$apiserver_built/$1.test" -ldflags "$flags" .
)

build_apiserver_tests() {
    command -v go >/dev/null || die 'go not found: install Go 1.26 or newer'
    # Downloaded modules stay where the user has them, as cargo's crates do.
    export GOCACHE="$SEALKIT_CACHE/go" GOFLAGS='-mod=readonly -buildvcs=false' GOTOOLCHAIN=local
    local untidy module
    untidy=$(gofmt -l tests/apiserver)
    [[ -z $untidy ]] || die "gofmt would change: $untidy"
    for module in "$@"; do
        local begin=$SECONDS
        build_apiserver_module "$module"
        printf 'built %s in %d s\n' "$module" $((SECONDS - begin))
    done
    build_programs
    local programs
    programs=$(realpath "${CARGO_TARGET_DIR:-target}/debug")
    export SEALKIT_AWS_DOUBLE="$programs/sealkit-aws-double" SEALKIT_KMS_PLUGIN="$programs/seal-kms-plugin"
    SEALKIT_FETCHER_MANIFESTS=$(realpath deploy/fetcher/eks)
    export SEALKIT_FETCHER_MANIFESTS
}

# Runs a module's tests, and shows their output where one failed.
run_apiserver_module() {
    local module=$1 log="$apiserver_built/$1.log"
    shift
    if "$apiserver_built/$module.test" -test.v -test.timeout 15m "$@" >"$log" 2>&1; then
        printf '%s\n' "$module"
        grep -E '^ *--- ' "$log"
    else
        cat "$log"
        return 1
    fi
}

# All modules at once: their stories wait for the clocks of others.
step_apiserver() {
    build_apiserver_tests "${apiserver_modules[@]}"
    local module pids=() failed=0
    for module in "${apiserver_modules[@]}"; do
        run_apiserver_module "$module" -test.skip '^TestLong' -test.parallel 8 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
    return "$failed"
}

# What takes its time because nobody's clock is moved.
step_apiserver_long() {
    build_apiserver_tests full
    run_apiserver_module full -test.run '^TestLong'
}
