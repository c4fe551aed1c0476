#!/bin/sh
# Builds OPA, which judges contracts in the full stack, into the file $1.
set -eu

version=v1.22.0

. scripts/need_go.sh
need_go OPA 1.26.0

echo "Building OPA (about 1 min the first time) …"
mkdir -p "$(dirname "$1")"
folder=$(cd "$(dirname "$1")" && pwd)
# Beside it first, so that an interrupted build leaves nothing that looks built; without debug information it is a third smaller.
fresh=$(mktemp -d "$folder/opa.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
GOTOOLCHAIN=local GOFLAGS= GOBIN=$fresh CGO_ENABLED=0 \
    go install -trimpath -ldflags='-s -w' "github.com/open-policy-agent/opa@$version"
mv "$fresh/opa" "$folder/$(basename "$1")"
