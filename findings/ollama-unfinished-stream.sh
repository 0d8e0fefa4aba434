#!/bin/sh
# ollama 0.6.3 (PyPI) and ollama 0.6.4 (npm)
#
# What the two clients of one API make of a stream that ends, as HTTP properly,
# before its last object, the one with "done": true: a server that was stopped
# in mid-answer, or a proxy that ends a broken response cleanly.
# Python: the loop just ends, the part looks like the whole.
# JavaScript: an error after the last object that came.
# So whoever passes on a response that broke off must break it off as well.
#
# Seen on 29 November 2026:
#   python: a b, ends
#   node: a b, Error: Did not receive done or success response in stream.
#
# Needs python3 with venv, node 18 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import json


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        parts = [
            {"model": "m", "message": {"role": "assistant", "content": word}, "done": False}
            for word in "ab"
        ]
        body = "".join(json.dumps(part) + "\n" for part in parts).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >client.py <<'END'
import sys

import ollama

client = ollama.Client(host=sys.argv[1])
words = []
end = "ends"
try:
    for part in client.chat(model="m", messages=[], stream=True):
        words.append(part.message.content)
except Exception as error:
    end = f"{type(error).__name__}: {error}"
print(f"python: {' '.join(words)}, {end}")
END
cat >client.mjs <<'END'
import { Ollama } from "ollama";

const words = [];
let end = "ends";
try {
    const client = new Ollama({ host: process.argv[2] });
    const stream = await client.chat({ model: "m", messages: [], stream: true });
    for await (const part of stream) words.push(part.message.content);
} catch (error) {
    end = `${error.name}: ${error.message}`;
}
console.log(`node: ${words.join(" ")}, ${end}`);
END
cat >expected <<'END'
python: a b, ends
node: a b, Error: Did not receive done or success response in stream.
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ollama==0.6.3
npm install --no-audit --no-fund --silent ollama@0.6.4

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
{
    venv/bin/python client.py "http://127.0.0.1:$number"
    node client.mjs "http://127.0.0.1:$number"
} | tee seen
diff expected seen
