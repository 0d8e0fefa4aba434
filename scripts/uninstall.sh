#!/bin/sh
# usage: uninstall.sh BUILD-FOLDER PREFIX
# Removes what `make install` has put below PREFIX, below DESTDIR if that is
# set: installs it once more into an empty folder, to see which files that are.
# Folders that are empty then go, too, if they bear our name.
set -eu
build=$1
prefix=$2
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
DESTDIR=$stage ${CMAKE:-cmake} --install "$build" --prefix "$prefix" >/dev/null
(cd "$stage" && find . ! -type d) | sed 's|^\.||' | while read -r path; do
    rm -f "${DESTDIR:-}$path"
done
rmdir "${DESTDIR:-}$prefix/share/doc/webrtc-tunnel/examples" \
    "${DESTDIR:-}$prefix/share/doc/webrtc-tunnel" 2>/dev/null || true
