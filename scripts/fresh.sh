#!/usr/bin/env bash
# usage: fresh.sh RELEASE…
# Called by `make fresh`: does what README.md promises, word for word, on fresh
# systems of these releases of Debian and Ubuntu, with the commit that is
# checked out. A system is what debootstrap's smallest variant makes, without
# package lists, as in a container's image. Needs root, a few GB in $TMPDIR
# (/var/tmp), and the network. The output of each step stays in build-fresh/.
set -u
cd "$(dirname "$0")/.." || exit
logs=$PWD/build-fresh
passed=0
failed=0

# shellcheck source=scripts/system.sh
. scripts/system.sh

[ $# -gt 0 ] || quit "which releases? for example: $0 bookworm trixie noble"
need git

work=$(mktemp -d -p "${TMPDIR:-/var/tmp}" tunnel-fresh-XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT

# --- what is promised -------------------------------------------------------------

# step RELEASE NAME COMMAND…
step() {
    local release=$1 name=$2 began=$SECONDS log=$logs/$1-${2// /-}.log status=0
    shift 2
    "$@" >"$log" 2>&1 || status=$?
    # The count that `make test` ends with is part of what it shows.
    local count
    count=$(grep -xE '[0-9]+ passed, .*' "$log" | tail -n 1)
    printf '  %-7s %4d s  %s: %s%s\n' "$([ $status -eq 0 ] && echo ok || echo FAILED)" \
        $((SECONDS - began)) "$release" "$name" "${count:+ ($count)}"
    if [ $status -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        tail -n 40 "$log" | sed 's/^/    /'
        say "    all of it: $log"
    fi
    return $status
}

package='webrtc-tunnel_*.deb'

try_release() {
    local release=$1 system=$work/$1 second=$work/$1-second
    printf '\n== %s (at %d s)\n' "$release" "$SECONDS"
    step "$release" debootstrap bootstrap "$release" "$system" || return
    cp -a "$system" "$second"
    cp "$work/tunnel.bundle" "$system/root/"

    step "$release" "git clone" inside "$system" '
        apt-get update
        apt-get install -y git make
        git clone tunnel.bundle tunnel' || return
    step "$release" "make demo" inside "$system" 'cd tunnel && make demo'
    step "$release" "make check" inside "$system" 'cd tunnel && make check'
    step "$release" "make test" inside "$system" 'cd tunnel && make test'
    sed -nE '/^(tried twice|skipped), /,/^in /{ /^in /d; /./s/^/        /p; }' \
        "$logs/$release-make-test.log"
    step "$release" "make deb" inside "$system" 'cd tunnel && make deb' || return
    step "$release" lintian inside "$system" "
        apt-get install -y --no-install-recommends lintian
        lintian --allow-root --fail-on error tunnel/build/$package"

    # shellcheck disable=SC2086 # a pattern
    mv "$system"/root/tunnel/build/$package "$second/tmp/"
    step "$release" "install the package" inside "$second" "
        apt-get update
        apt-get install -y /tmp/$package
        tunnel --version
        signal-server --version"
    rm -rf --one-file-system "$system" "$second"
}

mkdir -p "$logs"
git bundle create --quiet "$work/tunnel.bundle" HEAD || quit "there is no commit to test"
[ -z "$(git status --porcelain)" ] || say "$0: what is not committed takes no part"
for release; do
    try_release "$release"
done
printf '\nin %d s\n%d passed, %d failed\n' "$SECONDS" $passed $failed
[ $failed -eq 0 ]
