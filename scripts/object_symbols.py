"""What object files define and use, by `nm`: for the checks that look at them."""

import subprocess


def symbols_of(paths):
    """{path: (defined, undefined)}: the names that other files can see. Those that
    begin with "__" are the compiler's, such as those for link-time optimization."""
    symbols = {path: (set(), set()) for path in paths}
    if not paths:
        return symbols
    out = subprocess.run(["nm", "--print-file-name", "--extern-only", "--format=posix", *paths],
                         check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        path, _, rest = line.partition(": ")
        name, kind = rest.split()[:2]
        if not name.startswith("__"):
            symbols[path][kind == "U"].add(name)
    return symbols
