"""Two ends in one network find each other there: without internet, without a
signal server; and others see of it what DNS-SD tells."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import HERE as FOLDER
from harness import CONNECTED, TUNNEL, WAITING, Case
from link_rig import ByLink
from spaces import SpacesRig, do_inside, why_not

NOWHERE = "ws://10.99.0.1:8787"  # no route leads there
HERE = r"the other side is in this network, at 10\.77\.0\.2:\d+"
LAN = {"TUNNEL_NO_LAN": "0"}
WITHOUT_NETLINK = os.path.join(FOLDER, "without_netlink.py")


class LanRig(ByLink, SpacesRig):
    """Provider and consumer have a switch between them, and no more."""

    places = {**SpacesRig.places, "other": "hub", "dbus": "hub", "avahi": "hub", "browse": "hub"}

    def start_serve(self, *args, **options):
        return super().start_serve(*args, **{"signal": NOWHERE, "env": LAN, **options})

    def start_linked(self, link, *args, **options):
        return super().start_linked(link, *args, **{"env": LAN, **options})

    def cut_off(self):
        for place in ("provider", "consumer"):
            self.inside(place, "route", "del", "default")


@unittest.skipIf(why_not(), why_not())
class Lan(Case):
    waits = 15
    rig_type = LanRig

    def start(self, **options):
        rig = self.rig
        rig.start_mock()
        rig.start_serve(**options)
        return rig.invite("phone")

    def test_no_internet(self):
        """no way to anywhere: connected all the same, and again when serve was restarted"""
        rig = self.rig
        rig.cut_off()
        link = self.start()
        proxy = rig.start_linked(link)
        proxy.wait_for(HERE)
        rig.wait_connected()
        rig.wait_up()
        mark = proxy.mark()
        rig.serve.kill()
        rig.serve.wait_exit()
        rig.start_serve()
        proxy.wait_for(CONNECTED, mark)
        rig.wait_up()

    def test_ipv6(self):
        """a network without IPv4"""
        rig = self.rig
        for place, last in (("provider", 2), ("consumer", 3)):
            rig.inside(place, "addr", "flush", "dev", "eth0", "scope", "global")
            rig.inside(place, "addr", "add", f"fd77::{last}/64", "dev", "eth0", "nodad")
        proxy = rig.start_linked(self.start())
        proxy.wait_for(r"the other side is in this network, at \[(?:fd77::2|fe80:\S+%eth0)\]:\d+")
        rig.wait_connected()
        rig.wait_up()

    def test_services(self):
        """the same for services, which get no netlink"""
        rig = self.rig
        if subprocess.run([WITHOUT_NETLINK, "true"], check=False).returncode == 77:
            self.skipTest("this machine has no filter of system calls")
        rig.cut_off()
        link = rig.invite("phone", "--signal", NOWHERE)
        argv = rig.argv
        rig.argv = lambda *args: [WITHOUT_NETLINK, *argv(*args)]
        self.start()
        rig.start_linked(link).wait_for(HERE)
        rig.wait_up()

    def test_who_may(self):
        """its signal server takes nobody from an address of the internet, and knows one room"""
        rig = self.rig
        rig.start_mock()
        rig.start_serve()
        for place, last in (("provider", 2), ("consumer", 3)):
            rig.give(place, "eth0", f"203.0.113.{last}")
        listening = subprocess.run(
            ["ip", "netns", "exec", rig.space("provider"), "ss", "-Hlnt"],
            check=True, capture_output=True, text=True).stdout
        port = int(re.search(r" \*:(\d+)", listening)[1])
        for host, status in (("203.0.113.2", b"403"), ("10.77.0.2", b"101")):
            answer = do_inside(rig.space("consumer"), lambda host=host: shake_hands(host, port))
            self.assertEqual(answer.split()[1], status)

    def test_consumer_first(self):
        """a consumer that waits finds a provider that comes, though the signal server is away"""
        rig = self.rig
        link = rig.invite("phone", "--signal", NOWHERE)
        proxy = rig.start_linked(link)
        proxy.wait_for("cannot be reached")
        self.start()
        rig.wait_connected()

    def test_switched_off(self):
        """with --no-lan serve listens nowhere and says nothing; proxy does not ask"""
        rig = self.rig
        self.start(env={})
        sockets = subprocess.run(["ip", "netns", "exec", rig.space("provider"), "ss", "-Hlntu"],
                                 check=True, capture_output=True, text=True).stdout
        self.assertNotIn(":5353", sockets)
        listening = [line for line in sockets.splitlines() if line.split()[-1].endswith(":*")]
        self.assertEqual([line for line in listening if "127.0.0.1" not in line], [])

    def test_liar(self):
        """somebody else answers: the consumer turns away from it, and meets the provider at the
        signal server"""
        rig = self.rig
        rig.start_signal(listen="10.77.0.1:0")
        port = int(rig.signal_url.rsplit(":", 1)[1])
        liar = do_inside(rig.space("hub"), lambda: Liar("10.77.0.1", port))
        self.addCleanup(liar.close)
        proxy = rig.start_linked(rig.invite("phone", "--signal", rig.signal_url))
        proxy.wait_for("it is not reached there: nobody is there")
        rig.start_mock()
        rig.start_serve(signal=rig.signal_url, env={})
        rig.wait_connected()
        self.assertIn(b"_http-tunnel", liar.heard)

    def test_alone_elsewhere(self):
        """the consumer reaches the signal server, and the provider does not: it is found here"""
        rig = self.rig
        rig.start_signal(listen="10.77.0.1:0")
        self.start()
        proxy = rig.start_linked(rig.invite("phone", "--signal", rig.signal_url))
        proxy.wait_for(HERE)
        rig.wait_connected()

    def test_refused_elsewhere(self):
        """the signal server has no such room: it is found here, at the first try"""
        rig = self.rig
        other = tempfile.mkdtemp(prefix="other-")
        self.addCleanup(shutil.rmtree, other)
        argv = [TUNNEL, "serve", "1", "--signal-listen", "10.77.0.1:18787", "--state", other]
        rig.run("other", argv, {"TUNNEL_NO_LAN": "1"}).wait_for("waiting for the other side")
        self.start()
        proxy = rig.start_linked(rig.invite("phone", "--signal", "ws://10.77.0.1:18787"))
        rig.wait_connected()
        self.assertEqual(proxy.count("does not let us"), 0)

    def test_firewall(self):
        """who is told of, and cannot be reached: the signal server is as good as ever"""
        rig = self.rig
        rig.start_signal(listen="10.77.0.1:0")
        self.start(signal=rig.signal_url)
        rig.serve.wait_for(WAITING)
        nft = ["ip", "netns", "exec", rig.space("provider"), "nft"]
        rules = ("add table ip t", "add chain ip t c { type filter hook input priority 0; }",
                 "add rule ip t c ip saddr 10.77.0.3 tcp flags syn drop")
        subprocess.run([*nft, "; ".join(rules)], check=True)
        link = rig.invite("phone")
        rig.signal.kill(signal.SIGSTOP)
        proxy = rig.start_linked(link)
        proxy.wait_for(HERE)
        rig.signal.kill(signal.SIGCONT)
        rig.wait_connected()
        self.assertEqual(proxy.count("cannot be reached"), 0)

    @unittest.skipUnless(shutil.which("avahi-daemon") and shutil.which("dbus-daemon"),
                         "there is no avahi-daemon, or no dbus-daemon")
    def test_avahi(self):
        """avahi finds and resolves it, and hears that it goes; it tells a hash and nothing else"""
        rig = self.rig
        avahi = Avahi(rig)
        browse = avahi.browse()
        self.start()
        found = browse.wait_for(r"^=;lan;IPv4;([0-9a-f]{32});_http-tunnel._tcp;local;(.*)$")
        host, address, port, text = found[2].split(";")
        self.assertEqual(host, f"{found[1]}.local")
        self.assertEqual(address, "10.77.0.2")
        self.assertGreater(int(port), 1024)
        self.assertEqual(text, f'"room={found[1]}"')
        browse.wait_for(rf"^=;lan;IPv6;{found[1]};_http-tunnel._tcp;local;{host};[^;]+;{port};")
        avahi.resolve_ipv6(host).wait_for(rf"^{host}\tfe80::[0-9a-f:]+")
        rig.serve.kill(signal.SIGINT)
        self.assertEqual(rig.serve.wait_exit(), 0)
        for family in ("IPv4", "IPv6"):
            browse.wait_for(rf"^-;lan;{family};{found[1]};")


def shake_hands(host, port):
    with socket.create_connection((host, port)) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
                     b"\r\n")
        return sock.recv(1024)


class Liar:
    """A responder that says of each name that is asked for that it is here."""

    def __init__(self, address, port):
        self.port = port
        self.heard = b""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("224.0.0.251", 5353))
        group = socket.inet_aton("224.0.0.251") + socket.inet_aton(address)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            while True:
                query, sender = self.socket.recvfrom(9000)
                self.heard += query
                name = query[12:-4]
                target = b"\0\0\0\0" + self.port.to_bytes(2, "big") + b"\4liar\5local\0"
                header = query[:2] + b"\x84\0\0\0\0\1\0\0\0\0"
                record = b"\0\x21\0\1\0\0\0\x0a" + len(target).to_bytes(2, "big") + target
                self.socket.sendto(header + name + record, sender)
        except OSError:
            pass  # closed

    def close(self):
        self.socket.close()


class Avahi:
    """avahi-daemon in the hub, with a bus of its own."""

    def __init__(self, rig):
        self.rig = rig
        self.folder = rig.state
        bus = f"unix:path={self.folder}/bus"
        self.env = {"DBUS_SYSTEM_BUS_ADDRESS": bus}
        with open(f"{self.folder}/bus.conf", "w", encoding="utf-8") as file:
            file.write(f"""<busconfig><listen>{bus}</listen><policy context="default">
                <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
                <allow own="*"/></policy></busconfig>""")
        with open(f"{self.folder}/avahi.conf", "w", encoding="utf-8") as file:
            file.write("[server]\nuse-ipv6=yes\nallow-interfaces=lan\n"
                       "[publish]\ndisable-publishing=yes\n")
        rig.run("dbus", ["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork",
                         "--print-address=1"], is_product=False).wait_for("unix:path=")
        # A place of its own for its pid, beside that of this machine.
        command = f"mount -t tmpfs none /run/avahi-daemon && exec avahi-daemon --no-drop-root " \
                  f"--no-chroot --no-rlimits -f {self.folder}/avahi.conf"
        daemon = rig.run("avahi", ["unshare", "--mount", "sh", "-c",
                                   f"mkdir -p /run/avahi-daemon && {command}"],
                         self.env, is_product=False)
        daemon.wait_for("Server startup complete")

    def browse(self):
        argv = ["avahi-browse", "--parsable", "--resolve", "_http-tunnel._tcp"]
        return self.rig.run("browse", argv, self.env, is_product=False)

    def resolve_ipv6(self, host):
        argv = ["avahi-resolve", "-6", "--name", host]
        return self.rig.run("browse", argv, self.env, is_product=False)


if __name__ == "__main__":
    unittest.main()
