#!/bin/sh
# openai 3.57.0, anthropic 2.14.0, groq 1.7.0 (PyPI); openai 6.49.0, @anthropic-ai/sdk
# 1.14.0, ai 6.0.326 with @ai-sdk/openai-compatible 2.0.92 (npm)
#
# What SDKs make of a 503 whose Retry-After (RFC 9110 section 10.2.3) asks for much.
# For 50 seconds all of them wait. Above a minute each does something else: groq's
# and Vercel's take it for a mistake and ask again by their own schedule, half a
# second or two later, so that who says 90 is asked sooner than who says 50;
# openai's for Python gives up at once above two minutes, where without the field it
# asks twice more; openai's for JavaScript and both of Anthropic's do wait, and the
# call takes as long, whatever its time limit, which counts for each request alone.
# A server or a proxy that is away for long says a minute at most, each time anew.
#
# Seen on 30 November 2026, after the first 503, with a time limit of 5 s but in ai:
#   python openai: no field asks again, 50 waits, 90 waits, 150 gives up
#   python anthropic: no field asks again, 50 waits, 90 waits, 150 waits
#   python groq: no field asks again, 50 waits, 90 asks again, 150 asks again
#   node openai: no field asks again, 50 waits, 90 waits, 150 waits
#   node anthropic: no field asks again, 50 waits, 90 waits, 150 waits
#   node ai: no field asks again, 50 waits, 90 asks again, 150 asks again
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# All calls run at once. The path names the call; client.mjs says when one ended.
cat >main.py <<'END'
import collections
import http.server
import os
import subprocess
import threading
import time

import anthropic
import groq
import openai

requests = collections.Counter()
ended = set()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name, after = self.path.split("/")[1:3]
        requests[name, after] += 1
        self.send_response(503)
        if after != "no-field":
            self.send_header("Retry-After", after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


asked = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
clients = {
    "openai": lambda own: openai.OpenAI(**own).chat.completions.create(**asked),
    "anthropic": lambda own: anthropic.Anthropic(**own).messages.create(**asked, max_tokens=9),
    "groq": lambda own: groq.Groq(**own).chat.completions.create(**asked),
}
NAMES = [*(f"python-{name}" for name in clients), "node-openai", "node-anthropic", "node-ai"]
FIELDS = ["no-field", "50", "90", "150"]
KEYS = [(name, after) for name in NAMES for after in FIELDS]


def run(ask, key):
    try:
        ask({"api_key": "k", "base_url": "/".join((base, *key)), "timeout": 5})
    except Exception:
        ended.add(key)


def listen(lines):
    for line in lines:
        ended.add(tuple(line.split()))


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
for name, ask in clients.items():
    for after in FIELDS:
        key = (f"python-{name}", after)
        threading.Thread(target=run, args=(ask, key), daemon=True).start()
node = subprocess.Popen(["node", "client.mjs", base, *FIELDS], stdout=subprocess.PIPE, text=True)
threading.Thread(target=listen, args=(node.stdout,), daemon=True).start()
while len(requests) < len(KEYS):
    time.sleep(0.1)
time.sleep(8)  # the longest schedule of their own begins with 2 s


def outcome(key):
    if requests[key] > 1:
        return "asks again"
    return "gives up" if key in ended else "waits"


for name in NAMES:
    words = [f"{after.replace('-', ' ')} {outcome((name, after))}" for after in FIELDS]
    print(f"{name.replace('-', ' ')}: {', '.join(words)}", flush=True)
node.kill()
os._exit(0)  # not waiting for those that wait
END
cat >client.mjs <<'END'
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { generateText } from "ai";
import OpenAI from "openai";

const asked = { model: "m", messages: [{ role: "user", content: "x" }] };
const clients = {
    openai: (own) => new OpenAI(own).chat.completions.create(asked),
    anthropic: (own) => new Anthropic(own).messages.create({ ...asked, max_tokens: 9 }),
    ai: (own) => generateText({ model: createOpenAICompatible(own)("m"), prompt: "x" }),
};
const [base, ...fields] = process.argv.slice(2);
for (const [name, ask] of Object.entries(clients)) {
    for (const after of fields) {
        const baseURL = `${base}/node-${name}/${after}`;
        ask({ name, apiKey: "k", baseURL, timeout: 5000 })
            .catch(() => console.log(`node-${name} ${after}`));
    }
}
END
cat >expected <<'END'
python openai: no field asks again, 50 waits, 90 waits, 150 gives up
python anthropic: no field asks again, 50 waits, 90 waits, 150 waits
python groq: no field asks again, 50 waits, 90 asks again, 150 asks again
node openai: no field asks again, 50 waits, 90 waits, 150 waits
node anthropic: no field asks again, 50 waits, 90 waits, 150 waits
node ai: no field asks again, 50 waits, 90 asks again, 150 asks again
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 \
    groq==1.7.0
npm install --no-audit --no-fund --silent openai@6.49.0 @anthropic-ai/sdk@1.14.0 ai@6.0.326 \
    @ai-sdk/openai-compatible@2.0.92
venv/bin/python main.py | tee seen
diff expected seen
