#!/usr/bin/python3
"""A browser as the consumer, beside `tunnel proxy` and beside a bare data channel to
the same browser, on this machine; and how long it takes from opening a link to the
app's first paint, over a link with a delay (root).

    bare     a data channel from our stack, with nothing on it but bytes
    proxy    tunnel proxy and curl
    library  tunnel.fetch() of web/tunnel in a page
    page     fetch() of the app in the page's frame: by the service worker

All take turns, and of several rounds the median counts. MB are 10^6 bytes.

usage: web_bench.py [--build DIR] [--rounds N] [--megabytes N] [--browser NAME]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "tests", name) for name in ("e2e", "web")]

from driver import DRIVEN, Chromium  # noqa: E402
from link_rig import LinkRig  # noqa: E402
from rig import Rig, enter  # noqa: E402

STREAMS, INTERVAL, SECONDS = 6, 0.02, 6  # of events; a browser has six connections to a host
RATE_MBIT, DELAY_MS = 200, 25
APP = b"<!doctype html><html><head><title>app</title></head><body><h1>An app</h1></body></html>"
FRAME = "document.getElementById('app').contentWindow"
EVENTS = """
    const clock = () => performance.timeOrigin + performance.now();
    const late = [];
    await Promise.all(Array.from({ length: %d }, async () => {
        const reader = (await get("%s/events")).body.getReader();
        let text = "";
        for (;;) {
            const { value, done } = await reader.read();
            if (done) return;
            text += new TextDecoder().decode(value);
            const events = text.split("\\n\\n");
            text = events.pop();
            for (const event of events) late.push(clock() - Number(event.slice(6)));
        }
    }));
    late.sort((a, b) => a - b);
    return [late.length, late[late.length >> 1], late[Math.floor(late.length * 0.99)]];"""


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        if self.path == "/events":
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.send_events()
            return
        is_bytes = self.path.startswith("/bytes/")
        length = int(self.path.rpartition("/")[2]) if is_bytes else len(APP)
        self.send_header("Content-Type", "application/octet-stream" if is_bytes else "text/html")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        block = bytes(1 << 20) if is_bytes else APP
        while length > 0:
            self.wfile.write(block[:length])
            length -= len(block)

    def send_events(self):
        begun = time.monotonic()
        for i in range(int(SECONDS / INTERVAL)):
            time.sleep(max(0, begun + i * INTERVAL - time.monotonic()))
            self.wfile.write(f"data: {time.time() * 1000:.3f}\n\n".encode())
        self.close_connection = True

    def log_message(self, *_):
        pass


def serve_upstream(host="127.0.0.1", port=0):
    server = ThreadingHTTPServer((host, port), Upstream)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://{host}:{server.server_port}"


def bare(build, page, size):
    """Seconds from the first byte to the last."""
    child = subprocess.Popen([f"{build}/bench/bench_bare_channel", str(size)], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    lines = []
    for line in child.stdout:
        kind, _, rest = line.strip().partition(" ")
        lines.append((kind, rest))
        if kind == "candidate" and not json.loads(rest)["candidate"]:
            break
    sdp = next(rest for kind, rest in lines if kind == "offer")
    sdp = "\r\n".join(part.strip() for part in sdp.split("|"))
    candidates = [json.loads(rest) for kind, rest in lines if kind == "candidate"]
    answer = page.run(f"""
        const connection = new RTCPeerConnection();
        window.bare = new Promise((done) => {{
            connection.ondatachannel = ({{ channel }}) => {{
                channel.binaryType = "arraybuffer";
                let got = 0, begun = 0;
                channel.onmessage = ({{ data }}) => {{
                    begun ||= performance.now();
                    if ((got += data.byteLength) < {size}) return;
                    done(performance.now() - begun);
                    connection.close();
                }};
            }};
        }});
        await connection.setRemoteDescription({{ type: "offer", sdp: {json.dumps(sdp)} }});
        for (const one of {json.dumps(candidates)})
            if (one.candidate) await connection.addIceCandidate(one);
        await connection.setLocalDescription();
        return connection.localDescription.sdp;""")
    child.stdin.write("answer " + answer.replace("\r\n", "|") + "\n")
    child.stdin.flush()
    took = page.run("return await window.bare;") / 1000
    child.stdin.close()
    child.stdout.close()
    child.wait()
    return took


def fetched(size, get):
    return f"""
        const get = {get};
        const begun = performance.now();
        const reader = (await get("/bytes/{size}")).body.getReader();
        let got = 0;
        for (let piece; !(piece = await reader.read()).done;) got += piece.value.byteLength;
        if (got !== {size}) throw new Error("not whole");
        return performance.now() - begun;"""


def by_proxy(rig, size):
    host, port = rig.proxy_address
    done = subprocess.run(["curl", "-sf", "-o", "/dev/null", "-w", "%{time_total}",
                           f"http://{host}:{port}/bytes/{size}"],
                          check=True, capture_output=True, text=True)
    return float(done.stdout)


def measure(args, rig, name, link):
    browser = DRIVEN[name]()
    try:
        size = args.megabytes * 1000000
        outside = browser.open(rig.upstream_url)
        blank = browser.open(rig.signal_url.replace("ws:", "http:") + "/tunnel/link.js")
        page = browser.open(link)
        page.wait("document.getElementById('app') && !document.getElementById('app').hidden")
        blank.run(f"""const {{ connect }} = await import("/tunnel/tunnel.js");
                      window.tunnel = await connect({json.dumps(link)}, {{ iceServers: [] }});""")
        library, frame = "(url) => window.tunnel.fetch(url)", f"(url) => {FRAME}.fetch(url)"
        paths = {
            "bare": (blank, lambda: bare(args.build, blank, size)),
            "proxy": (blank, lambda: by_proxy(rig, size)),
            "library": (blank, lambda: blank.run(fetched(size, library)) / 1000),
            "page": (page, lambda: page.run(fetched(size, frame)) / 1000),
        }
        rates = {path: [] for path in paths}
        for _ in range(args.rounds):
            for path, (where, take) in paths.items():
                where.show()
                rates[path].append(args.megabytes / take())
        for path, got in rates.items():
            print(f"{name} down {path}: {statistics.median(got):.0f} MB/s "
                  f"({', '.join(f'{rate:.0f}' for rate in got)})", flush=True)
        events = {"direct": (outside, "(url) => fetch(url)", rig.upstream_url),
                  "library": (blank, library, ""), "page": (page, frame, "")}
        late = {path: [] for path in events}
        for _ in range(args.rounds):
            for path, (where, get, root) in events.items():
                where.show()
                late[path].append(where.run(f"const get = {get};" + EVENTS % (STREAMS, root)))
        middle = {path: [statistics.median(one[i] for one in got) for i in (1, 2)]
                  for path, got in late.items()}
        for path, (p50, p99) in middle.items():
            print(f"{name} events {path}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, "
                  f"added p99 {p99 - middle['direct'][1]:.2f} ms", flush=True)
    finally:
        browser.close()


# --- the first paint ---


def paint(url):
    """In the namespace of the browser: ms from the navigation to the frame's first
    contentful paint, and to that of the page."""
    browser = Chromium("--ignore-certificate-errors")
    try:
        page = browser.open(url)
        page.show()
        page.wait("document.getElementById('app')?.contentDocument?.title === 'app'")
        page.wait(f"{FRAME}.performance.getEntriesByName('first-contentful-paint').length")
        print(json.dumps(page.run(f"""
            const at = (of) => of.performance.timeOrigin
                + of.performance.getEntriesByName("first-contentful-paint")[0].startTime;
            return [at({FRAME}) - performance.timeOrigin, at(window) - performance.timeOrigin];""")))
    finally:
        browser.close()


def measure_paint(args):
    rig, link_rig = Rig(args.build), LinkRig()
    near, far = rig.start_link(RATE_MBIT, DELAY_MS, 0)
    names = {"cert": f"{rig.dir}/cert.pem", "key": f"{rig.dir}/key.pem"}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", names["key"], "-out",
                    names["cert"], "-subj", "/CN=10.9.0.2", "-addext",
                    "subjectAltName=IP:10.9.0.2"], check=True, capture_output=True)
    try:
        rig.start(far, sys.executable, os.path.abspath(__file__), "--serve-app", "8080")
        rig.start(far, f"{args.build}/signal-server", "--listen", "10.9.0.2:8787", "--tls-cert",
                  names["cert"], "--tls-key", names["key"])
        serve = rig.start(far, f"{args.build}/tunnel", "serve", "8080", "--signal",
                          "wss://10.9.0.2:8787", "--stun", "none", "--state", link_rig.state,
                          env={**os.environ, "SSL_CERT_FILE": names["cert"]})
        time.sleep(2)  # until it waits in its room
        assert serve.poll() is None
        link = link_rig.invite("phone", "--signal", "wss://10.9.0.2:8787")
        took = []
        for _ in range(2 * args.rounds - 1):
            done = subprocess.run([*enter(near), sys.executable, os.path.abspath(__file__),
                                   "--paint", link], check=True, capture_output=True, text=True)
            took.append(json.loads(done.stdout))
        for i, what in ((1, "the page's own"), (0, "the app's")):
            print(f"chromium first paint, {2 * DELAY_MS} ms there and back: {what} "
                  f"{statistics.median(one[i] for one in took):.0f} ms "
                  f"({', '.join(f'{one[i]:.0f}' for one in took)})", flush=True)
    finally:
        rig.close()
        link_rig.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--browser", choices=DRIVEN, action="append")
    parser.add_argument("--paint", help=argparse.SUPPRESS)
    parser.add_argument("--serve-app", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    if args.paint:
        return paint(args.paint)
    if args.serve_app:
        serve_upstream(port=args.serve_app)
        return threading.Event().wait()
    rig = LinkRig()
    try:
        rig.upstream_url = serve_upstream()
        rig.start_signal()
        rig.start_serve()
        rig.start_linked(rig.invite("laptop"))
        rig.wait_connected()
        for name in args.browser or DRIVEN:
            measure(args, rig, name, rig.invite("phone-of-" + name.partition("-")[0]))
    finally:
        rig.close()
    if os.geteuid() == 0 and not args.browser:
        measure_paint(args)


if __name__ == "__main__":
    main()
