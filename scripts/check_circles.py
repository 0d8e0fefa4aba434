#!/usr/bin/python3
"""Names the circles among the files of a layer: sets of object files of which
each needs all the others, by what `nm` says they define and use. A file in a
circle cannot be understood, or tested, without the rest of it.

    check_circles.py BUILD-FOLDER     exit 1 when there is one
"""

import os
import sys

from object_symbols import symbols_of


def edges_of(folder, sources):
    """{file: files of the same layer that it needs}"""
    paths = {}
    for at, _, files in os.walk(folder):
        for file in files:
            # Below the layer's folder: CMake has them as in NAME.dir/linux/FILE.
            below = at.partition(".dir")[2].lstrip("/")
            name = os.path.join(below, file[: -len(".o")])
            # A build folder keeps the objects of files that are gone.
            if file.endswith(".c.o") and os.path.exists(os.path.join(sources, name)):
                paths.setdefault(os.path.join(at, file), name)
    objects = {paths[path]: symbols for path, symbols in symbols_of(list(paths)).items()}
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


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sources = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src")
    circles, files = 0, 0
    for layer in sorted(entry.name for entry in os.scandir(sources) if entry.is_dir()):
        edges = edges_of(os.path.join(sys.argv[1], "src", layer), os.path.join(sources, layer))
        files += len(edges)
        for circle in circles_of(edges):
            print(f"circles: {layer}/: {', '.join(sorted(circle))} need each other")
            circles += 1
    if not circles:
        print(f"circles: none among {files} files")
    return 1 if circles or not files else 0


if __name__ == "__main__":
    sys.exit(main())
