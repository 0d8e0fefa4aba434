#!/usr/bin/python3
"""Which system it is built for is for the folders of src/ that are named after
one, and CMake, to know: no other file of src/ asks for it with an #if. (What the
processor is, or whether a library is there, they may ask.) And what Linux has a
file for, the others have one of that name for, too: in bsd/, or each in its own.

    check_systems.py [SOURCE-FOLDER]     exit 1 on a breach, one line for each
"""

import os
import re
import sys

FOLDERS = {"linux", "bsd", "darwin", "freebsd"}

# What the preprocessor knows systems and their C libraries by, and what it is
# often asked instead: whether a constant of the system's is there.
SYSTEMS = re.compile(
    r"""\b(_*(linux|gnu_linux|unix|APPLE|MACH|FreeBSD|NetBSD|OpenBSD|DragonFly|BSD|GLIBC\w*|
    UCLIBC|ANDROID|CYGWIN|WIN32|WIN64|sun|SVR4)_*|TARGET_OS_\w+|HAVE_\w+|__has_include|
    (SO|SOCK|MSG|IP|IPV6|TCP|UDP|CLOCK|EVFILT|NOTE|O|F|AF|PF)_[A-Z0-9_]+)\b""",
    re.X)
CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b((?:\\\n|.)*)", re.M)


def files_of(root):
    for folder, _, files in os.walk(root):
        for file in sorted(files):
            if file.endswith((".c", ".h")):
                yield os.path.join(folder, file)


def is_system_file(path, root):
    """As in LAYER/SYSTEM/FILE."""
    return os.path.relpath(path, root).split("/")[1] in FOLDERS


def conditions_of(path):
    """(line, condition) of each that asks for a system."""
    with open(path, encoding="utf-8") as source:
        text = source.read()
    for found in CONDITION.finditer(text):
        if SYSTEMS.search(found[1]):
            condition = re.sub(r"\s*\\\n\s*", " ", found[1]).strip()
            yield text.count("\n", 0, found.start()) + 1, condition


def unequal(root):
    """Of each layer: what is not there for all systems."""
    for layer in sorted(os.listdir(root)):
        names = {system: {file for file in os.listdir(os.path.join(root, layer, system))
                          if file.endswith(".c")}
                 for system in FOLDERS if os.path.isdir(os.path.join(root, layer, system))}
        for system, other in (("darwin", "freebsd"), ("freebsd", "darwin")):
            for file in sorted(names.get(system, set()) - names.get(other, set())):
                yield f"{layer}/{system}/{file} has no counterpart in {layer}/{other}/"
        others = names.get("bsd", set()) | names.get("darwin", set())
        for file in sorted(names.get("linux", set()) - others):
            yield f"{layer}/linux/{file} has no counterpart for other systems"


def main():
    default = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src")
    root = sys.argv[1] if len(sys.argv) > 1 else default
    paths = [path for path in files_of(root) if not is_system_file(path, root)]
    breaches = 0
    for path in paths:
        for line, condition in conditions_of(path):
            print(f"systems: {os.path.relpath(path, root)}:{line}: asks for the system "
                  f"({condition}): what it has in its own way is for a folder of its name")
            breaches += 1
    for what in unequal(root):
        print(f"systems: {what}")
        breaches += 1
    if not breaches:
        print(f"systems: {len(paths)} files ask for none; each that is one's has its counterparts")
    return 1 if breaches or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
