"""Many machines in one room, each with an address of its own."""

import unittest

from harness import CONNECTED
from lab import MIB, SIGNAL_PORT, LabCase

CONSUMERS = 50


class Crowd(LabCase):
    waits = 25

    def add_host(self, name, last):
        host = self.rig.network.add_space(name)
        self.rig.network.plug_into_lan(host, f"10.0.0.{last}/24")
        return host

    def start_proxy(self, at):
        """(machine, proxy, its address), of which nothing has been waited for."""
        rig = self.rig
        rig.laptop = self.add_host(f"laptop {at}", 10 + at)
        return rig.laptop, rig.start_proxy(name=f"proxy {at}"), rig.proxy_address

    def test_fifty(self):
        """fifty machines and one serve, all of them under way at once: each gets its bytes"""
        rig = self.rig
        rig.network.plug_into_lan(rig.core, "10.0.0.1/24")
        rig.provider = self.add_host("provider", 2)
        rig.signal_url = f"ws://10.0.0.1:{SIGNAL_PORT}"
        rig.start_mock()
        rig.start_signal(listen=f"10.0.0.1:{SIGNAL_PORT}")
        rig.start_serve()
        laptops = [self.start_proxy(at) for at in range(CONSUMERS)]
        for _, proxy, _ in laptops:
            proxy.wait_for(CONNECTED)
        downloads = []
        for at, (rig.laptop, _, rig.proxy_address) in enumerate(laptops):
            # No two are of one length, so that none can get another's.
            downloads.append(rig.download(MIB + at, query="?gate=all"))
        for at in range(CONSUMERS):
            rig.mock.wait_for(rf"^request .* GET /bytes/{MIB + at}\?gate=all")
        rig.mock.send("open all")
        for download in downloads:
            download.check()
        self.assertEqual(rig.serve.count("has gone|no connection|cannot be used"), 0)


if __name__ == "__main__":
    unittest.main()
