#!/usr/bin/env bash
# usage: static.sh ARCHITECTURE VERSION
# Called by dist.sh inside its Debian: the two programs with all that they need in
# them, as a tarball with one folder, and as a container's image that holds that
# folder as its /usr, and what else they look for.
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=$1
version=$2
build=build-musl-$arch
libraries=build-dist/musl-$arch
out=$PWD/build-dist/out
name=webrtc-tunnel-$version-linux-$arch
image=webrtc-tunnel-$version-oci-$arch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mib=$((1 << 20))

scripts/dist/libraries.sh "$arch"
cmake --preset "musl-$arch"
cmake --build "$build" -j "$(nproc)"

# --- the tarball ------------------------------------------------------------------

DESTDIR=$work cmake --install "$build" --strip >/dev/null
mv "$work/usr" "$work/$name"
cp LICENSE README.md "$work/$name/"
for licence in "$libraries"/share/sources/*.copyright; do
    install -D -m 644 "$licence" "$work/$name/share/doc/webrtc-tunnel/libraries/${licence##*/}"
done
install -D -m 644 /usr/share/doc/musl-dev/copyright \
    "$work/$name/share/doc/webrtc-tunnel/libraries/musl.copyright"

for program in tunnel signal-server; do
    bytes=$(stat -c %s "$work/$name/bin/$program")
    echo "size: $name $program $bytes bytes"
    if [ "$bytes" -gt $((5 * mib)) ]; then
        echo "$program is larger than 5 MiB" >&2
        exit 1
    fi
    if readelf --program-headers "$work/$name/bin/$program" | grep -q INTERP; then
        echo "$program is not static" >&2
        exit 1
    fi
done

# packed FILE FOLDER ENTRY: the same bytes from the same files, whoever packs them.
packed() {
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX \
        --mtime="@${SOURCE_DATE_EPOCH:-0}" --directory "$2" "$3" >"$1"
}

packed "$work/tree.tar" "$work" "$name"
gzip -9n <"$work/tree.tar" >"$out/$name.tar.gz"
sbom() { # ARTIFACT OPTION…
    local artifact=$1
    shift
    scripts/dist/sbom.py --version "$version" --architecture "$arch" --static "$libraries" "$@" \
        "$artifact" "$build/tunnel" "$build/signal-server" >"$out/$artifact.cdx.json"
}
sbom "$name.tar.gz"

# --- the image --------------------------------------------------------------------

# FROM scratch: the programs and their licences, Debian's CA certificates where
# OpenSSL looks for them, and a folder for state that belongs to the user.
user=65532
rootfs=$work/bundle/rootfs
layout=$work/$image
umoci init --layout "$layout"
umoci new --image "$layout:$version"
umoci unpack --image "$layout:$version" "$work/bundle"
install -D -m 755 -t "$rootfs/usr/bin" "$work/$name/bin/"*
mkdir -p "$rootfs/usr/share/doc" "$rootfs/etc/ssl/certs" "$rootfs/var/lib/tunnel"
cp -r "$work/$name/share/doc/webrtc-tunnel" "$rootfs/usr/share/doc/"
cp "$work/$name/LICENSE" "$rootfs/usr/share/doc/webrtc-tunnel/"
cp /etc/ssl/certs/ca-certificates.crt "$rootfs/etc/ssl/certs/"
ln -s certs/ca-certificates.crt "$rootfs/etc/ssl/cert.pem"
chown "$user:$user" "$rootfs/var/lib/tunnel"
chmod 700 "$rootfs/var/lib/tunnel"
find "$rootfs" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
created=$(date --utc --date="@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ)
umoci repack --image "$layout:$version" --history.created "$created" "$work/bundle"
umoci config --image "$layout:$version" --history.created "$created" --created "$created" \
    --os linux --architecture "$arch" --config.user "$user:$user" \
    --config.env PATH=/usr/bin --config.env XDG_STATE_HOME=/var/lib \
    --config.volume /var/lib/tunnel --config.cmd tunnel --config.cmd --help \
    --config.label org.opencontainers.image.title=webrtc-tunnel \
    --config.label "org.opencontainers.image.version=$version" \
    --config.label org.opencontainers.image.licenses=MIT
umoci gc --layout "$layout"
packed "$out/$image.tar" "$layout" .
sbom "$image.tar" --package ca-certificates
