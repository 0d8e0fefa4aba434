#!/usr/bin/python3
"""Checks every #include of src/ against the two tables below: which layer may
use which, and which files may see which library. What a header includes, those
who include it see too, so a library's types cannot leak through one of ours.

    check_layers.py [SOURCE-FOLDER]     exit 1 on a breach, one line for each
"""

import fnmatch
import os
import re
import sys

# Dependencies point only downward (docs/ARCHITECTURE.md).
LAYERS = {
    "base": set(),
    "net": {"base"},
    "http": {"base", "net"},
    "signal": {"base", "net", "http"},
    "sctp": {"base"},
    "ice": {"base"},
    "rtc": {"base", "net", "sctp", "ice"},
    "tunnel": {"base", "net", "http", "signal", "rtc"},
    "cli": {"base", "net", "http", "signal", "rtc", "tunnel"},
}

# Narrower, also by way of what they include. signal-server has its main file in
# cli/, and shares two more, but nothing of WebRTC is in it. The multiplexer and
# the seal are engines: no socket, no loop.
FILE_LAYERS = {
    "cli/signal_server*": {"base", "net", "http", "signal"},
    "cli/certificate*": {"base", "net"},
    "cli/help*": {"base"},
    "cli/ice_url*": {"base", "net"},
    "cli/metrics_server*": {"base", "net", "http"},
    "cli/service*": {"base", "net"},
    "cli/stop*": {"base", "net"},
    "tunnel/mux*": {"base", "http", "tunnel"},
    "tunnel/seal[._]*": {"base", "sctp", "rtc", "tunnel"},
}

# Of a layer, a layer may use these files alone: cli/ has a tunnel, or checks a
# value, and nothing of what a tunnel consists of rises through it.
DOORS = {
    ("cli", "tunnel"): {"tunnel/tunnel.h", "tunnel/feature.h", "tunnel/origin.h",
                        "tunnel/rewrite.h", "tunnel/link.h", "tunnel/invite.h",
                        "tunnel/state.h", "tunnel/pool.h", "tunnel/state_folder.h",
                        "tunnel/inquiry.h", "tunnel/report.h"},
}

# A library is included by the files that adapt it.
LIBRARIES = {
    "uv.h": ["net/*"],
    "openssl/*": ["net/tls*", "net/websocket*.c", "rtc/cert.c", "rtc/cert_private.h", "rtc/dtls*",
                  "rtc/aead_*.c", "ice/stun_auth.c", "signal/ice_credentials.c", "signal/cluster/cluster_hash.c",
                  "tunnel/crypto.c"],
    "intel-ipsec-mb.h": ["rtc/aead_ipsec_mb.c"],
    "hiredis/*": ["signal/cluster/redis_reader.c"],
    "qrencode.h": ["cli/qr.c"],
    "natpmp.h": ["net/router.c"],
    "miniupnpc/*": ["net/router.c"],
    "jansson.h": ["signal/message.c", "signal/tracker_message.c", "rtc/candidate_json.c",
                  "tunnel/payload.c", "tunnel/error_body.c", "tunnel/seal_message.c",
                  "tunnel/report.c",
                  "cli/tunnel_json.c", "cli/status_view.c", "cli/request_view.c",
                  "cli/doctor_view.c", "cli/invite_view.c"],
}

# Anything else between angle brackets is the C library's or the kernel's.
SYSTEM = set(
    """arpa/inet.h arm_acle.h assert.h ctype.h dirent.h endian.h errno.h fcntl.h float.h fts.h
    immintrin.h inttypes.h ifaddrs.h langinfo.h limits.h locale.h math.h net/if.h netdb.h netinet/in.h
    netinet/ip.h netinet/tcp.h netinet/udp.h nmmintrin.h poll.h pthread.h signal.h smmintrin.h
    stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h
    string.h strings.h termios.h threads.h time.h uchar.h unistd.h""".split()
)
SYSTEM_FOLDERS = ("sys/",)

# What only one system has is for the folder of that name, in any layer.
ONLY_THERE = {
    "linux": "linux/* malloc.h sys/inotify.h sys/timerfd.h sys/epoll.h sys/eventfd.h",
    "bsd": "sys/event.h sys/sysctl.h net/route.h net/if_dl.h",
    "darwin": "libproc.h malloc/* mach/* sys/event.h sys/sysctl.h",
    "freebsd": "sys/event.h sys/sysctl.h sys/user.h sys/socketvar.h sys/filio.h sys/queue.h "
               "netinet/in_pcb.h netinet/tcp_var.h",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def read_tree(root):
    """{file: [(line, is_library, included)]} of all .c and .h below root."""
    tree = {}
    for folder, _, files in os.walk(root):
        for file in files:
            if file.endswith((".c", ".h")):
                path = os.path.join(folder, file)
                with open(path, encoding="utf-8") as source:
                    text = source.read()
                tree[os.path.relpath(path, root)] = [
                    (text.count("\n", 0, m.start(2)) + 1, m[1] == "<", m[2])
                    for m in INCLUDE.finditer(text)
                ]
    return tree


def is_for(folder, header):
    """Whether that system's table has the header."""
    return matches(header, ONLY_THERE.get(folder, "").split())


def library_of(header):
    """The pattern of the table that names the header, or None for the system."""
    for pattern in LIBRARIES:
        if fnmatch.fnmatchcase(header, pattern):
            return pattern
    return None


def libraries_seen(tree, file, trail=()):
    """(library header, by way of) for all that a file sees, itself or through
    our headers."""
    for _, is_library, name in tree.get(file, []):
        if is_library and library_of(name):
            yield name, trail
        elif not is_library and name in tree and name not in trail:
            yield from libraries_seen(tree, name, trail + (name,))


def headers_seen(tree, file, seen):
    """All headers of ours that a file sees, itself or through others."""
    for _, is_library, name in tree.get(file, []):
        if not is_library and name in tree and name not in seen:
            seen.add(name)
            headers_seen(tree, name, seen)
    return seen


def check_narrower(tree, file):
    for pattern, layers in FILE_LAYERS.items():
        if not fnmatch.fnmatchcase(file, pattern):
            continue
        for name in sorted(headers_seen(tree, file, set())):
            if name.split("/")[0] not in layers | {file.split("/")[0]}:
                yield f'{file}: may not see "{name}"'


def check(tree):
    for file, includes in sorted(tree.items()):
        layer = file.split("/")[0]
        if layer not in LAYERS:
            yield f"{file}: {layer}/ is no layer that this script knows"
            continue
        allowed = LAYERS[layer] | {layer}
        yield from check_narrower(tree, file)
        for line, is_library, name in includes:
            if is_library and is_for(file.split("/")[1], name):
                continue
            if is_library:
                known = library_of(name) or name in SYSTEM or name.startswith(SYSTEM_FOLDERS)
                systems = [system for system in ONLY_THERE if is_for(system, name)]
                if systems:
                    yield f"{file}:{line}: <{name}> is for {layer}/{systems[0]}/ alone"
                elif not known:
                    yield f"{file}:{line}: <{name}> is in no table of this script"
            elif name not in tree:
                yield f'{file}:{line}: "{name}" does not exist (paths begin at the source folder)'
            elif name.split("/")[0] not in allowed or \
                    name not in DOORS.get((layer, name.split("/")[0]), {name}):
                yield f'{file}:{line}: {layer}/ may not use "{name}"'
        for name, trail in sorted(set(libraries_seen(tree, file))):
            if not matches(file, LIBRARIES[library_of(name)]):
                way = f" (by way of {', '.join(trail)})" if trail else ""
                yield f"{file}: may not see <{name}>{way}"


def main():
    default = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src")
    tree = read_tree(sys.argv[1] if len(sys.argv) > 1 else default)
    breaches = list(check(tree))
    for breach in breaches:
        print(f"layers: {breach}")
    if not breaches:
        print(f"layers: {len(tree)} files keep to them")
    return 1 if breaches or not tree else 0


if __name__ == "__main__":
    sys.exit(main())
