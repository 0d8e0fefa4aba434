#!/usr/bin/python3
"""Finds what is too large to be read at once: files, functions, and comments
wider than a page.

    check_size.py     exit 1 when something is too large
"""

import os
import re
import subprocess
import sys

FILE_LINES = 450
FUNCTION_LINES = 40
CASE_LINES = 8  # of a flat switch, which may be as long as it has cases
COMMENT_COLUMNS = 80
CODE_COLUMNS = 100


def sources():
    out = subprocess.run(["git", "ls-files", "*.c", "*.h"], check=True, capture_output=True,
                         text=True).stdout
    # One that is removed in the work tree may still be in git.
    return [path for path in out.split() if os.path.exists(path)]


def without_literals(line):
    """A brace or a quote in a literal is none."""
    return re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', "x", line)


def name_of(lines):
    """Of the function whose head these lines end with."""
    first = len(lines)
    while first > 0 and re.match(r"[^#/}\s]|\s+\S", lines[first - 1]):
        first -= 1
    names = re.findall(r"(\w+)\(", " ".join(lines[first:]))
    return next((name for name in names if name not in ("__attribute__", "format")), "?")


def functions(lines):
    """(name, its lines between the braces) of each: both braces stand in the
    first column, as clang-format leaves them."""
    begin = None
    for number, line in enumerate(lines):
        if line == "{":
            begin = number + 1
        elif line == "}" and begin is not None:
            yield name_of(lines[:begin - 1]), lines[begin:number]
            begin = None


def end_of(body, at, close):
    return next((i for i in range(at + 1, len(body)) if body[i].startswith(close)), len(body) - 1)


def is_flat(body, indent):
    """Of a switch: no case is long."""
    labels = [i for i, line in enumerate(body) if re.match(indent + r"(case |default:)", line)]
    return all(b - a <= CASE_LINES for a, b in zip(labels, labels[1:] + [len(body)]))


def weight(body):
    """Lines of a function, without those of tables and of flat switches."""
    count = len(body)
    at = 0
    while at < len(body):
        switch = re.match(r"( +)switch \(", body[at])
        table = re.match(r"( +)(static )?(const )?.*\[\w*\] = \{$", body[at])
        end = at
        if switch:
            end = end_of(body, at, switch[1] + "}")
        elif table:
            end = end_of(body, at, table[1] + "}")
        if table or (switch and is_flat(body[at:end], switch[1])):
            count -= end - at
        at = end + 1
    return count


def wide_lines(path, lines):
    is_comment = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        is_comment = is_comment or text.startswith("/*")
        most = COMMENT_COLUMNS if is_comment else CODE_COLUMNS
        if is_comment and "*/" in text:
            # Code may follow what is no more than a word in a line.
            most = most if text.endswith("*/") else CODE_COLUMNS
            is_comment = False
        if len(line) > most:
            yield f"{path}:{number}: {len(line)} columns, of {most}"


def too_large(path):
    """A line for each thing that is."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    if len(lines) > FILE_LINES:
        yield f"{path}: {len(lines)} lines, of {FILE_LINES}"
    for name, body in functions([without_literals(line) for line in lines]):
        if weight(body) > FUNCTION_LINES:
            yield f"{path}: {name}: {weight(body)} lines, of {FUNCTION_LINES}"
    yield from wide_lines(path, lines)


def main():
    os.chdir(os.path.join(os.path.dirname(__file__), ".."))
    paths = sources()
    bad = [line for path in paths for line in too_large(path)]
    for line in bad:
        print("size:", line)
    if not bad:
        print(f"size: none of {len(paths)} files is too large, nor what is in them")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
