#!/bin/sh
# Fails where the committed stubs are not what `make protos` would write.
set -eu
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
sed "s|out: common|out: $fresh|" buf.gen.yaml >"$fresh/buf.gen.yaml"
buf generate --template "$fresh/buf.gen.yaml" 2>/dev/null
if ! diff -r --exclude=__pycache__ "$fresh/hallmark" common/hallmark; then
    echo "common/hallmark is not what protos/ generates; run make protos and commit it" >&2
    exit 1
fi
