#!/bin/sh
# Turns otel-collector/manifest.yaml into the source of our collector, in the folder $1. The next build of it that is
# allowed to (go build -mod=mod) completes go.mod and go.sum, which are committed.
set -eu

folder=$(mkdir -p "$1" && cd "$1" && pwd)
cd otel-collector
manifest=$(mktemp --suffix=.yaml)
trap 'rm -f "$manifest"' EXIT
sed "s|output_path: .*|output_path: $folder|" manifest.yaml >"$manifest"
go run "go.opentelemetry.io/collector/cmd/builder@v$(sed -n 's/.*otlpreceiver v//p' manifest.yaml)" \
    --config "$manifest" --skip-compilation --skip-get-modules >/dev/null 2>&1
