"""`make install` and `make uninstall`, into a folder of their own."""

import os
import shutil
import subprocess
import tempfile
import unittest

from harness import ROOT, TUNNEL


class Install(unittest.TestCase):
    seconds = 60

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tunnel-install-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_all(self, *argv):
        subprocess.run(argv, check=True, capture_output=True,
                       env={**os.environ, "DESTDIR": self.folder})

    def files(self):
        return {os.path.relpath(os.path.join(folder, name), self.folder)
                for folder, _, names in os.walk(self.folder) for name in names}

    def test_uninstall(self):
        """what is installed goes again, and nothing else does"""
        build = os.path.dirname(TUNNEL)
        for prefix in ("/usr", "/opt/a tunnel"):
            with self.subTest(prefix=prefix):
                bin_folder = os.path.join(self.folder, prefix[1:], "bin")
                os.makedirs(bin_folder)
                stranger = os.path.join(bin_folder, "stranger")
                with open(stranger, "w", encoding="utf-8"):
                    pass
                self.run_all("cmake", "--install", build, "--prefix", prefix)
                self.assertTrue(os.access(os.path.join(bin_folder, "tunnel"), os.X_OK))
                for name in ("bash-completion/completions/tunnel.bash", "man/man1/tunnel.1.gz",
                             "fish/vendor_completions.d/tunnel.fish", "zsh/" + (
                                 "vendor-completions" if prefix == "/usr" else "site-functions"
                             ) + "/_tunnel"):
                    self.assertIn(f"{prefix[1:]}/share/{name}", self.files())
                self.run_all(os.path.join(ROOT, "scripts", "uninstall.sh"), build, prefix)
                self.assertEqual(self.files(), {os.path.relpath(stranger, self.folder)})
                os.remove(stranger)
