#!/bin/sh
# Is the Go code in order, is the committed source what the manifest makes, does our collector take its configuration?
set -eu

for module in rabbitmqexporter readygate; do
    unformatted=$(gofmt -l "otel-collector/$module")
    if [ -n "$unformatted" ]; then
        echo "Not formatted, run gofmt -w on: $unformatted" >&2
        exit 1
    fi
    (cd "otel-collector/$module" && go vet ./... && go vet -tags integration ./...)
done

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
sh scripts/generate_collector.sh "$fresh"
for file in main.go main_others.go main_windows.go components.go; do
    if ! cmp "$fresh/$file" "otel-collector/distribution/$file"; then
        echo "otel-collector/distribution is not what manifest.yaml makes: run make collector-source" >&2
        exit 1
    fi
done

echo password >"$fresh/password"
AMQP_PASSWORD_FILE="$fresh/password" .hallmark/bin/hallmark-collector validate --config otel-collector/config.yaml
