#!/bin/sh
# Installs the Debian packages of the real parts where they are missing and may be installed; else says what is missing.
set -eu

missing=""
# $1: the package, the rest: where its program may be, one of which must be there.
need() {
    package=$1
    shift
    for program; do
        [ -x "$program" ] && return
    done
    missing="$missing $package"
}

need rabbitmq-server /usr/lib/rabbitmq/bin/rabbitmq-server
need postgresql /usr/lib/postgresql/*/bin/postgres
need prometheus "$(command -v prometheus || echo -)"
need prometheus-alertmanager "$(command -v prometheus-alertmanager || echo -)"
[ -z "$missing" ] && exit 0

command="apt-get install --no-install-recommends$missing"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not installed:$missing. On Debian, as root: $command" >&2
    exit 1
fi

# Debian starts what it installs, with or without systemd, unless this file forbids it; the parts are started by us alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
echo "Installing$missing …"
log=$(mktemp)
if apt-get update -qq >"$log" 2>&1 && DEBIAN_FRONTEND=noninteractive $command -qq -y >>"$log" 2>&1; then
    rm -f "$log"
else
    tail -n 5 "$log" >&2
    echo "Could not install:$missing; what apt-get said is in $log" >&2
    exit 1
fi
