"""Three signal servers that are one, by way of a Redis."""

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

from cluster_rig import REDIS, ClusterCase, Pairs
from harness import DEADLINE, IS_WHOLE, SEED, SIGNAL_SERVER, free_port


class Cluster(ClusterCase):
    def join(self, client, room, job, key=None):
        message = {"type": "join", "room": room, "job": job}
        client.send({**message, "key": key} if key else message)
        return client.receive_type("joined")

    def pair(self, first, second):
        """A provider at one server and a consumer at another, who have met."""
        room = self.name()
        provider, consumer = self.client(first), self.client(second)
        provider.id = self.join(provider, room, "provider")["peerId"]
        consumer.id = self.join(consumer, room, "consumer", "its key")["peerId"]
        self.assertEqual(provider.receive_type("peer-joined")["peerId"], consumer.id)
        return room, provider, consumer

    def check_works(self, one, other):
        text = self.name()
        one.send({"type": "offer", "sdp": text, "to": other.id})
        while (message := other.receive())["type"] == "error":
            pass
        self.assertEqual((message.get("sdp"), message["peerId"]), (text, one.id))

    def folder(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        return folder

    def secret(self, text):
        path = os.path.join(self.folder(), "secret")
        with open(path, "w") as file:
            file.write(text + "\n")
        return path

    def test_meet(self):
        """members at different servers meet, and what each says comes whole and in order"""
        _, provider, consumer = self.pair(0, 1)
        for one, other in ((provider, consumer), (consumer, provider)):
            texts = [f"{i} " + "€\n" * 8000 * (i % 10 == 0) for i in range(90)]
            for text in texts:
                one.send({"type": "candidate", "candidate": text, "to": other.id})
            for text in texts:
                self.assertEqual(other.receive_type("candidate")["candidate"], text)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[1]}/healthz") as answer:
            health = json.loads(answer.read())
        self.assertEqual(health, {"status": "ok", "rooms": 0, "peers": 1, "cluster": "up"})
        provider.send("{")
        self.assertEqual(provider.receive_type("error")["code"], "malformed")
        consumer.send({"type": "offer"})
        self.assertEqual(consumer.receive_type("error")["code"], "malformed")
        consumer.send({"type": "bye"})
        self.assertEqual(provider.receive_type("peer-left")["peerId"], consumer.id)

    def test_deaths(self):
        """a server killed: who comes back elsewhere has its place; Redis killed: who shares a
        server goes on, others are told, and all meet again"""
        room, provider, consumer = self.pair(0, 1)
        self.servers[1].kill()
        self.servers[1].wait_exit()
        again = self.client(2)
        joined = self.join(again, room, "consumer", "its key")
        self.assertEqual((joined["peerId"], joined["resumed"]), (consumer.id, True))
        again.id = consumer.id
        self.check_works(provider, again)  # which was told of nothing
        _, neighbour, neighbour_too = self.pair(2, 2)
        self.redis.kill()
        for one, other in ((provider, again), (again, provider)):
            self.assertEqual(one.receive_type("peer-left")["peerId"], other.id)
            self.assertIn("cluster", one.receive_type("error")["message"])
        self.check_works(neighbour, neighbour_too)
        self.start_redis()
        # One has entered the other's room, which offers.
        first = provider.receive_type("peer-joined")
        second = again.receive_type("peer-joined")
        self.assertEqual((first["peerId"], second["peerId"]), (again.id, provider.id))
        self.assertEqual([first.get("first"), second.get("first")].count(True), 1)
        self.check_works(again, provider)
        self.check_works(neighbour_too, neighbour)

    def test_useless(self):
        """a Redis that takes nothing is away, told once, and used when it does"""
        self.tell_redis("CONFIG SET maxmemory 1")
        self.servers[0].end()
        self.start_server(0, is_waited_for=False)
        self.servers[0].wait_for("OOM command not allowed")
        self.assertNotIn("connected", self.servers[0].text())
        self.tell_redis("CONFIG SET maxmemory 0")
        self.servers[0].wait_for("cluster: connected")
        self.assertEqual(self.servers[0].text().count("cluster: "), 2)

    def check_meet(self, url, *args):
        """Two servers that are given that URL are one."""
        for number in range(2):
            self.ports[number] = free_port()
            self.start_server(number, True, url, *args)
        _, provider, consumer = self.pair(0, 1)
        self.check_works(provider, consumer)

    def test_ways(self):
        """a Redis found by Sentinels, with a user and a password; one with TLS"""
        secret, folder = self.secret("a word"), self.folder()
        port, sentinel = free_port(), free_port()
        self.start_redis("--port", str(port), "--user", "signal", "on", ">a word", "~*", "&*", "+@all")
        conf = os.path.join(folder, "sentinel.conf")
        with open(conf, "w") as file:
            file.write(f"port {sentinel}\nsentinel monitor main 127.0.0.1 {port} 1\n")
        self.rig.run("sentinel", [REDIS, conf, "--sentinel"], is_product=False).wait_for("monitor")
        dead = free_port()
        self.check_meet(f"redis+sentinel://signal@127.0.0.1:{dead},127.0.0.1:{sentinel}/main/3",
                        "--cluster-password-file", secret)

        pair = [os.path.join(folder, name) for name in ("cert.pem", "key.pem")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-out", pair[0], "-keyout",
                        pair[1]], check=True, capture_output=True)
        port = free_port()
        self.start_redis("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no",
                         "--tls-cert-file", pair[0], "--tls-key-file", pair[1],
                         "--tls-ca-cert-file", pair[0], "--requirepass", "a word")
        self.check_meet(f"rediss://:a%20word@localhost:{port}", "--cluster-ca", pair[0])

    def test_wrong(self):
        """what cannot be is named, without the password in it"""
        for argv, why in (
            (["--cluster", "http://h"], "must be redis://HOST"),
            (["--cluster", "redis://u:pass@h:x"], "--cluster 'redis://…' must have a port"),
            (["--cluster", "redis://u@h"], "--cluster-password-file has it"),
            (["--cluster-ca", "/x"], "--cluster-ca needs --cluster rediss"),
            (["--cluster-password-file", "/proc/nonexistent"], "is not there"),
        ):
            done = subprocess.run([SIGNAL_SERVER, *argv], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(why, done.stderr)
            self.assertNotIn("pass@", done.stderr)


class Chaos(ClusterCase):
    seconds = 600 if IS_WHOLE else 90

    def kill(self, number):
        self.servers[number].kill()
        self.servers[number].wait_exit()

    async def stir(self, draw, pairs):
        """One calamity, and some time."""
        number, what = draw.randrange(3), draw.randrange(5)
        pause = draw.choice((0, 0.5, 5, 12))
        if what < 2:
            self.kill(number)
            await asyncio.sleep(pause)
            await asyncio.to_thread(self.start_server, number, False)
        elif what == 2:
            self.redis.kill()
            await asyncio.sleep(pause)
            await asyncio.to_thread(self.start_redis)
        elif what == 3:  # with goodbye
            await asyncio.to_thread(self.servers[number].end)
            await asyncio.to_thread(self.start_server, number, False)
        else:
            self.servers[number].kill(signal.SIGSTOP)
            await asyncio.sleep(pause)
            self.servers[number].kill(signal.SIGCONT)
        for member in draw.sample(pairs.members, len(pairs.members) // 20):
            if member.view:
                member.writer.close()
        await asyncio.sleep(draw.uniform(0, 3))

    def test_small(self):
        """pairs come together, and again when a server and the Redis were killed"""
        async def run():
            async with Pairs(self.ports, 30).running() as pairs:
                await pairs.wait_together(DEADLINE)
                self.kill(1)
                self.redis.kill()
                await asyncio.to_thread(self.start_server, 1, False)
                await asyncio.to_thread(self.start_redis)
                await pairs.wait_together(DEADLINE)
                return pairs
        self.assertEqual(asyncio.run(run()).wrong, [])

    @unittest.skipUnless(IS_WHOLE, "the large one runs with --whole")
    def test_whole(self):
        """300 pairs, while servers and the Redis are killed, stopped and started at random"""
        seed = SEED or str(random.randrange(1 << 32))
        draw = random.Random(seed)

        async def run():
            async with Pairs(self.ports, 300).running() as pairs:
                await pairs.wait_together(DEADLINE)
                give_up = time.monotonic() + 180
                while time.monotonic() < give_up:
                    await self.stir(draw, pairs)
                began = time.monotonic()
                await pairs.wait_together(90)
                self.note = (f"seed {seed}: together {time.monotonic() - began:.1f} s after the "
                             f"last calamity; {pairs.total('visits')} visits, "
                             f"{pairs.total('peer-left')} times a partner had left")
                return pairs
        self.assertEqual(asyncio.run(run()).wrong, [])

    @unittest.skipUnless(IS_WHOLE, "takes a lease; runs with --whole")
    def test_freed(self):
        """members of a server that has died are gone within 15 s"""
        provider, consumer = self.client(0), self.client(1)
        for client, job in ((provider, "provider"), (consumer, "consumer")):
            client.send({"type": "join", "room": "r", "job": job})
            client.receive_type("joined")
        provider.receive_type("peer-joined")
        self.kill(1)
        began = time.monotonic()
        provider.receive_type("peer-left")
        self.note = f"after {time.monotonic() - began:.1f} s"
        self.assertLess(time.monotonic() - began, 15)


if __name__ == "__main__":
    unittest.main()
