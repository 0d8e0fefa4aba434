#!/bin/sh
# openai 6.49.0, @anthropic-ai/sdk 1.14.0, groq-sdk 1.6.0, cohere-ai 8.1.0,
# @mistralai/mistralai 2.7.0, @google/genai 2.32.0, axios 1.21.1 (npm); openai 3.57.0,
# anthropic 2.14.0 (PyPI)
#
# What a client's timeout of five seconds covers, for an answer that is not
# streamed. In four of the SDKs of JavaScript it ends with the response's head: for
# the body there is nothing but the five minutes that fetch lets pass in silence
# (undici's bodyTimeout), and no limit where a byte comes now and then. The head is
# there at once where a server or a proxy sends it before it knows the body, and
# then white space, which JSON allows in front, to keep the connection open. In the
# SDKs of Python, by the same makers, it is a limit on silence, which white space
# puts off for ever, as in axios; in Mistral's and Google's it covers the whole.
# So a tunnel that loses its other side in mid-answer must end the response
# itself: the time limit of a client does not.
#
# Seen on 30 November 2026 (error: within 12 s; waits: still without one then):
#   node openai: no head error, body silent waits, body drips waits
#   node anthropic: no head error, body silent waits, body drips waits
#   node groq: no head error, body silent waits, body drips waits
#   node cohere: no head error, body silent waits, body drips waits
#   node mistral: no head error, body silent error, body drips error
#   node genai: no head error, body silent error, body drips error
#   node axios: no head error, body silent error, body drips waits
#   python openai: no head error, body silent error, body drips waits
#   python anthropic: no head error, body silent error, body drips waits
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# The first member of a path says how far the server comes.
cat >server.mjs <<'END'
import http from "node:http";

const server = http.createServer((request, response) => {
    request.resume();
    const way = request.url.split("/")[1];
    if (way === "head") return;
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write(" ");
    if (way === "silent") return;
    const drip = setInterval(() => response.write(" "), 100);
    response.on("close", () => clearInterval(drip));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
cat >client.mjs <<'END'
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { Mistral } from "@mistralai/mistralai";
import axios from "axios";
import { CohereClientV2 } from "cohere-ai";
import Groq from "groq-sdk";
import OpenAI from "openai";

const timeout = 5000;
const asked = { model: "m", messages: [{ role: "user", content: "x" }] };
const own = (baseURL) => ({ apiKey: "k", baseURL, maxRetries: 0, timeout });
const clients = {
    openai: (base) => new OpenAI(own(base)).chat.completions.create(asked),
    anthropic: (base) => new Anthropic(own(base)).messages.create({ ...asked, max_tokens: 9 }),
    groq: (base) => new Groq(own(base)).chat.completions.create(asked),
    cohere: (base) =>
        new CohereClientV2({ token: "k", environment: base })
            .chat(asked, { timeoutInSeconds: timeout / 1000, maxRetries: 0 }),
    mistral: (base) =>
        new Mistral({ apiKey: "k", serverURL: base, timeoutMs: timeout }).chat.complete(asked),
    genai: (base) =>
        new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: base, timeout } }).models
            .generateContent({ model: "m", contents: "x" }),
    axios: (base) => axios.post(base, {}, { timeout }),
};

const outcome = (promise) =>
    Promise.race([
        promise.then(() => "answered", () => "error"),
        new Promise((resolve) => setTimeout(resolve, 12000, "waits")),
    ]);
const runs = Object.entries(clients).map(async ([name, ask]) => {
    const [head, silent, drips] = await Promise.all(
        ["head", "silent", "drips"].map((way) => outcome(ask(`${process.argv[2]}/${way}`))),
    );
    return `node ${name}: no head ${head}, body silent ${silent}, body drips ${drips}`;
});
for (const line of await Promise.all(runs)) console.log(line);
process.exit();
END
cat >client.py <<'END'
import os
import sys
import threading
import time

import anthropic
import openai

asked = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
own = {"api_key": "k", "max_retries": 0, "timeout": 5}
clients = {
    "openai": lambda base: openai.OpenAI(base_url=base, **own).chat.completions.create(**asked),
    "anthropic": lambda base: anthropic.Anthropic(base_url=base, **own).messages.create(
        **asked, max_tokens=9
    ),
}


def run(ask, base, key):
    outcomes[key] = "waits"
    try:
        ask(base)
        outcomes[key] = "answered"
    except Exception:
        outcomes[key] = "error"


outcomes = {}
threads = []
for name, ask in clients.items():
    for way in ("head", "silent", "drips"):
        arguments = (ask, f"{sys.argv[1]}/{way}", (name, way))
        threads.append(threading.Thread(target=run, args=arguments, daemon=True))
        threads[-1].start()
end = time.monotonic() + 12
for thread in threads:
    thread.join(max(0, end - time.monotonic()))
for name in clients:
    head, silent, drips = (outcomes[name, way] for way in ("head", "silent", "drips"))
    print(f"python {name}: no head {head}, body silent {silent}, body drips {drips}", flush=True)
os._exit(0)  # not waiting for those that wait
END
cat >expected <<'END'
node openai: no head error, body silent waits, body drips waits
node anthropic: no head error, body silent waits, body drips waits
node groq: no head error, body silent waits, body drips waits
node cohere: no head error, body silent waits, body drips waits
node mistral: no head error, body silent error, body drips error
node genai: no head error, body silent error, body drips error
node axios: no head error, body silent error, body drips waits
python openai: no head error, body silent error, body drips waits
python anthropic: no head error, body silent error, body drips waits
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0
npm install --no-audit --no-fund --silent openai@6.49.0 @anthropic-ai/sdk@1.14.0 \
    groq-sdk@1.6.0 cohere-ai@8.1.0 @mistralai/mistralai@2.7.0 @google/genai@2.32.0 axios@1.21.1

mkfifo port
node server.mjs >port &
server=$!
read -r number <port
{
    node client.mjs "http://127.0.0.1:$number"
    venv/bin/python client.py "http://127.0.0.1:$number"
} | tee seen
diff expected seen
