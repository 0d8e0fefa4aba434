"""Rigs whose two ends meet by a link instead of a room."""

import os
import shutil
import subprocess
import tempfile

from harness import DEADLINE, TUNNEL, WRAP, Rig
from spaces import SpacesRig


class ByLink:
    """Before a Rig: its serve has a state folder and no room."""

    def __init__(self):
        self.state = tempfile.mkdtemp()
        super().__init__()

    def tunnel(self, *argv, env=None, code=0, errors=False):
        """What a command prints; where it succeeds, its warnings only if asked for."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TUNNEL_")}
        done = subprocess.run([*WRAP, TUNNEL, *argv], capture_output=True, text=True,
                              env={**clean, **(env or {})}, timeout=DEADLINE, check=False)
        assert done.returncode == code, f"{argv}: {done.returncode} {done.stderr}"
        return done.stderr if code or errors else done.stdout

    def invite(self, name, *options):
        return self.tunnel("invite", name, "--state", self.state, *options).strip()

    def start_serve(self, *args, **options):
        return super().start_serve(*args, **{"room": None, "state": self.state, **options})

    def start_linked(self, link, *args, **options):
        """A proxy of that link."""
        return self.start_proxy(link, *args, **{"room": None, "signal": None, **options})

    def close(self):
        try:
            super().close()
        finally:
            shutil.rmtree(self.state)


class LinkRig(ByLink, Rig):
    """On this machine."""


class LinkSpacesRig(ByLink, SpacesRig):
    """In namespaces; its proxy has a link."""

    def start_proxy(self, *args, **options):
        link = self.invite("phone", "--signal", self.signal_url)
        return super().start_proxy(link, *args, **{**options, "room": None, "signal": None})
