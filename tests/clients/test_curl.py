"""curl through the tunnel, with every framing of a body that it knows, against
the mock upstream."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from email.parser import BytesParser
from email.policy import HTTP

from harness import Case, free_port, pattern, read_exactly

BODY = b"".join(pattern(3 << 20))
CURL = ["curl", "--silent", "--show-error", "--noproxy", "*"]


class CurlCase(Case):
    shared = True

    @classmethod
    def setUpClass(cls):
        if not shutil.which("curl"):
            raise unittest.SkipTest("there is no curl")
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="curl-")
        self.addCleanup(shutil.rmtree, self.folder)

    def url(self, path):
        host, port = self.rig.proxy_address
        return f"http://{host}:{port}{path}"

    def file(self, content):
        path = os.path.join(self.folder, "file")
        with open(path, "wb") as file:
            file.write(content)
        return path

    def curl(self, path, *args, given=b"", wanted_exit=0):
        """What curl wrote; self.head is the last head, self.heads all heads and
        the trailers, self.facts what curl has measured."""
        heads = os.path.join(self.folder, "heads")
        argv = [*CURL, "--dump-header", heads, "--write-out", "%{stderr}%{json}", *args]
        argv.append(self.url(path))
        ended = subprocess.run(argv, input=given, capture_output=True, timeout=60)
        complaint, _, facts = ended.stderr.decode().rpartition("{\"")
        self.assertEqual(ended.returncode, wanted_exit, complaint)
        self.facts = json.loads("{\"" + facts)
        with open(heads, newline="") as file:
            self.heads = file.read()
        self.head = self.heads.strip().split("\r\n\r\n")[-1]
        return ended.stdout

    def check_digest(self, answer, body):
        wanted = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        self.assertEqual(json.loads(answer), wanted)

    def fields_seen(self, answer):
        return {name.lower(): value for name, value in json.loads(answer)["headers"]}


class CurlDownloads(CurlCase):
    def test_lengths(self):
        """Content-Length and chunked, over HTTP/1.1 and 1.0"""
        for version in ("--http1.1", "--http1.0"):
            for path in (f"/bytes/{len(BODY)}", f"/bytes/{len(BODY)}?chunked"):
                with self.subTest(path=path, version=version):
                    self.assertEqual(self.curl(path, version), BODY)

    def test_until_close(self):
        """responses that end with their connection"""
        self.assertEqual(self.curl("/raw/until-close"), b"until the end")
        self.assertEqual(self.curl("/raw/http10"), b"ten")

    def test_without_content(self):
        """HEAD, 204 and 304, each on a connection that goes on"""
        for path, args, wanted in (
            ("/bytes/12345", ["--head", "--output", os.devnull], "Content-Length: 12345"),
            ("/status/204", [], "HTTP/1.1 204 "),
            ("/status/304", [], "HTTP/1.1 304 "),
        ):
            with self.subTest(path=path):
                self.curl("/health", *args, self.url(path))
                self.assertIn(wanted, self.heads)
                self.assertIn("HTTP/1.1 200 ", self.head)
                self.assertEqual(self.facts["num_connects"], 0)

    def test_head_chunked(self):
        """HEAD of what would be chunked"""
        self.curl("/bytes/5?chunked", "--head")
        self.assertIn(" 200 ", self.head)

    def test_broken_off(self):
        """curl says so when a response breaks off"""
        for path in ("/break/length", "/break/chunked", "/break/reset"):
            with self.subTest(path=path):
                ended = subprocess.run([*CURL, self.url(path)], capture_output=True, timeout=60)
                # 18: part of a file; 52, 56: nothing, or a reset; by who is faster.
                self.assertIn(ended.returncode, (18, 52, 56))

    def test_streams(self):
        """--no-buffer shows what has come while the rest is held back"""
        gate = self.name()
        argv = [*CURL, "--no-buffer", self.url(f"/gated/{gate}")]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as curl:
            self.assertEqual(curl.stdout.read(6), b"first\n")
            self.rig.mock.send(f"open {gate}")
            self.assertEqual(curl.stdout.read(), b"second\n")
        self.assertEqual(curl.returncode, 0)


class CurlUploads(CurlCase):
    def test_length(self):
        """--data-binary and -T of a file, which have a length"""
        file = self.file(BODY)
        # curl waits for the 100 a second only, else.
        patient = ["--expect100-timeout", "50"]
        for args in (["--data-binary", "@" + file], ["-X", "POST", "-T", file]):
            for expect in ([], ["-H", "Expect:"], ["-H", "Expect: 100-continue"]):
                with self.subTest(args=args[0], expect=expect):
                    self.check_digest(self.curl("/digest", *args, *expect, *patient), BODY)
                    is_interim = "HTTP/1.1 100 " in self.heads
                    self.assertEqual(is_interim, expect != ["-H", "Expect:"])

    def test_stdin(self):
        """-T - of what comes on standard input, which is chunked"""
        self.check_digest(self.curl("/digest", "-X", "POST", "-T", "-", given=BODY), BODY)
        empty = self.curl("/digest", "-X", "POST", "-T", "-", given=b"")
        self.check_digest(empty, b"")

    def test_http10(self):
        """HTTP/1.0 with a body"""
        answer = self.curl("/digest", "--http1.0", "--data-binary", "@" + self.file(BODY))
        self.check_digest(answer, BODY)

    def test_back_and_forth(self):
        """each line that curl reads from its input comes back before the next"""
        argv = [*CURL, "--no-buffer", "-H", "Expect:", "-X", "POST", "-T", ".", self.url("/echo")]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as curl:
            for line in (b"one\n", b"two\n", b"three\n"):
                curl.stdin.write(line)
                curl.stdin.flush()
                self.assertEqual(read_exactly(curl.stdout, len(line)), line)
            curl.stdin.close()
            self.assertEqual(curl.stdout.read(), b"")
        self.assertEqual(curl.returncode, 0)

    def test_multipart(self):
        """a form with fields and files"""
        answer = self.curl("/inspect/", "--form-string", "text=Grüße; \"quoted\"",
                           "--form", f"file=@{self.file(BODY[:100000])};filename=a b.bin")
        seen = self.fields_seen(answer)
        body = json.loads(answer)["body"].encode("latin-1")
        self.assertEqual(seen["content-length"], str(len(body)))
        head = f"Content-Type: {seen['content-type']}\r\n\r\n".encode()
        parts = BytesParser(policy=HTTP).parsebytes(head + body).get_payload()
        values = {part.get_param("name", header="Content-Disposition"): part for part in parts}
        self.assertEqual(values["text"].get_payload(decode=True).decode(), "Grüße; \"quoted\"")
        self.assertEqual(values["file"].get_filename(), "a b.bin")
        self.assertEqual(values["file"].get_payload(decode=True), BODY[:100000])

    def test_early_answer(self):
        """an answer that comes before the upload has been read"""
        answer = self.curl("/status/418", "-X", "POST", "-H", "Expect:", "-T", self.file(BODY))
        self.assertIn(" 418 ", self.head)
        self.assertEqual(answer, b"status 418\n")

    def test_empty(self):
        """a POST of nothing says so"""
        answer = self.curl("/inspect/", "-X", "POST", "-d", "")
        self.assertEqual(self.fields_seen(answer)["content-length"], "0")


class CurlExtensions(CurlCase):
    """What goes through between two ends of this version."""

    def test_trailers(self):
        """trailers behind a chunked response"""
        self.assertEqual(self.curl("/raw/trailers"), b"hello")
        self.assertRegex(self.heads, r"(?i)\r\n\r\nx-sum: 1\r\n")

    def test_interim(self):
        """an interim response ahead of the final one"""
        self.assertEqual(self.curl("/raw/early-hints"), b"final")
        self.assertTrue(self.heads.startswith("HTTP/1.1 103 "), self.heads)

    def test_refused_expectation(self):
        """a body is not sent to an upstream that refuses it unseen"""
        answer = self.curl("/raw/too-large", "-H", "Expect: 100-continue", "-X", "POST",
                           "--expect100-timeout", "50", "-T", self.file(BODY))
        self.assertEqual(answer, b"")
        self.assertTrue(self.heads.startswith("HTTP/1.1 413 "), self.heads)
        self.assertEqual(self.facts["size_upload"], 0)


NGINX = """
daemon off;
pid nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    default_type text/plain;
    gzip on;
    gzip_types *;
    if_modified_since before;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


@unittest.skipUnless(shutil.which("nginx"), "there is no nginx")
class CurlNginx(CurlCase):
    """Ranges, conditions and compression, as nginx does them."""

    text = b"".join(b"line %d\n" % n for n in range(100000))

    @classmethod
    def start(cls, rig):
        folder = tempfile.mkdtemp(prefix="nginx-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)  # nginx still runs
        os.chmod(folder, 0o755)  # nginx drops root's rights
        for name, content in (("health", b"ok"), ("body.bin", BODY), ("text.txt", cls.text)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        port = free_port()
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w") as file:
            file.write(NGINX.format(port=port, folder=folder))
        rig.run("nginx", ["nginx", "-p", folder, "-c", config], is_product=False)
        rig.upstream_url = f"http://127.0.0.1:{port}"
        rig.start_signal()
        rig.start_serve()
        rig.start_proxy()
        rig.wait_up()

    def test_ranges(self):
        """ranges: one, of the end, several, beyond the end"""
        for spec, wanted in (("100-199", BODY[100:200]), ("-500", BODY[-500:]), ("0-0", BODY[:1])):
            with self.subTest(spec):
                self.assertEqual(self.curl("/body.bin", "--range", spec), wanted)
                self.assertIn("HTTP/1.1 206 ", self.head)
                self.assertRegex(self.head, rf"(?i)content-range: bytes .*/{len(BODY)}")
        several = self.curl("/body.bin", "--range", "0-9,100-109")
        self.assertIn("multipart/byteranges", self.head)
        self.assertIn(BODY[:10], several)
        self.assertIn(BODY[100:110], several)
        self.curl("/body.bin", "--range", f"{len(BODY)}-")
        self.assertIn("HTTP/1.1 416 ", self.head)

    def test_resume(self):
        """--continue-at goes on where a file ends"""
        path = self.file(BODY[:1000000])
        self.curl("/body.bin", "--continue-at", "-", "--output", path)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), BODY)

    def test_compressed(self):
        """gzip passes as it is, and only where it is asked for"""
        self.assertEqual(self.curl("/text.txt"), self.text)
        self.assertNotIn("gzip", self.head)
        self.assertEqual(self.curl("/text.txt", "--compressed"), self.text)
        self.assertRegex(self.head, "(?i)content-encoding: gzip")
        self.assertLess(self.facts["size_download"], len(self.text) / 2)
        self.assertEqual(self.curl("/text.txt", "--tr-encoding"), self.text)

    def test_conditions(self):
        """If-None-Match and If-Modified-Since, answered by 304"""
        tags = os.path.join(self.folder, "tags")
        self.curl("/text.txt", "--etag-save", tags)
        self.assertEqual(self.curl("/text.txt", "--etag-compare", tags), b"")
        self.assertIn("HTTP/1.1 304 ", self.head)
        self.curl("/text.txt", "--time-cond", self.file(b""))
        self.assertIn("HTTP/1.1 304 ", self.head)


if __name__ == "__main__":
    unittest.main()
