#!/bin/sh
# Installs Debian's Chromium where it is missing and may be installed; without it the tests of the page are skipped.
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the tests of the page …"
    apt-get update -qq >/dev/null && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi
command -v chromium >/dev/null 2>&1 || echo "No chromium: the tests of the page will be skipped." >&2
exit 0
