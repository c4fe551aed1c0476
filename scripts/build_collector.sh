#!/bin/sh
# Builds our collector into the file $1.
set -eu

. scripts/need_go.sh
need_go "the collector" "$(sed -n 's/^go //p' otel-collector/distribution/go.mod)"

echo "Building the collector (about 2 min the first time) …"
mkdir -p "$(dirname "$1")"
folder=$(cd "$(dirname "$1")" && pwd)
# Beside it first, so that an interrupted build leaves nothing that looks built; without debug information it is a third smaller.
cd otel-collector/distribution
GOTOOLCHAIN=local CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags='-s -w' -o "$folder/$(basename "$1").new" .
mv "$folder/$(basename "$1").new" "$folder/$(basename "$1")"
