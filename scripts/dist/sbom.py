#!/usr/bin/python3
"""Prints what an artifact was made from, as CycloneDX 1.5 in JSON. That is what
the linker used: shared libraries as the programs name them, archives and start
files as the linker's map beside each program (PROGRAM.map) lists them. Each is
looked up with dpkg, or in what scripts/dist/libraries.sh has written.

    sbom.py --version V --architecture A [--static FOLDER] [--package NAME]…
            ARTIFACT PROGRAM…

--static FOLDER is where those archives are that libraries.sh has built; --package
is a package of Debian whose files the artifact brings as they are.
SOURCE_DATE_EPOCH, if set, is the time that is written.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import urllib.parse
import uuid

PROJECT = "webrtc-tunnel"
NAMESPACE = uuid.UUID("5fd2a3c6-8d0e-5f0a-9d0f-6a5d4e3c2b1a")


def linked_of_map(text):
    """Paths of the archives of which something was taken, and of the object files
    that are not the project's own, from a map of GNU ld. What link-time
    optimization makes of our own stands there as temporary files of gcc."""
    taken, _, rest = text.partition("\nDiscarded input sections")
    archives = re.findall(r"^(/?\S+\.a)\(", taken, re.MULTILINE)
    objects = re.findall(r"^LOAD (/\S+\.o)$", rest, re.MULTILINE)
    objects = [path for path in objects if not path.endswith((".ltrans.o", ".debug.temp.o"))]
    return sorted({os.path.normpath(path) for path in archives + objects if path.startswith("/")})


def needed_of(text):
    """The names of shared libraries in what `readelf --dynamic` prints."""
    return re.findall(r"\(NEEDED\)\s+Shared library: \[(.+?)\]", text)


def package_url(component):
    """As https://github.com/package-url/purl-spec has it for Debian."""
    version = urllib.parse.quote(component["version"], safe="")
    name = urllib.parse.quote(component["name"], safe="")
    return f"pkg:deb/debian/{name}@{version}?arch={component['architecture']}"


def bill(artifact, version, components, moment):
    """The whole of it, of components of {name, version, architecture, linkage}."""
    parts = []
    for component in sorted(components, key=lambda c: (c["name"], c["architecture"])):
        url = package_url(component)
        parts.append({
            "type": "library" if component["linkage"] != "as it is" else "data",
            "bom-ref": url,
            "name": component["name"],
            "version": component["version"],
            "purl": url,
            "properties": [{"name": "tunnel:linkage", "value": component["linkage"]}],
        })
    root = f"{PROJECT}@{version}"
    content = json.dumps([artifact, version, parts])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, content)}",
        "version": 1,
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": PROJECT,
                "version": version,
                "licenses": [{"license": {"id": "MIT"}}],
                "properties": [{"name": "tunnel:artifact", "value": artifact}],
            },
        },
        "components": parts,
        "dependencies": [{"ref": root, "dependsOn": [part["bom-ref"] for part in parts]},
                         *({"ref": part["bom-ref"]} for part in parts)],
    }


# --- what this machine knows ------------------------------------------------------


def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def of_package(name, linkage):
    """The source package of an installed one, which is what advisories name."""
    shown = output("dpkg-query", "--show", "--showformat",
                   "${source:Package} ${source:Version} ${Architecture}\n", name)
    source, version, _ = shown.splitlines()[0].split()
    return {"name": source, "version": version, "architecture": "source", "linkage": linkage}


def owner_of(path):
    """The package that a file is of, by the name it was installed under: what is
    in /lib on a disk may be known as in /usr/lib, and the other way round."""
    real = os.path.realpath(path)
    for known in (path, real, real.removeprefix("/usr"), "/usr" + path):
        found = subprocess.run(["dpkg-query", "--search", known], check=False,
                               capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(": ")[0].split(",")[0]
    raise SystemExit(f"sbom.py: {path} is of no package")


def find_library(name, triplet_folders):
    for folder in triplet_folders:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    raise SystemExit(f"sbom.py: {name} is in none of {', '.join(triplet_folders)}")


def built_versions(folder):
    """{archive: {name, version}} of what libraries.sh has built there."""
    versions = {}
    sources = os.path.join(folder, "share", "sources")
    for name in os.listdir(sources):
        if name.endswith(".copyright"):
            continue
        with open(os.path.join(sources, name), encoding="utf-8") as file:
            version, *archives = file.read().split()
        for archive in archives:
            versions[os.path.join(folder, "lib", archive)] = {
                "name": name, "version": version, "architecture": "source", "linkage": "static"}
    return versions


def components_of(programs, static, architecture, packages):
    triplet = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu",
               "armhf": "arm-linux-gnueabihf"}[architecture]
    folders = [f"/lib/{triplet}", f"/usr/lib/{triplet}"]
    built = built_versions(static) if static else {}
    components = [of_package(name, "as it is") for name in packages]
    own = os.getcwd() + os.sep
    for program in programs:
        with open(program + ".map", encoding="utf-8") as file:
            for path in linked_of_map(file.read()):
                if path in built:
                    components.append(built[path])
                elif not path.startswith(own):
                    components.append(of_package(owner_of(path), "static"))
        for name in needed_of(output("readelf", "--dynamic", "--wide", program)):
            components.append(of_package(owner_of(find_library(name, folders)), "dynamic"))
    # Static counts: that part stays as it is when the package is upgraded.
    return {(c["name"], c["version"]): c
            for c in sorted(components, key=lambda c: c["linkage"])}.values()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", required=True)
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--static")
    parser.add_argument("--package", action="append", default=[])
    parser.add_argument("artifact")
    parser.add_argument("programs", nargs="+")
    args = parser.parse_args()
    static = os.path.abspath(args.static) if args.static else None
    components = components_of(args.programs, static, args.architecture, args.package)
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", datetime.datetime.now().timestamp()))
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    json.dump(bill(args.artifact, args.version, components, moment), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
