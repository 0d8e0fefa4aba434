#!/bin/sh
# Installs what is needed to build ("build") or also to test ("test") from
# Debian's packages. Says what it will install, does nothing when all is there.
set -eu

case "${1:-build}" in
build)
    packages="build-essential cmake ninja-build pkg-config libuv1-dev libssl-dev libwslay-dev
        libjansson-dev libnice-dev libusrsctp-dev curl python3"
    ;;
test)
    packages="libcmocka-dev clang libclang-rt-14-dev llvm clang-format valgrind python3-aiortc
        python3-aiohttp nodejs npm chromium openssl"
    ;;
*)
    echo "usage: $0 build|test (got '$1')" >&2
    exit 2
    ;;
esac

missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
# A Node.js from elsewhere serves as well as Debian's.
if command -v node >/dev/null && command -v npm >/dev/null; then
    missing=$(printf '%s' "$missing" | sed -E 's/ (nodejs|npm)\b//g')
fi
[ -n "$missing" ] || exit 0

echo "$0: installing for '${1:-build}' from Debian's packages:$missing" >&2
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "$0: needs root to install; as root run: apt-get install$missing" >&2
    exit 1
fi
$as_root apt-get update -q
# shellcheck disable=SC2086 # both are lists of words
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $missing
