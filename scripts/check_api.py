#!/usr/bin/python3
"""Names the functions that others could call and nobody does: not static, and
used by no object file of the programs but their own. One that is there for the
tests says so in its header, in the comment in front of it or in the one that
opens its section ("/* ---- for tests ---- */"); any other is to be static, or
to go.

    check_api.py BUILD-FOLDER     exit 1 when there are some, one line for each
"""

import os
import re
import sys

from object_symbols import symbols_of

SOURCES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src")
FOR_TESTS = re.compile(r"\bfor[\s*]+(the[\s*]+)?tests\b", re.I)


def files_of(suffix, root):
    for folder, _, files in os.walk(root):
        for file in files:
            if file.endswith(suffix):
                yield os.path.join(folder, file)


def source_of(path, build):
    """Below src/, of an object file; "__" is CMake's word for the folder above."""
    folder, inside = os.path.relpath(path, os.path.join(build, "src")).split("/CMakeFiles/")
    file = inside.split("/", 1)[1].replace("__", "..")
    return os.path.normpath(os.path.join(folder, file[: -len(".o")]))


def read_symbols(build):
    """({name: the object that defines it}, {name: the objects that use it})"""
    # A build folder keeps the objects of files that are gone.
    paths = [path for path in files_of(".c.o", os.path.join(build, "src"))
             if os.path.exists(os.path.join(SOURCES, source_of(path, build)))]
    defined, used = {}, {}
    for path, (defines, uses) in symbols_of(paths).items():
        defined.update(dict.fromkeys(defines, path))
        for name in uses:
            used.setdefault(name, set()).add(path)
    return defined, used


def comment_before(text, at):
    """The comment that ends right in front of a prototype, or of the lines
    without a blank one in between that it stands in."""
    block = text[text.rfind("\n\n", 0, at) + 1 : at]
    return block[: block.rfind("*/") + 2]


def section_before(text, at):
    sections = re.findall(r"/\* -+ (.*?) -+ \*/", text[:at])
    return sections[-1] if sections else ""


def is_marked(name, headers):
    for text in headers:
        found = re.search(rf"^(?! ?[/*])[^\n]*?\b{name}\(", text, re.M)
        if found:
            return bool(FOR_TESTS.search(comment_before(text, found.start()))
                        or FOR_TESTS.search(section_before(text, found.start())))
    return False


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    defined, used = read_symbols(sys.argv[1])
    headers = []
    for path in files_of(".h", SOURCES):
        with open(path, encoding="utf-8") as header:
            headers.append(header.read())
    idle = [name for name in sorted(defined)
            if name != "main" and not used.get(name, set()) - {defined[name]}
            and not is_marked(name, headers)]
    for name in idle:
        file = os.path.basename(defined[name])[: -len(".o")]
        print(f"api: {name}() of {file} is called by no other file: make it static, or say in its "
              "header that it is there for tests")
    if not idle:
        print(f"api: all of {len(defined)} functions are called, or there for tests")
    return 1 if idle or not defined else 0


if __name__ == "__main__":
    sys.exit(main())
