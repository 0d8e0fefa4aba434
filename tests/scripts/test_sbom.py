"""What `make dist` writes about what an artifact was made from."""

import datetime
import importlib.util
import json
import os
import unittest

from harness import ROOT

MAP = """Archive member included to satisfy reference by file (symbol)

/x/musl/lib/libuv.a(core.c.o)
                              src/net/libnet.a(loop.c.o) (uv_run)
/usr/lib/x86_64-linux-musl/libc.a(__init_tls.o)
                              /usr/lib/x86_64-linux-musl/libc.a(static.o) (x)
src/net/libnet.a(loop.c.o)
                              src/cli/main.c.o (loop_new)

Discarded input sections

 .text          0x0000 /x/musl/lib/libunused.a(a.o)

Linker script and memory map

LOAD /usr/lib/gcc/x86_64-linux-gnu/12/../../../x86_64-linux-gnu/crt1.o
LOAD src/cli/CMakeFiles/tunnel.dir/tunnel_main.c.o
LOAD /tmp/ccZgdHOi.ltrans0.ltrans.o
LOAD /tmp/ccspOYtG.debug.temp.o
LOAD /x/musl/lib/libunused.a
"""
DYNAMIC = """
Dynamic section at offset 0x1 contains 2 entries:
 0x0000000000000001 (NEEDED)             Shared library: [libuv.so.1]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
 0x000000000000000c (INIT)               0x1000
"""


def load():
    path = os.path.join(ROOT, "scripts", "dist", "sbom.py")
    spec = importlib.util.spec_from_file_location("sbom", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Sbom(unittest.TestCase):
    seconds = 20

    def test_map(self):
        """of a linker's map, what was taken counts, not what was offered"""
        self.assertEqual(load().linked_of_map(MAP), [
            "/usr/lib/x86_64-linux-gnu/crt1.o",
            "/usr/lib/x86_64-linux-musl/libc.a",
            "/x/musl/lib/libuv.a",
        ])
        self.assertEqual(load().needed_of(DYNAMIC), ["libuv.so.1", "libc.so.6"])

    def test_bill(self):
        """each component is there once, by name, version and package URL"""
        moment = datetime.datetime(2026, 11, 30, tzinfo=datetime.timezone.utc)
        parts = [{"name": "openssl", "version": "3.0.20-1~deb12u2", "architecture": "source",
                  "linkage": "static"},
                 {"name": "libuv1", "version": "1:1.44+x", "architecture": "source",
                  "linkage": "dynamic"}]
        bill = load().bill("a.deb", "0.1.0", parts, moment)
        self.assertEqual(json.loads(json.dumps(bill)), bill)
        self.assertEqual((bill["bomFormat"], bill["specVersion"], bill["version"]),
                         ("CycloneDX", "1.5", 1))
        self.assertRegex(bill["serialNumber"], r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertEqual(bill["metadata"]["timestamp"], "2026-11-30T00:00:00Z")
        self.assertEqual([c["purl"] for c in bill["components"]], [
            "pkg:deb/debian/libuv1@1%3A1.44%2Bx?arch=source",
            "pkg:deb/debian/openssl@3.0.20-1~deb12u2?arch=source",
        ])
        refs = [c["bom-ref"] for c in bill["components"]]
        self.assertEqual(bill["dependencies"][0],
                         {"ref": bill["metadata"]["component"]["bom-ref"], "dependsOn": refs})
        self.assertEqual({d["ref"] for d in bill["dependencies"][1:]}, set(refs))
        self.assertEqual(bill, load().bill("a.deb", "0.1.0", parts[::-1], moment))
        self.assertNotEqual(bill["serialNumber"],
                            load().bill("b.deb", "0.1.0", parts, moment)["serialNumber"])


if __name__ == "__main__":
    unittest.main()
