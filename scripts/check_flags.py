#!/usr/bin/python3
"""Compares what the programs take with what is written about it: each flag with
its value, its variable and its default, in `--help`, README.md and the man
pages; and the names of --without with the source.

    check_flags.py BUILD-FOLDER
"""

import os
import re
import subprocess
import sys

# Of these each page tells in its own way.
OF_ALL = {"--help", "--version"}


class Flag:
    """What one place says of a flag; None where it does not say."""

    def __init__(self, value, variable, default=None):
        self.value = value or ""
        self.variable = variable or ""
        self.default = default

    def differs(self, other):
        """What is not the same, as words."""
        mine, its = vars(self), vars(other)
        return [f"its {key} is {its[key] or 'none'}, not {mine[key] or 'none'}" for key in mine
                if None not in (mine[key], its[key]) and mine[key] != its[key]]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def flags_of_help(*argv):
    """As the program itself tells."""
    text = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    flags = {}
    for flag, value, about in re.findall(r"^  (--[\w-]+)(?: (\S+))?\n((?:        .*\n)*)", text,
                                         re.MULTILINE):
        about = " ".join(about.split())
        variable = re.search(r"\[(TUNNEL_\w+)\]$", about)
        default = re.search(r"\(default ([^\s;)]+)[;)]", about)
        flags[flag] = Flag(value, variable and variable[1], default and default[1])
    return flags


def rows(table):
    """The cells of a table in Markdown, without its head."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def flags_of_readme(text, program):
    """The first table behind the words that announce it."""
    words = {"tunnel": "## Flags and variables", "signal-server": "And of `signal-server`"}[program]
    table = re.search(r"(?:^\|.*\n)+", text[text.index(words):], re.MULTILINE)[0]
    flags = {}
    for row in rows(table):
        variable = row[1] if program == "tunnel" else ""
        if row[1].startswith("as above"):
            row[-1] = ""
            variable = None
        name = variable and re.match(r"`(\w+)(?:=1)?`", variable)
        default = re.match(r"`([^`]+)`|(\d+)$", row[-1])
        for one in re.findall(r"`(--[^`]+)`", row[0]):
            flag, _, value = one.partition(" ")
            flags[flag] = Flag(value, name and name[1], default and (default[1] or default[2]))
            if variable is None:
                flags[flag].value = flags[flag].variable = flags[flag].default = None
    return flags


def flags_of_man(text):
    """Under their headings: {"Both commands": {flag: …}, …}."""
    under = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith((".Sh", ".Ss")):
            heading = line[4:]
        item = re.match(r"\.It Fl -([\w-]+)(.*)", line)
        if not item:
            continue
        argument, _, variable = item[2].partition(", Ev")
        value = re.sub(r"\bOp (.*)", r"[\1]", argument)
        value = re.sub(r"\b(Ar|Ns)\b|\s", "", value)
        variable = variable.split()[0] if variable else ""
        under.setdefault(heading, {})["--" + item[1]] = Flag(value.upper(), variable)
    return under


def differences(flags, where, written, with_defaults=True):
    """Lines, one for each thing that is not the same."""
    for flag in sorted(flags.keys() | written.keys()):
        if flag in OF_ALL:
            continue
        if flag not in written:
            yield f"{where}: {flag} is missing"
        elif flag not in flags:
            yield f"{where}: {flag} is none of the program's"
        else:
            its = written[flag]
            if not with_defaults:
                its.default = None
            yield from (f"{where}: {flag}: {what}" for what in flags[flag].differs(its))


def names_of_without(tunnel, readme, man):
    """Where the names of extensions stand: {where: [name, …]}."""
    argv = [tunnel, "proxy", "--room", "r", "--without", "?"]
    error = subprocess.run(argv, check=False, capture_output=True, text=True).stderr
    row = next(line for line in readme.splitlines() if "`--without" in line)
    item = man[man.index(".It Fl -without"):]
    return {
        "src/tunnel/feature.c": re.findall(
            r'"(\w+)"', re.search(r"names\[.*?\{(.*?)\}", read("src/tunnel/feature.c"), re.DOTALL)[1]),
        "what is said of a wrong name": re.findall(
            r"\w+", error[error.index("more of") + 7:error.index("between")].replace(" and ", " ")),
        "README.md": re.findall(r"`(\w+)`", row[row.index("debugging"):]),
        "man/tunnel.1": re.findall(r"^\.Li (\w+) [,.]", item[:item.index("\n.It", 1)], re.MULTILINE),
    }


def check(build):
    tunnel, server = os.path.join(build, "tunnel"), os.path.join(build, "signal-server")
    serve, proxy, invite, status, requests, run, doctor = (
        flags_of_help(tunnel, command, "--help")
        for command in ("serve", "proxy", "invite", "status", "requests", "run", "doctor"))
    readme, man = read("README.md"), read("man/tunnel.1")
    yield from differences({**run, **doctor, **status, **requests, **invite, **serve, **proxy}, "README.md",
                           flags_of_readme(readme, "tunnel"))
    pages = flags_of_man(man)
    for heading, flags in (("tunnel serve", serve), ("tunnel proxy", proxy)):
        written = {**pages["Both commands"], **pages[heading]}
        yield from differences(flags, f"man/tunnel.1, {heading}", written, False)
    for heading, flags in (("tunnel invite", invite), ("tunnel status", status),
                           ("tunnel requests", requests), ("tunnel run", run),
                           ("tunnel doctor", doctor)):
        yield from differences(flags, f"man/tunnel.1, {heading}", pages[heading], False)
    flags = flags_of_help(server, "--help")
    yield from differences(flags, "README.md, signal-server", flags_of_readme(readme, "signal-server"))
    pages = flags_of_man(read("man/signal-server.1"))
    yield from differences(flags, "man/signal-server.1", pages.get("OPTIONS", {}), False)
    names = names_of_without(tunnel, readme, man)
    for where, listed in names.items():
        if listed != names["src/tunnel/feature.c"]:
            yield f"{where}: --without has {', '.join(listed)}"


def main():
    build = os.path.abspath(sys.argv[1])
    os.chdir(os.path.join(os.path.dirname(__file__), ".."))
    found = list(check(build))
    for line in found:
        print("flags:", line)
    if not found:
        print("flags: --help, README.md and the man pages say the same")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
