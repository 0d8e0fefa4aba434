#!/bin/sh
# google-genai 3.6.1 (PyPI) and @google/genai 2.32.0 (npm)
#
# What the two clients of one API make of Server-Sent Events that are written in
# another way than Google's own server writes them, each proper by the HTML
# standard (9.2.6): comments that keep a connection open, an id, no space behind the
# colon. Neither reads the format; they look for "data: " at the start of a line
# (Python) or of a block (JavaScript). Python takes any other line for JSON and
# fails. JavaScript skips a block that does not begin with "data:", with what the
# model said in it: the answer has a hole, or is empty, and no error tells.
# So a proxy or a server of one's own that speaks this API sends neither comments
# nor any field but data.
#
# Seen on 30 November 2026 (the answer is "a b c"):
#   python, as usual: abc
#   python, comment between: UnknownApiResponseError
#   python, comment in the second event: UnknownApiResponseError
#   python, id in each event: UnknownApiResponseError
#   python, no space: UnknownApiResponseError
#   node, as usual: abc
#   node, comment between: abc
#   node, comment in the second event: ac
#   node, id in each event:
#   node, no space: abc
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import json


def event(word):
    content = {"role": "model", "parts": [{"text": word}]}
    return "data: " + json.dumps({"candidates": [{"index": 0, "content": content}]}) + "\n\n"


A, B, C = event("a"), event("b"), event("c")
WAYS = {
    "usual": A + B + C,
    "between": A + ": still here\n\n" + B + C,
    "inside": A + ": still here\n" + B + C,
    "id": "id: 1\n" + A + "id: 2\n" + B + "id: 3\n" + C,
    "space": (A + B + C).replace("data: ", "data:"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(WAYS[self.path.split("/")[1]].encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >client.py <<'END'
import sys

from google import genai

base, way = sys.argv[1:]
client = genai.Client(api_key="k", http_options={"base_url": f"{base}/{way}"})
try:
    parts = client.models.generate_content_stream(model="m", contents="x")
    print("".join(part.text for part in parts))
except Exception as error:
    print(type(error).__name__)
END
cat >client.mjs <<'END'
import { GoogleGenAI } from "@google/genai";

const [base, way] = process.argv.slice(2);
const client = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: `${base}/${way}` } });
try {
    let text = "";
    const parts = await client.models.generateContentStream({ model: "m", contents: "x" });
    for await (const part of parts) text += part.text;
    console.log(text);
} catch (error) {
    console.log(error.name);
}
END
cat >expected <<'END'
python, as usual: abc
python, comment between: UnknownApiResponseError
python, comment in the second event: UnknownApiResponseError
python, id in each event: UnknownApiResponseError
python, no space: UnknownApiResponseError
node, as usual: abc
node, comment between: abc
node, comment in the second event: ac
node, id in each event:
node, no space: abc
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check google-genai==3.6.1
npm install --no-audit --no-fund --silent @google/genai@2.32.0

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
ask() { # ask LANGUAGE WAY NAME
    case $1 in
    python) text=$(venv/bin/python client.py "http://127.0.0.1:$number" "$2" 2>/dev/null) ;;
    node) text=$(node client.mjs "http://127.0.0.1:$number" "$2" 2>/dev/null) ;;
    esac
    echo "$1, $3:${text:+ $text}"
}
for language in python node; do
    ask $language usual "as usual"
    ask $language between "comment between"
    ask $language inside "comment in the second event"
    ask $language id "id in each event"
    ask $language space "no space"
done | tee seen
diff expected seen
