#!/usr/bin/python3
"""Prints how much of each folder of src/ the tests that have run went through:
lines, functions and branches, by gcov, which comes with gcc.

    coverage.py BUILD-FOLDER [FOLDER]    of one folder of src/: its files
"""

import collections
import json
import os
import subprocess
import sys


def notes_of(build):
    """The note files of all objects: tests make some of src/ themselves. Those
    that ran have data beside them."""
    for at, _, files in os.walk(build):
        yield from (os.path.join(at, file) for file in files if file.endswith(".gcno"))


def reports(build):
    """What gcov says, object by object."""
    notes = sorted(notes_of(build))
    for at in range(0, len(notes), 32):
        out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities",
                              *notes[at:at + 32]],
                             check=True, capture_output=True, text=True, cwd=build).stdout
        yield from (json.loads(line) for line in out.splitlines())


class Figures:
    """How often each thing ran, whoever includes it."""

    def __init__(self):
        self.counts = collections.defaultdict(collections.Counter)

    def add(self, report):
        for name, lines in report.items():
            self.counts[name].update(lines)

    def share(self, name):
        counts = self.counts[name]
        ran = sum(1 for count in counts.values() if count > 0)
        return f"{100 * ran / len(counts):5.1f} % of {len(counts):5}" if counts else ""


def figures_of(file, path):
    """{what: {where: how often}} of one file in one object."""
    branches = {}
    for line in file["lines"]:
        for number, branch in enumerate(line.get("branches", ())):
            branches[path, line["line_number"], number] = branch["count"]
    return {
        "lines": {(path, line["line_number"]): line["count"] for line in file["lines"]},
        "functions": {(path, f["name"]): f["execution_count"] for f in file["functions"]},
        "branches": branches,
    }


def collect(build, root, folder):
    """{row: Figures}: a row for each folder, or for each file of one."""
    rows = collections.defaultdict(Figures)
    for report in reports(build):
        for file in report["files"]:
            path = os.path.relpath(os.path.join(report["current_working_directory"], file["file"]),
                                   root)
            if not path.startswith(os.path.join("src", folder or "")):
                continue
            of = os.path.basename(path) if folder else path.split(os.sep)[1]
            figures = figures_of(file, path)
            rows[of].add(figures)
            rows["all"].add(figures)
    return rows


def main():
    build = os.path.abspath(sys.argv[1])
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
    rows = collect(build, root, sys.argv[2] if len(sys.argv) > 2 else None)
    names = ("lines", "functions", "branches")
    print(f"{'':24}" + "".join(f"{name:18}" for name in names).rstrip())
    for row in sorted(rows, key=lambda name: (name == "all", name)):
        print(f"{row:24}" + "".join(f"{rows[row].share(name):18}" for name in names).rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
