#!/bin/sh
# usage: install-deps.sh GROUP…
# Sees to it that all is there that the groups need, by the table below: what
# is missing is installed from the packages of Debian and its like, after
# saying how much that is. Does nothing when all is there, wherever it came
# from. Without apt-get, or without root, it says what is missing.
#
#   build   the programs, and the demo     lint    all that `make lint` can run
#   check   the unit tests                 fuzz    the preset of that name
#   test    all other tests                deb     a Debian package
#   bench   the measurements               fresh   `make fresh`
#   dist    `make dist`
#
# What a release has no package of is an error, but for `test`, `lint` and
# `fresh`, which leave out what needs it, and for what the table calls optional.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

# Group, Debian's package, and what shows that it is there: a program, a /FILE,
# pc:MODULE of pkg-config, h:HEADER, py:MODULE of Python, or a link with libFuzzer.
# Optional is what not every processor or release has.
table='
    build  build-essential  cc
    build  cmake            cmake
    build  ninja-build      ninja
    build  pkg-config       pkg-config
    build  libuv1-dev       pc:libuv
    build  libssl-dev       pc:openssl
    build  libjansson-dev   pc:jansson
    build  libqrencode-dev  pc:libqrencode
    build  libipsec-mb-dev  h:intel-ipsec-mb.h  optional
    build  libnatpmp-dev    h:natpmp.h          optional
    build  libminiupnpc-dev pc:miniupnpc        optional
    build  libhiredis-dev   pc:hiredis          optional
    build  curl             curl
    build  python3          /usr/bin/python3

    check  libcmocka-dev    pc:cmocka
    check  libnice-dev      pc:nice
    check  libusrsctp-dev   pc:usrsctp

    test   clang-format     clang-format
    test   valgrind         valgrind
    test   python3-aiortc   py:aiortc
    test   python3-aiohttp  py:aiohttp
    test   python3-grpcio   py:grpc
    test   prometheus       promtool
    test   python3-prometheus-client py:prometheus_client
    test   nodejs           node
    test   npm              npm
    test   chromium         chromium
    test   firefox-esr      firefox-esr
    test   openssl          openssl
    test   iproute2         ip
    test   procps           sysctl
    test   nftables         nft
    test   coturn           turnserver
    test   squid            squid
    test   dante-server     danted
    test   miniupnpd-nftables miniupnpd
    test   tayga            tayga
    test   avahi-daemon     avahi-daemon
    test   avahi-utils      avahi-browse
    test   dbus             dbus-daemon
    test   shellcheck       shellcheck
    test   git              git
    test   nginx-light      nginx
    test   redis-server     redis-server
    test   redis-sentinel   redis-sentinel
    test   haproxy          haproxy
    test   zsh              zsh
    test   fish             fish

    lint   clang-format     clang-format
    lint   clang-tidy       clang-tidy
    lint   cppcheck         cppcheck
    lint   shellcheck       shellcheck
    lint   nodejs           node
    lint   npm              npm
    lint   python3-venv     py:ensurepip

    fuzz   clang            clang
    fuzz   libclang-rt-dev  libfuzzer

    deb    dpkg-dev         dpkg-shlibdeps
    deb    file             file

    bench  nginx-light      nginx
    bench  wrk              wrk
    bench  openssh-server   sshd
    bench  openssh-client   ssh
    bench  procps           pgrep
    bench  redis-server     redis-server

    fresh  debootstrap      debootstrap
    fresh  git              git
    fresh  ubuntu-keyring   /usr/share/keyrings/ubuntu-archive-keyring.gpg

    dist   debootstrap      debootstrap
    dist   git              git
'

say() {
    echo "$0: $*" >&2
}

is_there() {
    case $1 in
    pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
    h:*) echo "#include <${1#h:}>" | cc -E - >/dev/null 2>&1 ;;
    py:*) /usr/bin/python3 -c "import importlib.util as util, sys
sys.exit(util.find_spec('${1#py:}') is None)" 2>/dev/null ;;
    libfuzzer) echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
        clang -x c -fsanitize=fuzzer - -o /dev/null 2>/dev/null ;;
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# missing_of GROUP [optional]: its packages of which something is not there.
missing_of() {
    echo "$table" | while read -r group package brings optional; do
        [ "$group $optional" = "$1 ${2:-}" ] || continue
        is_there "$brings" || printf ' %s' "$package"
    done
}

# without WORDS WHY: these stay away. That is an end, unless they can.
without() {
    [ -n "$1" ] || return 0
    say "$2, and these are missing:$1"
    for package in $1; do
        case " $needed " in
        *" $package "*) exit 1 ;;
        esac
    done
    say "going on without; what needs them will say so"
}

has_package() {
    apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# How much an installation is, in apt's own figures.
amount_of() {
    # shellcheck disable=SC2086 # a list of words, as all of these
    $as_root env LC_ALL=C apt-get install --assume-no --no-install-recommends $1 2>/dev/null |
        sed -nE 's/.* ([0-9]+) newly installed.*/\1 packages/p
            s|^Need to get (.*/)?(.*) of archives.*|, \2 to download|p
            s/^After this operation, (.*) of additional disk space.*/, \1 on disk/p' | tr -d '\n'
}

install() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $1
}

# A fresh machine or image has no lists, and old ones name what is gone.
install_debian() {
    # shellcheck disable=SC2016 # the words in brackets are apt's
    if [ -z "$(apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages')" ]; then
        $as_root apt-get update -q
    fi
    unknown=''
    known=''
    for package in $1; do
        if has_package "$package"; then known="$known $package"; else unknown="$unknown $package"; fi
    done
    without "$unknown" "this release has no package of that name"
    [ -n "$known" ] || return 0
    say "installing for '$groups':$known"
    say "that is $(amount_of "$known")"
    install "$known" || { $as_root apt-get update -q && install "$known"; }
    # Their packages start servers for all the world; the tests start their own.
    for service in coturn squid dante-server:danted miniupnpd-nftables:miniupnpd avahi-daemon \
        tayga; do
        case "$known " in
        *" ${service%:*} "*) $as_root systemctl disable --now "${service#*:}" 2>/dev/null || true ;;
        esac
    done
}

# npm packages stay in the folder that asks for them. Folders do not wait for
# each other.
install_npm() { # FOLDER…
    running=''
    for folder; do
        # npm leaves its own copy of the lock file behind.
        installed=$folder/node_modules/.package-lock.json
        if [ -e "$installed" ] && [ -z "$(find "$folder/package-lock.json" -newer "$installed")" ]
        then
            continue
        fi
        say "installing the npm packages of $folder/package-lock.json"
        { npm ci --prefix "$folder" --no-audit --no-fund --no-update-notifier &&
            touch "$installed"; } &
        running="$running $!"
    done
    for process in $running; do
        wait "$process"
    done
}

# zig's C compiler, for scripts/check_targets.py: it has the headers of macOS and
# FreeBSD, and no package of Debian. Python's registry has it.
zig=ziglang==0.17.1
install_zig() {
    if command -v zig >/dev/null || [ -e build-zig/bin/pip ]; then return 0; fi
    say "installing $zig from Python's registry into build-zig: 100 MB to download, 430 MB on disk"
    { python3 -m venv build-zig && build-zig/bin/pip install -q "$zig"; } || {
        rm -rf build-zig
        say "going on without zig; what needs it will say so"
    }
}

groups=$*
needed=''
optional=''
for group; do
    case $group in
    build | check | fuzz | deb | bench | dist)
        needed="$needed$(missing_of "$group")"
        optional="$optional$(missing_of "$group" optional)"
        ;;
    test | lint | fresh) optional="$optional$(missing_of "$group")" ;;
    *)
        echo "usage: $0 build|check|test|lint|fuzz|deb|bench|fresh|dist… (got '$group')" >&2
        exit 2
        ;;
    esac
done

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
if [ -z "$needed$optional" ]; then
    :
elif ! command -v apt-get >/dev/null; then
    without "$needed$optional" "there is no apt-get here to install Debian's packages with"
elif [ -n "$as_root" ] && ! command -v sudo >/dev/null; then
    without "$needed$optional" "only root can install Debian's packages"
else
    install_debian "$needed$optional"
fi

case " $groups " in
*" test "*) folders='tests/interop/werift tests/openai tests/clients tests/trackers web' ;;
*" lint "*) folders=web ;;
*) folders='' ;;
esac
# shellcheck disable=SC2086
if command -v npm >/dev/null; then install_npm $folders; fi
case " $groups " in *" lint "*) install_zig ;; esac
