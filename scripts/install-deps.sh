#!/bin/sh
# Installs what is needed to build ("build"), also to test ("test"), also for
# all that `make lint` can run ("lint"): Debian's packages, and for the tests
# npm packages that stay inside tests/. Says what it will install, does
# nothing when all is there.
set -eu
cd "$(dirname "$0")/.."

case "${1:-build}" in
build)
    packages="build-essential cmake ninja-build pkg-config libuv1-dev libssl-dev libwslay-dev
        libjansson-dev curl python3"
    ;;
test)
    packages="libcmocka-dev libnice-dev libusrsctp-dev clang libclang-rt-14-dev llvm clang-format
        valgrind python3-aiortc python3-aiohttp nodejs npm chromium openssl iproute2 nftables
        coturn shellcheck git nginx-light"
    ;;
bench)
    packages="nginx-light wrk openssh-server openssh-client curl procps"
    ;;
lint)
    packages="clang-format clang-tidy cppcheck shellcheck"
    ;;
*)
    echo "usage: $0 build|test|bench|lint (got '$1')" >&2
    exit 2
    ;;
esac

install_debian() {
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
    # Its package starts a TURN server for all the world; the tests start their own.
    case "$missing " in
    *" coturn "*) $as_root systemctl disable --now coturn 2>/dev/null || true ;;
    esac
}

missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
# A Node.js from elsewhere serves as well as Debian's.
if command -v node >/dev/null && command -v npm >/dev/null; then
    missing=$(printf '%s' "$missing" | sed -E 's/ (nodejs|npm)\b//g')
fi
[ -z "$missing" ] || install_debian "${1:-build}"

if [ "${1:-build}" = test ]; then
    for folder in tests/interop/werift tests/openai tests/clients; do
        # npm leaves its own copy of the lock file behind.
        installed=$folder/node_modules/.package-lock.json
        if [ -e "$installed" ] && [ -z "$(find "$folder/package-lock.json" -newer "$installed")" ]
        then
            continue
        fi
        echo "$0: installing the npm packages of $folder/package-lock.json" >&2
        npm ci --prefix "$folder" --no-audit --no-fund --no-update-notifier
        touch "$installed"
    done
fi
