#!/usr/bin/env bash
# usage: libraries.sh ARCHITECTURE
# Called by dist.sh inside its Debian: builds what the static programs are linked
# with, from Debian's source packages against musl, into
# build-dist/musl-ARCHITECTURE. There share/sources/NAME says which version of a
# package NAME came from; what is there in the version of today is left as it is.
#
# A source that the mirror lacks may be put, unpacked, into
# build-dist/sources/NAME-VERSION, as version and name stand in the warning.
set -euo pipefail
cd "$(dirname "$0")/../.."
tree=$PWD
arch=$1
declare -A triplets=([amd64]=x86_64-linux-gnu [arm64]=aarch64-linux-gnu)
triplet=${triplets[$arch]}
prefix=$PWD/build-dist/musl-$arch
downloads=$PWD/build-dist/sources
jobs=$(nproc)
mkdir -p "$prefix"/{include,lib/pkgconfig,share/sources} "$downloads"

# musl brings no headers of the kernel; they fit any C library.
ln -sfn /usr/include/linux "$prefix/include/linux"
ln -sfn /usr/include/asm-generic "$prefix/include/asm-generic"
ln -sfn "/usr/include/$triplet/asm" "$prefix/include/asm"

compiler="$triplet-gcc -specs=/usr/lib/${triplet%-gnu}-musl/musl-gcc.specs"
[ -z "${CMAKE_C_COMPILER_LAUNCHER:-}" ] || compiler="$CMAKE_C_COMPILER_LAUNCHER $compiler"
flags="-O2 -ffunction-sections -fdata-sections -fstack-protector-strong -idirafter $prefix/include"

# by_cmake NAME OPTION…: as it installs itself.
by_cmake() {
    cmake -S . -B out -G Ninja -DCMAKE_TOOLCHAIN_FILE="$tree/cmake/musl.cmake" \
        -DTUNNEL_TRIPLET="$triplet" -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS_NONE="$flags" \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF \
        -DCMAKE_POLICY_DEFAULT_CMP0077=NEW "$@"
    ninja -C out -j "$jobs"
    ninja -C out install
}

# pc NAME LIBS: a file for pkg-config.
pc() {
    printf 'Name: %s\nDescription: %s, static\nVersion: %s\nCflags: -I%s\nLibs: -L%s %s\n' \
        "$1" "$1" "${version%-*}" "$prefix/include" "$prefix/lib" "$2" >"$prefix/lib/pkgconfig/$1.pc"
}

# --- each library, in the folder of its source ------------------------------------

# Only what TLS 1.2 and 1.3, DTLS 1.2 and our own uses ask for; trust anchors are
# looked for where Alpine, Debian and most others have them.
build_openssl() {
    # shellcheck disable=SC2086 # words
    CC=$compiler ./Configure "linux-${triplet%%-*}" --prefix="$prefix" --libdir=lib --openssldir=/etc/ssl \
        no-shared no-dso no-engine no-module no-tests no-afalgeng no-async no-comp no-ui-console \
        no-ssl3 no-tls1 no-tls1_1 no-dtls1 no-srp no-psk no-ct no-cmp no-cms no-ts no-ocsp \
        no-rfc3779 no-gost no-idea no-seed no-camellia no-aria no-bf no-cast no-rc2 no-rc4 no-des \
        no-md4 no-mdc2 no-whirlpool no-rmd160 no-sm2 no-sm3 no-sm4 no-dsa no-ec2m no-scrypt \
        no-siv no-ocb no-legacy $flags
    make -s -j "$jobs" build_generated
    make -s -j "$jobs" libcrypto.a libssl.a libcrypto.pc libssl.pc openssl.pc
    make -s install_dev
}

build_libuv1() {
    cmake -S . -B out -G Ninja -DCMAKE_TOOLCHAIN_FILE="$tree/cmake/musl.cmake" \
        -DTUNNEL_TRIPLET="$triplet" -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS_NONE="$flags" \
        -DLIBUV_BUILD_TESTS=OFF
    ninja -C out -j "$jobs" uv_a
    cp out/libuv_a.a "$prefix/lib/libuv.a"
    cp -r include/uv.h include/uv "$prefix/include/"
    pc libuv -luv
}

build_jansson() {
    by_cmake -DJANSSON_BUILD_DOCS=OFF -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON
}

build_qrencode() {
    by_cmake -DWITH_TOOLS=NO -DWITH_TESTS=NO
}

build_miniupnpc() {
    by_cmake -DUPNPC_BUILD_SHARED=OFF -DUPNPC_BUILD_TESTS=OFF -DUPNPC_BUILD_SAMPLE=OFF
}

build_libnatpmp() {
    # shellcheck disable=SC2086 # words
    for file in natpmp getgateway; do
        $compiler $flags -DENABLE_STRNATPMPERR -c $file.c -o $file.o
    done
    "$triplet-ar" rcs "$prefix/lib/libnatpmp.a" natpmp.o getgateway.o
    cp natpmp.h ./*declspec.h "$prefix/include/"
}

# ----------------------------------------------------------------------------------

# candidates NAME: the versions of its source that the lists name, newest first.
candidates() {
    apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -rVu
}

# have NAME VERSION: its source is in build-dist/sources, by apt, or because
# somebody has put it there, unpacked, whose mirror has none.
have() {
    [ ! -d "$downloads/$1-$2" ] || return 0
    (cd "$downloads" && apt-get source -q --only-source "$1=$2" &&
        mv "$(find . -maxdepth 1 -type d -name "$1-*" -newer "$started")" "./$1-$2")
}

# choose NAME: sets version to what of it is to be built.
choose() {
    for version in $(candidates "$1"); do
        touch "$started"
        ! have "$1" "$version" || return 0
        echo "WARNING: the source of $1 $version cannot be had, though it is listed" >&2
    done
    return 1
}

# make_library NAME PACKAGE: builds what was chosen, unless it is there. PACKAGE is the
# binary one, which has the licence.
make_library() {
    local name=$1 package=$2 stamp=$prefix/share/sources/$1
    [ "$(head -n 1 "$stamp" 2>/dev/null)" != "$version" ] || return 0
    echo "== $name $version for $arch"
    cp -r "$downloads/$name-$version" "$work/$name"
    touch "$started"
    pushd "$work/$name" >/dev/null
    "build_$name"
    popd >/dev/null
    cp "/usr/share/doc/$package/copyright" "$prefix/share/sources/$name.copyright"
    # The version, and the archives that it made.
    {
        echo "$version"
        find "$prefix/lib" -name '*.a' -newer "$started" -printf '%f\n'
    } >"$stamp"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
started=$work/started
for row in openssl:libssl-dev libuv1:libuv1-dev jansson:libjansson-dev \
    miniupnpc:libminiupnpc-dev qrencode:libqrencode-dev libnatpmp:libnatpmp-dev; do
    if choose "${row%:*}"; then
        make_library "${row%:*}" "${row#*:}"
        continue
    fi
    # Without these, there is no `--qr`, and no way through routers by NAT-PMP.
    case ${row%:*} in
    qrencode | libnatpmp) echo "WARNING: going on without ${row%:*}" >&2 ;;
    *) exit 1 ;;
    esac
done
