#!/usr/bin/python3
"""Compiles all of src/ for macOS and FreeBSD, with a compiler that has their
headers: zig's. Warnings are errors. Nothing is linked or run; but a function of
ours that FreeBSD's objects use and none of them has is an error, and macOS has
the same files (check_systems.py).

    check_targets.py [BUILD-FOLDER]     exit 1 on an error, 77 without zig

Objects and zig's cache go below build-targets/, or the folder named. zig is
what PATH has, or the one that scripts/install-deps.sh lint puts into
build-zig/.
"""

import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys

from object_symbols import symbols_of

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OWN = os.path.join(ROOT, "build-zig", "lib", "python3*", "site-packages", "ziglang", "zig")
SYSTEMS = {"linux", "bsd", "darwin", "freebsd"}

# zig's name, the folders of src/LAYER/ as in CMakeLists.txt, what else it takes:
# for x86 zig names each feature, and then those of an attribute alone do not do.
TARGETS = {
    "aarch64-macos": ({"bsd", "darwin"}, []),
    "x86_64-freebsd": ({"bsd", "freebsd"}, ["-mcpu=x86_64+sse4_2+crc32"]),
}

# Headers of libraries are the same on all systems, but the C library's beside
# them in /usr/include are not: these alone are shown, and with optional ones
# the definition that uses them.
HEADERS = {
    "uv.h": "", "uv": "", "openssl": "", "jansson.h": "", "jansson_config.h": "",
    "qrencode.h": "TUNNEL_QRENCODE", "natpmp.h": "TUNNEL_NATPMP",
    "natpmp_declspec.h": "", "miniupnpc": "TUNNEL_MINIUPNPC",
}
FLAGS = """-std=c17 -O1 -UNDEBUG -g0 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla -Wconversion
    -Werror -D_GNU_SOURCE -DTUNNEL_VERSION="0" -Isrc""".split()
X86_ONLY = {"src/rtc/aead_ipsec_mb.c"}  # CMake leaves it out where libipsec-mb is not


def find_zig():
    return next(iter(glob.glob(OWN)), None) or shutil.which("zig")


def show_headers(folder):
    """Makes the folder of them. The definitions that go with what was found."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name in HEADERS:
        found = [os.path.join("/usr/include", name)] + glob.glob(f"/usr/include/*-linux-*/{name}")
        for path in filter(os.path.exists, found):
            copy = shutil.copytree if os.path.isdir(path) else shutil.copy
            options = {"dirs_exist_ok": True} if os.path.isdir(path) else {}
            copy(path, os.path.join(folder, name), **options)
    return [f"-D{definition}" for name, definition in HEADERS.items()
            if definition and os.path.exists(os.path.join(folder, name))]


def sources_for(folders):
    files = subprocess.run(["git", "ls-files", "src/*.c"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split()
    other = SYSTEMS - folders
    return [file for file in files if file.split("/")[2] not in other and file not in X86_ONLY
            and os.path.exists(os.path.join(ROOT, file))]


def compile_one(command, source, to, environment):
    os.makedirs(os.path.dirname(to), exist_ok=True)
    done = subprocess.run([*command, "-c", "-o", to, source], cwd=ROOT, env=environment,
                          check=False, capture_output=True, text=True)
    return source, done.stderr.strip() if done.returncode else ""


def compile_all(zig, target, build, definitions):
    """How many files, and how many of them do not compile."""
    folders, more = TARGETS[target]
    command = [zig, "cc", "-target", target, *more, *FLAGS, *definitions, "-isystem",
               os.path.join(build, "include")]
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": os.path.join(build, "cache"),
                   "ZIG_LOCAL_CACHE_DIR": os.path.join(build, "cache")}
    sources, bad = sources_for(folders), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_one, command, source,
                            os.path.join(build, target, source[: -len("c")] + "o"), environment)
                for source in sources]
        for job in concurrent.futures.as_completed(jobs):
            source, said = job.result()
            if said:
                print(f"targets: {source} does not compile for {target}:\n{said}")
                bad += 1
    return len(sources), bad


def prototypes():
    """The functions that our headers declare."""
    for path in glob.glob(os.path.join(ROOT, "src", "**", "*.h"), recursive=True):
        with open(path, encoding="utf-8") as header:
            yield from re.findall(r"^\w[\w *]*?(\w+)\([^;{]*\)[^;{]*;", header.read(), re.M)


def missing_of(folder):
    """Functions of ours that the objects there use and none has."""
    objects = symbols_of(glob.glob(os.path.join(folder, "**", "*.o"), recursive=True))
    defined = {name for symbols in objects.values() for name in symbols[0]}
    used = {name for symbols in objects.values() for name in symbols[1]}
    return sorted((used - defined) & set(prototypes()))


def main():
    zig = find_zig()
    if not zig:
        print("skipped: no zig here, whose compiler has the headers of macOS and FreeBSD "
              "(scripts/install-deps.sh lint brings it)")
        return 77
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1
                            else os.path.join(ROOT, "build-targets"))
    definitions = show_headers(os.path.join(build, "include"))
    for target in TARGETS: # objects of files that are gone
        shutil.rmtree(os.path.join(build, target), ignore_errors=True)
    failed = 0
    for target in TARGETS:
        count, bad = compile_all(zig, target, build, definitions)
        missing = missing_of(os.path.join(build, target)) if "freebsd" in target else []
        for name in missing:
            print(f"targets: {name}() is in no file for {target}")
        failed += bad + len(missing)
        if not bad:
            print(f"targets: {count} files compile for {target}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
