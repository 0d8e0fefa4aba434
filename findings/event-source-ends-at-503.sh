#!/bin/sh
# Chromium 156.0.8078.114 and Firefox ESR 153.8.0 (Debian); eventsource 4.1.1 (npm)
#
# After what an EventSource comes back by itself, which is what one uses it for. It
# does so where the stream ends, and where the connection ends or is reset without an
# answer, however often. Any answer other than 200, though, ends it for good (HTML
# standard, 9.2.3, "fail the connection"): also one that says that it is of a moment,
# 503 with a Retry-After of a second. So a page that has survived each loss of its
# network is dead after a restart of the server behind a proxy, which meanwhile says 502
# or 503, and shows nothing new until it is loaded again; its error event has no status,
# and only readyState tells (2, where 0 means that it comes back).
# A page has to make a new EventSource then; a proxy that wishes to spare it that
# lets the connection end without an answer.
#
# Seen on 1 December 2026, of a second answer, after a stream that had ended:
#   chromium: end comes back, cut comes back, reset comes back, 502 is over, 503 is over, 429 is over
#   firefox: end comes back, cut comes back, reset comes back, 502 is over, 503 is over, 429 is over
#   eventsource: end comes back, cut comes back, reset comes back, 502 is over, 503 is over, 429 is over
#
# Needs python3, node 20 or later, npm, chromium and firefox-esr. Exits with 0 if that is
# still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import { EventSource } from "eventsource";
import { watch } from "./watch.mjs";

await watch(EventSource, process.argv[2]);
END
cat >watch.mjs <<'END'
// What an EventSource makes of its second answer, told to /CLIENT/told/WAY/....
export function watch(EventSource, base) {
    const ways = ["end", "cut", "reset", "502", "503", "429"];
    return Promise.all(ways.map((way) => new Promise((resolve) => {
        let errors = 0;
        const source = new EventSource(`${base}/events/${way}`);
        source.onerror = async () => {
            if (++errors !== 2) return;
            const word = source.readyState === 0 ? "comes back" : "is over";
            source.close();
            await fetch(`${base}/told/${way}/${word}`);
            resolve();
        };
    })));
}
END
cat >main.py <<'END'
import http.server
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import urllib.parse

PAGE = """<!doctype html><script type="module">
import { watch } from "/page/watch.mjs";
watch(EventSource, location.origin + location.pathname);
</script>"""
WAYS = ("end", "cut", "reset", "502", "503", "429")
RESETS = struct.pack("ii", 1, 0)  # of SO_LINGER
counts = {}
outcomes = {}
told = threading.Condition()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, kind, text):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status >= 400:
            self.send_header("Retry-After", "1")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        client, *words = urllib.parse.unquote(self.path).strip("/").split("/")
        if words == ["watch.mjs"]:
            with open("watch.mjs") as script:
                self.answer(200, "text/javascript", script.read())
        elif not words:
            self.answer(200, "text/html", PAGE)
        elif words[0] == "told":
            with told:
                outcomes[client, words[1]] = words[2]
                told.notify_all()
            self.answer(200, "text/plain", "x")
        else:
            self.give_events(client, words[1])

    def give_events(self, client, way):
        count = counts[client, way] = counts.get((client, way), 0) + 1
        if count == 1 or way == "end":
            self.answer(200, "text/event-stream", "retry: 300\ndata: one\n\n")
        elif way == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        elif way != "cut":
            self.answer(int(way), "text/plain", "x")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def shutdown_request(self, request):
        request.close()  # without an end in front of a reset

    def handle_error(self, *_):
        pass


def run(name, command, base):
    """Starts what is given, and waits until all is told."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [word.replace("PROFILE", profile).replace("BASE", base) for word in command]
        program = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "HOME": profile},
        )
        with told:
            told.wait_for(lambda: all((name, way) in outcomes for way in WAYS), timeout=120)
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGTERM)
        program.wait()
    words = (f"{way} {outcomes.get((name, way), 'is not told')}" for way in WAYS)
    print(f"{name}: {', '.join(words)}")


def main():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    chromium = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=PROFILE"]
    run("chromium", [*chromium, "BASE/chromium"], base)
    run("firefox", ["firefox-esr", "--headless", "--profile", "PROFILE", "BASE/firefox"], base)
    run("eventsource", ["node", "main.mjs", "BASE/eventsource"], base)


main()
END
cat >expected <<'END'
chromium: end comes back, cut comes back, reset comes back, 502 is over, 503 is over, 429 is over
firefox: end comes back, cut comes back, reset comes back, 502 is over, 503 is over, 429 is over
eventsource: end comes back, cut comes back, reset comes back, 502 is over, 503 is over, 429 is over
END

npm install --no-audit --no-fund --silent eventsource@4.1.1
python3 main.py | tee seen
diff expected seen
