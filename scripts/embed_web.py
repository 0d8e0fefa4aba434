#!/usr/bin/python3
"""Writes the files of web/ as C, for the signal server to serve them.

    embed_web.py WEB-FOLDER OUT.c

What is in web/app/ stands at the root, web/tunnel/ below /tunnel/. Each file has a
second form, by gzip, where that is shorter.
"""

import gzip
import hashlib
import os
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


def files_of(web):
    """Paths of URLs and files, in their order."""
    for folder, prefix in (("app", "/"), ("tunnel", "/tunnel/")):
        top = os.path.join(web, folder)
        for name in sorted(os.listdir(top)):
            yield prefix + name, os.path.join(top, name)


def array(name, data):
    lines = [", ".join(str(byte) for byte in data[at : at + 24]) for at in range(0, len(data), 24)]
    return f"static const uint8_t {name}[] = {{\n" + ",\n".join(lines) + "};\n"


def main(web, out):
    arrays, rows = [], []
    for number, (path, name) in enumerate(files_of(web)):
        with open(name, "rb") as file:
            plain = file.read()
        packed = gzip.compress(plain, 9, mtime=0)
        etag = hashlib.sha256(plain).hexdigest()[:32]
        arrays.append(array(f"plain_{number}", plain))
        spans = f"{{plain_{number}, sizeof plain_{number}}}"
        if len(packed) < len(plain):
            arrays.append(array(f"gzip_{number}", packed))
            spans += f", {{gzip_{number}, sizeof gzip_{number}}}"
        else:
            spans += ", {0}"
        content_type = TYPES[os.path.splitext(name)[1]]
        rows.append(f'    {{"{path}", "{content_type}", "W/\\"{etag}\\"", {spans}}},\n')
    with open(out, "w", encoding="ascii") as file:
        file.write("/* Written by scripts/embed_web.py. */\n#include \"signal/web_files.h\"\n\n")
        file.writelines(arrays)
        file.write("\nstatic const struct static_file files[] = {\n" + "".join(rows) + "};\n\n")
        file.write("const struct static_files web_files = {files, sizeof files / sizeof *files};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
