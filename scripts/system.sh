# shellcheck shell=bash
# Sourced by `make fresh` and `make dist`: systems of Debian and Ubuntu of their
# own, as what debootstrap's smallest variant makes, in a folder.
#
# How packages are reached is taken from this machine: its mirror of the same
# distribution, apt's settings, npm's registry, CA certificates. A mirror may be
# named: DEBIAN_MIRROR, DEBIAN_SECURITY_MIRROR, UBUNTU_MIRROR.
#
# A system is made and runs in namespaces for mounts and processes, so that
# nothing of it outlives the script, however that ends; it shares this machine's
# network.
ubuntu_keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
child=

say() {
    printf '%s\n' "$*" >&2
}

quit() {
    say "$0: $*"
    exit 1
}

# need PROGRAM…: they are there, and we may use them.
need() {
    [ "$(id -u)" -eq 0 ] || quit "only root can make systems and enter them"
    for program in debootstrap unshare setpriv "$@"; do
        command -v "$program" >/dev/null || quit "there is no $program"
    done
}

# What runs is ended by its namespace, as soon as the one that made it is.
trap '[ -z "$child" ] || kill -KILL "$child"; exit 130' INT TERM

# Runs inside the new namespaces: what a booted machine has mounted, then a shell.
# shellcheck disable=SC2016 # expanded there
enter='
    set -eu
    root=$1 command=$2
    mount --bind "$root" "$root"
    if [ -n "${TREE:-}" ]; then
        mkdir -p "$root/root/tunnel"
        mount --bind "$TREE" "$root/root/tunnel"
    fi
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

# inside ROOT COMMANDS: by a shell in that system, as its root. What stands in
# `surroundings` is in its environment; a folder named there as TREE is
# /root/tunnel to it.
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

# mirror_of Debian|Debian-Security|Ubuntu: this machine's own; nothing, if it is of
# the other kind.
mirror_of() {
    local named=${1^^}_MIRROR
    named=${named//-/_}
    if [ -n "${!named:-}" ]; then
        echo "${!named}"
        return
    fi
    # shellcheck disable=SC2016 # the words in brackets are apt's
    apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        sed -n "s,^[^/]*/$1 http,http,p" | head -n 1
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
