#!/bin/sh
# Creates the Python environments of the interoperability tests, once, and prints where they are.
# The two SDKs need one each: pip resolves the command-line tool to the older SDK.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${SEALKIT_CACHE:-$HOME/.cache/sealkit}
mkdir -p "$cache"

for name in sdk3 sdk4 moto; do
    venv=$cache/venv-$name
    pins=$here/requirements-$name.txt
    # The pins are copied in last: an environment whose installation broke off is made anew.
    if ! cmp -s "$pins" "$venv/pins.txt"; then
        echo "setting up $venv from $(basename "$pins") ..." >&2
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$pins"
        cp "$pins" "$venv/pins.txt"
    fi
done
echo "$cache"
