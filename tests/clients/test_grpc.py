"""gRPC through the tunnel: HTTP/2 by prior knowledge, which is a pipe to the
upstream."""

import importlib.util
import os
import sys
import unittest

from harness import DEADLINE, Case

HERE = os.path.dirname(os.path.abspath(__file__))


@unittest.skipUnless(importlib.util.find_spec("grpc"), "there is no python3-grpcio")
class Grpc(Case):
    shared = True

    @classmethod
    def start(cls, rig):
        program = os.path.join(HERE, "grpc_server.py")
        rig.upstream = rig.run("grpc-server", [sys.executable, program], is_product=False)
        rig.upstream_url = rig.upstream.wait_for(r"^listening (\S+)")[1]
        rig.start_signal()
        rig.start_serve()
        rig.start_proxy()
        rig.wait_connected()

    def setUp(self):
        super().setUp()
        import grpc

        self.grpc = grpc
        # Of the machine's own no proxy is asked, and no channel is another test's.
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel("%s:%d" % self.rig.proxy_address, options)
        self.addCleanup(self.channel.close)

    def test_kinds(self):
        """each of the four kinds of call"""
        c, wait = self.channel, {"timeout": DEADLINE}
        self.assertEqual(c.unary_unary("/test/once")(b"a", **wait), b"once a")
        self.assertEqual(list(c.unary_stream("/test/down")(b"a", **wait)),
                         [b"%d a" % i for i in range(5)])
        self.assertEqual(c.stream_unary("/test/up")(iter([b"a", b"b"]), **wait), b"a b")
        sent = [b"ab", b"cd", bytes(300000) + b"e"]
        self.assertEqual(list(c.stream_stream("/test/both")(iter(sent), **wait)),
                         [part[::-1] for part in sent])

    def test_deadline(self):
        """a call whose time is over ends at the client, and at the service"""
        mark = self.rig.upstream.mark()
        with self.assertRaises(self.grpc.RpcError) as caught:
            list(self.channel.unary_stream("/test/slow")(b"", timeout=0.5))
        self.assertEqual(caught.exception.code(), self.grpc.StatusCode.DEADLINE_EXCEEDED)
        self.rig.upstream.wait_for("^cancelled", after=mark)

    def test_cancel(self):
        """a call that the client cancels ends at the service"""
        mark = self.rig.upstream.mark()
        call = self.channel.unary_stream("/test/slow")(b"", timeout=DEADLINE)
        self.assertEqual(next(call), b"begun")
        call.cancel()
        self.rig.upstream.wait_for("^cancelled", after=mark)


if __name__ == "__main__":
    unittest.main()
