"""git over smart HTTP through the tunnel: its requests are chunked or
compressed, its responses have no length."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import Case

HERE = os.path.dirname(os.path.abspath(__file__))
# Nothing of the machine's or the person's configuration.
ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "test", "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "test", "GIT_COMMITTER_EMAIL": "test@example.com",
    "GIT_TERMINAL_PROMPT": "0",
}  # fmt: skip
PUSHED = 8 << 20  # larger than http.postBuffer, so that git sends it chunked
OWN_COMMITS = 64  # whose names make a fetch's request so long that git compresses it


@unittest.skipUnless(shutil.which("git"), "there is no git")
class Git(Case):
    seconds = 240

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="git-")
        self.addCleanup(shutil.rmtree, self.folder)  # when the server has ended
        super().setUp()
        served = os.path.join(self.folder, "served")
        self.git("init", "--quiet", "--bare", "--initial-branch=main", "served/repo.git")
        self.git("-C", "served/repo.git", "config", "http.receivepack", "true")
        self.server = server = self.rig.run(
            "git-server", [sys.executable, os.path.join(HERE, "git_server.py"), served],
            ENVIRONMENT, is_product=False,
        )
        self.rig.upstream_url = server.wait_for(r"^listening (\S+)")[1]
        self.rig.start_signal()
        self.rig.start_serve()
        self.rig.start_proxy()
        self.rig.wait_connected()
        host, port = self.rig.proxy_address
        self.url = f"http://{host}:{port}/repo.git"

    def git(self, *args, given=None):
        clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        ended = subprocess.run(
            ["git", *args], cwd=self.folder, env={**clean, **ENVIRONMENT},
            input=given, capture_output=True, timeout=60,
        )
        complaint = f"git {' '.join(args)}: {ended.stderr.decode()}"
        self.assertEqual(ended.returncode, 0, complaint)
        return ended.stdout.decode().strip()

    def start_work(self, size):
        """A repository with one commit of that many random bytes; its name."""
        self.git("init", "--quiet", "--initial-branch=main", "work")
        with open(os.path.join(self.folder, "work", "blob"), "wb") as file:
            file.write(random.Random(size).randbytes(size))
        self.git("-C", "work", "add", ".")
        self.git("-C", "work", "commit", "--quiet", "-m", "a large file")
        return self.git("-C", "work", "rev-parse", "HEAD")

    def check_head(self, folder, head):
        self.git("-C", folder, "fsck", "--full", "--strict")
        self.assertEqual(self.git("-C", folder, "rev-parse", "main"), head)

    def check_fetch_beside_own(self, head):
        """A repository that has nothing in common names all that it has."""
        own = "".join(
            f"commit refs/heads/own\ncommitter t <t@example.com> {n} +0000\ndata 0\n\n"
            for n in range(OWN_COMMITS)
        )
        self.git("init", "--quiet", "--bare", "other")
        self.git("-C", "other", "fast-import", "--quiet", given=own.encode())
        self.git("-C", "other", "fetch", "--quiet", self.url, "main:main")
        self.server.wait_for(r"^POST \S+/git-upload-pack sized gzip")
        self.check_head("other", head)

    def test_push_and_clone(self):
        """push of 8 MB, clones, a fetch of what is new, a shallow clone"""
        head = self.start_work(PUSHED)
        self.git("-C", "work", "push", "--quiet", self.url, "main")
        self.server.wait_for(r"^POST \S+/git-receive-pack chunked plain")
        self.check_head("served/repo.git", head)
        for version in ("0", "2"):
            copy = f"clone{version}"
            self.git("-c", f"protocol.version={version}", "clone", "--quiet", self.url, copy)
            self.check_head(copy, head)

        self.git("-C", "work", "commit", "--quiet", "--allow-empty", "-m", "new")
        self.git("-C", "work", "push", "--quiet", self.url, "main")
        head = self.git("-C", "work", "rev-parse", "HEAD")
        self.git("-C", "clone2", "pull", "--quiet", "--ff-only")
        self.check_head("clone2", head)
        self.check_fetch_beside_own(head)

        self.git("clone", "--quiet", "--depth=1", self.url, "shallow")
        self.check_head("shallow", head)
        self.assertEqual(self.git("-C", "shallow", "rev-list", "--count", "HEAD"), "1")

    def test_refused_push(self):
        """a push that the server refuses ends with its status, not in silence"""
        self.start_work(PUSHED)
        self.git("-C", "served/repo.git", "config", "http.receivepack", "false")
        with self.assertRaisesRegex(AssertionError, "403"):
            self.git("-C", "work", "push", "--quiet", self.url, "main")


if __name__ == "__main__":
    unittest.main()
