#!/usr/bin/env bash
# usage: dist.sh
# Called by `make dist`: makes all that a release brings, and tries it, in a
# Debian 12 of its own, which debootstrap makes once, below build-dist/. What
# comes out stands in build-dist/out:
#
#   webrtc-tunnel_VERSION_ARCH.deb           for amd64, arm64 and armhf
#   webrtc-tunnel-VERSION-linux-ARCH.tar.gz  static programs, for amd64 and arm64
#   webrtc-tunnel-VERSION-oci-ARCH.tar       the same as a container's image
#   FILE.cdx.json                            of each, what it was made from
#   SHA256SUMS
#
# It fails when a unit test does, natively or under qemu-user; when a static
# program is larger than 5 MiB; when the programs of one architecture do not work
# with those of another, or static ones in an empty folder. The output of each
# step stays in build-dist/logs. Needs root, an amd64 machine, 4 GB and the network.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/system.sh
. scripts/system.sh

release=bookworm
work=$PWD/build-dist
system=$work/system
need git

# What is built with and what the programs are linked with; of the latter, each
# architecture its own.
tools='build-essential cmake ninja-build pkg-config python3 ccache file
    gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf qemu-user-static
    musl-tools musl-dev:arm64 linux-libc-dev:arm64 umoci ca-certificates curl openssl'
libraries='libc6-dev libuv1-dev libssl-dev libjansson-dev libqrencode-dev libhiredis-dev
    libnatpmp-dev libminiupnpc-dev libcmocka-dev libusrsctp-dev'
packages=$(for word in $tools $libraries; do printf '%s ' "$word"; done
    for word in $libraries; do printf '%s:arm64 %s:armhf ' "$word" "$word"; done)

# --- the system -------------------------------------------------------------------

# make_system: with all packages, and their sources within reach.
make_system() {
    rm -rf --one-file-system "$system" "$system.new"
    bootstrap "$release" "$system.new"
    # Packages of the release itself, so that ours are good for all of its
    # installations; sources also of its security updates, for what is static.
    {
        echo "deb $(mirror_of Debian) $release main"
        echo "deb-src $(mirror_of Debian) $release main"
        echo "deb-src $(mirror_of Debian-Security) $release-security main"
    } >"$system.new/etc/apt/sources.list"
    inside "$system.new" "
        dpkg --add-architecture arm64
        dpkg --add-architecture armhf
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
        apt-get clean"
    mv "$system.new" "$system"
}

# --- what is made -----------------------------------------------------------------

# step NAME COMMAND…: what matters of its output, or the end of that.
step() {
    local name=$1 began=$SECONDS log=$work/logs/${1// /-}.log
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        quit "$name failed; all of its output: $log"
    fi
    printf '  ok  %4d s  %s\n' $((SECONDS - began)) "$name"
    sed -nE '/^(WARNING|size): /s/^/                /p
        s/^100% tests passed.* (out of [0-9]+)$/                all unit tests passed, \1/p
        /^  (ok|skipped) /s/^/              /p' "$log"
}

# of_tree NAME COMMAND: in the system, with this tree.
of_tree() {
    step "$1" inside "$system" "cd tunnel && $2"
}

version=$(sed -n 's/^project(tunnel VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
surroundings+=(
    "TREE=$PWD"
    "SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)"
    CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_DIR=/root/tunnel/build-dist/ccache
)
rm -rf "$work/out"
mkdir -p "$work/out" "$work/logs"
[ -z "$(git status --porcelain)" ] || say "$0: what is not committed takes part, too"

if [ "$(cat "$system/packages" 2>/dev/null)" != "$packages" ]; then
    step "Debian $release" make_system
    echo "$packages" >"$system/packages"
fi
for arch in amd64 arm64 armhf; do
    of_tree "package for $arch" "scripts/dist/package.sh $arch $version"
done
for arch in amd64 arm64; do
    of_tree "static for $arch" "scripts/dist/static.sh $arch $version"
done
of_tree "end to end" "tests/e2e/run.py --jobs 1 tests/dist"
(cd "$work/out" && sha256sum -- * >SHA256SUMS)
printf '\nin %d s, in %s:\n' $SECONDS build-dist/out
(cd "$work/out" && ls -l --human-readable)
