#!/usr/bin/env bash
# usage: package.sh ARCHITECTURE VERSION
# Called by dist.sh inside its Debian: builds for that architecture, runs the unit
# tests, under qemu where this machine is of another, and makes the .deb.
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=$1
version=$2
build=build-$arch
package=webrtc-tunnel_${version}_$arch.deb
out=$PWD/build-dist/out

cmake --preset "$arch"
cmake --build "$build" -j "$(nproc)"
ctest --test-dir "$build" -j "$(nproc)" --timeout 3600 --output-on-failure
(cd "$build" && DEB_HOST_ARCH=$arch cpack -G DEB)
cp "$build/$package" "$out/"
scripts/dist/sbom.py --version "$version" --architecture "$arch" "$package" \
    "$build/tunnel" "$build/signal-server" >"$out/$package.cdx.json"
