#!/usr/bin/python3
"""Names the circles among the files of a layer: sets of object files of which
each needs all the others, by what `nm` says they define and use. A file in a
circle cannot be understood, or tested, without the rest of it.

    check_circles.py BUILD-FOLDER     exit 1 when a circle is new, or grew, or
                                      when one that is allowed is gone
"""

import os
import subprocess
import sys

# Known circles, which only shrink: a file leaves its set when its circle does
# without it. An empty list is the aim.
ALLOWED = {}


def symbols(path):
    """(defined, undefined) names of an object that others can see."""
    defined, undefined = set(), set()
    out = subprocess.run(["nm", "--extern-only", "--format=posix", path],
                         check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        name, kind = line.split()[:2]
        (undefined if kind == "U" else defined).add(name)
    return defined, undefined


def edges_of(folder, sources):
    """{file: files of the same layer that it needs}"""
    objects = {}
    for at, _, files in os.walk(folder):
        for file in files:
            name = file[:-len(".o")]
            # A build folder keeps the objects of files that are gone.
            if file.endswith(".c.o") and os.path.exists(os.path.join(sources, name)):
                objects.setdefault(name, symbols(os.path.join(at, file)))
    owner = {name: file for file, (defined, _) in objects.items() for name in defined}
    return {
        file: {owner[name] for name in undefined if name in owner} - {file}
        for file, (_, undefined) in objects.items()
    }


def reach(edges, start):
    """All that start needs, directly or not."""
    seen, todo = set(), [start]
    while todo:
        for file in edges[todo.pop()]:
            if file not in seen:
                seen.add(file)
                todo.append(file)
    return seen


def circles_of(edges):
    """Strongly connected sets of more than one file, sorted."""
    reached = {file: reach(edges, file) for file in edges}
    circles = {
        frozenset({file} | {other for other in reached[file] if file in reached[other]})
        for file in edges
        if file in reached[file]
    }
    return sorted(circles, key=sorted)


def check(layer, circles):
    allowed = [set(circle) for circle in ALLOWED.get(layer, [])]
    used = []
    for circle in circles:
        known = [a for a in allowed if circle <= a]
        used += known
        if not known:
            yield f"{layer}/: {', '.join(sorted(circle))} need each other"
        elif circle < known[0]:
            gone = ", ".join(sorted(known[0] - circle))
            yield f"{layer}/: {gone} left the circle: take it out of ALLOWED"
    for circle in allowed:
        if circle not in used:
            yield f"{layer}/: the circle of {', '.join(sorted(circle))} is gone: take it out of ALLOWED"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sources = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src")
    breaches, files = [], 0
    for layer in sorted(entry.name for entry in os.scandir(sources) if entry.is_dir()):
        edges = edges_of(os.path.join(sys.argv[1], "src", layer), os.path.join(sources, layer))
        circles = circles_of(edges)
        files += len(edges)
        for circle in circles:
            print(f"circles: {layer}/ {len(circle)}: {' '.join(sorted(circle))}")
        breaches += check(layer, circles)
    for breach in breaches:
        print(f"circles: {breach}")
    if not breaches:
        print(f"circles: none but those that are known, among {files} files")
    return 1 if breaches or not files else 0


if __name__ == "__main__":
    sys.exit(main())
