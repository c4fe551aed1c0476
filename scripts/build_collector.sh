#!/bin/sh
# Builds our collector into the file $1.
set -eu

needs=$(sed -n 's/^go //p' otel-collector/distribution/go.mod)
if ! command -v go >/dev/null 2>&1; then
    echo "No go on PATH: the collector is built with Go $needs or newer; install it." >&2
    exit 1
fi
has=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
if [ "$(printf '%s\n' "$needs" "$has" | sort -V | head -n 1)" != "$needs" ]; then
    echo "Go $has on PATH is too old: the collector is built with Go $needs or newer; install that." >&2
    exit 1
fi

echo "Building the collector (about 2 min the first time) …"
mkdir -p "$(dirname "$1")"
folder=$(cd "$(dirname "$1")" && pwd)
# Beside it first, so that an interrupted build leaves nothing that looks built; without debug information it is a third smaller.
cd otel-collector/distribution
GOTOOLCHAIN=local CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags='-s -w' -o "$folder/$(basename "$1").new" .
mv "$folder/$(basename "$1").new" "$folder/$(basename "$1")"
