# To be sourced. need_go WHAT VERSION: ends the script, and says why, where Go is not on PATH or older than WHAT needs.

need_go() {
    if ! command -v go >/dev/null 2>&1; then
        echo "No go on PATH: $1 is built with Go $2 or newer; install it." >&2
        exit 1
    fi
    has=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
    if [ "$(printf '%s\n' "$2" "$has" | sort -V | head -n 1)" != "$2" ]; then
        echo "Go $has on PATH is too old: $1 is built with Go $2 or newer; install that." >&2
        exit 1
    fi
}
