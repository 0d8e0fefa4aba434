#!/usr/bin/env bash
# usage: fresh.sh RELEASE…
# Called by `make fresh`: does what README.md promises, word for word, on fresh
# systems of these releases of Debian and Ubuntu, with the commit that is
# checked out. A system is what debootstrap's smallest variant makes, without
# package lists, as in a container's image. Needs root, a few GB in $TMPDIR
# (/var/tmp), and the network. The output of each step stays in build-fresh/.
#
# How packages are reached is taken from this machine: its mirror of the same
# distribution, apt's settings, npm's registry, CA certificates. A mirror may be
# named: FRESH_DEBIAN_MIRROR, FRESH_UBUNTU_MIRROR.
#
# A system is made and runs in namespaces for mounts and processes, so that
# nothing of it outlives this script, however that ends; it shares this
# machine's network.
set -u
cd "$(dirname "$0")/.." || exit
logs=$PWD/build-fresh
ubuntu_keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
passed=0
failed=0
child=

say() {
    printf '%s\n' "$*" >&2
}

quit() {
    say "$0: $*"
    exit 1
}

[ $# -gt 0 ] || quit "which releases? for example: $0 bookworm trixie noble"
[ "$(id -u)" -eq 0 ] || quit "only root can make systems and enter them"
for program in debootstrap unshare setpriv git; do
    command -v $program >/dev/null || quit "there is no $program"
done

work=$(mktemp -d -p "${TMPDIR:-/var/tmp}" tunnel-fresh-XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
# What runs is ended by its namespace, as soon as the one that made it is.
trap '[ -z "$child" ] || kill -KILL "$child"; exit 130' INT TERM

# --- a system -------------------------------------------------------------------

# Runs inside the new namespaces: what a booted machine has mounted, then a shell.
# shellcheck disable=SC2016 # expanded there
enter='
    set -eu
    root=$1 command=$2
    mount --bind "$root" "$root"
    cd "$root"
    mount -t proc proc proc
    mount -t sysfs sysfs sys
    mount --rbind /dev dev
    mount -t tmpfs -o mode=755 tmpfs run
    mkdir -p .outside
    pivot_root . .outside
    umount -l /.outside
    cd /root
    exec sh -eux -c "$command"'

# contained COMMAND…: what it mounts and starts is gone when it ends, or we do.
contained() {
    setpriv --pdeathsig KILL \
        unshare --mount --propagation private --pid --mount-proc --fork --kill-child "$@" \
        </dev/null &
    child=$!
    wait $child
    local status=$?
    child=
    return $status
}

# inside ROOT COMMANDS: by a shell in that system, as its root.
inside() {
    contained env -i HOME=/root TERM=dumb LANG=C.UTF-8 "${surroundings[@]}" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        sh -c "$enter" enter "$@"
}

# What processes must know to reach the network from here.
surroundings=(NODE_EXTRA_CA_CERTS=/etc/machine-ca.crt)
for name in http_proxy https_proxy no_proxy; do
    [ -z "${!name:-}" ] || surroundings+=("$name=${!name}")
done
if command -v npm >/dev/null; then
    surroundings+=("npm_config_registry=$(npm config get registry)")
fi

# mirror_of Debian|Ubuntu: this machine's own; nothing, if it is of the other kind.
mirror_of() {
    local named=FRESH_${1^^}_MIRROR
    if [ -n "${!named:-}" ]; then
        echo "${!named}"
        return
    fi
    # shellcheck disable=SC2016 # the words in brackets are apt's
    apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        sed -n "s,^$1/$1 http,http,p" | head -n 1
}

# bootstrap RELEASE ROOT
bootstrap() {
    local script=/usr/share/debootstrap/scripts/$1 args=(--variant=minbase) kind
    case $1 in
    bookworm | trixie | forky | sid) kind=Debian ;;
    *)
        kind=Ubuntu
        args+=("--components=main,universe" "--keyring=$ubuntu_keyring")
        # All of Ubuntu's are one script, but an old debootstrap knows no new names.
        [ -e "$script" ] || script=${script%/*}/gutsy
        if [ ! -e $ubuntu_keyring ]; then
            say "there is no $ubuntu_keyring (it is in Debian 13's package ubuntu-keyring)"
            return 1
        fi
        ;;
    esac
    contained debootstrap "${args[@]}" "$1" "$2" "$(mirror_of $kind)" "$script" || return
    apt-config dump | grep -E '^Acquire::(https?|Check|Retries|Force)' >"$2/etc/apt/apt.conf.d/99machine"
    cp /etc/ssl/certs/ca-certificates.crt "$2/etc/machine-ca.crt"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$2/etc/hosts"
    echo force-unsafe-io >"$2/etc/dpkg/dpkg.cfg.d/machine" # it is thrown away anyway
    rm -rf "$2"/var/lib/apt/lists/* "$2"/var/cache/apt/archives/*.deb
}

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
