"""The programs of each architecture, as `make dist` has built them: with those of
amd64 at the other end, under qemu-user where this machine is of another; and the
static ones where there is nothing else."""

import json
import os
import shutil
import tempfile

from harness import ROOT, Case, Rig, pattern

QEMU = {"amd64": None, "arm64": "qemu-aarch64-static", "armhf": "qemu-arm-static"}


class Target:
    """Programs of one architecture; static ones stand in a folder of their own
    that is all they see."""

    def __init__(self, arch, is_static=False):
        self.qemu = [shutil.which(QEMU[arch])] if QEMU[arch] else []
        self.folder = os.path.join(ROOT, f"build-musl-{arch}" if is_static else f"build-{arch}")
        self.root = tempfile.mkdtemp(prefix="tunnel-empty-") if is_static else None
        if self.root:
            for path in (self.program("tunnel"), self.program("signal-server"), *self.qemu):
                shutil.copy(path, self.root)

    def program(self, name):
        return os.path.join(self.folder, name)

    def command(self, name):
        if not self.root:
            return [*self.qemu, self.program(name)]
        inside = ["/" + os.path.basename(path) for path in self.qemu]
        return ["chroot", self.root, *inside, "/" + name]

    def remove(self):
        if self.root:
            shutil.rmtree(self.root)


class TargetRig(Rig):
    """signal-server, serve and proxy each of a target: {name: Target}."""

    targets = None

    def run(self, name, argv, env=None, is_product=True):
        if is_product:
            argv = self.targets[name].command(os.path.basename(argv[0])) + argv[1:]
        return super().run(name, argv, env, is_product)


class TargetCase(Case):
    rig_type = TargetRig
    seconds = 900  # an emulator on a busy machine

    def check(self, signal, serve, proxy):
        """Answers, uploads and streams get through, and what ends does so well."""
        targets = {"signal-server": signal, "serve": serve, "proxy": proxy}
        for target in set(targets.values()):
            self.addCleanup(target.remove)
        self.rig.targets = targets
        self.addCleanup(self.rig.close)
        rig = self.rig
        rig.start_all()
        self.assertEqual(rig.get_json("/v1/models")["data"][0]["id"], "mock-small")
        for stream in (False, True):
            body = json.dumps({"model": "m", "stream": stream})
            status, _, answer = rig.request("POST", "/v1/chat/completions", body)
            self.assertEqual(status, 200)
            self.assertIn(b"[DONE]" if stream else b"content", answer)
        body = b"".join(pattern(4 << 20))
        self.assertEqual(rig.request("POST", "/echo", body)[::2], (200, body))
        self.assertEqual(rig.request("GET", "/status/404")[0], 404)


class Pairs(TargetCase):
    def test_arm64_serves(self):
        """serve of arm64, proxy of amd64"""
        amd64 = Target("amd64")
        self.check(amd64, Target("arm64"), amd64)

    def test_arm64_asks(self):
        """serve of amd64, proxy and signal server of arm64"""
        arm64 = Target("arm64")
        self.check(arm64, Target("amd64"), arm64)

    def test_armhf_serves(self):
        """serve of armhf, proxy of amd64"""
        amd64 = Target("amd64")
        self.check(amd64, Target("armhf"), amd64)

    def test_armhf_asks(self):
        """serve of amd64, proxy and signal server of armhf"""
        armhf = Target("armhf")
        self.check(armhf, Target("amd64"), armhf)


class Static(TargetCase):
    def test_amd64(self):
        """static programs of amd64, each in an empty folder"""
        self.check(*(Target("amd64", is_static=True) for _ in range(3)))

    def test_arm64(self):
        """static programs of arm64, each in an empty folder"""
        self.check(*(Target("arm64", is_static=True) for _ in range(3)))
