#!/bin/sh
# openai 3.57.0, anthropic 2.14.0, groq 1.7.0, huggingface_hub 2.4.0, mistralai 3.7.0,
# cohere 7.3.1, google-genai 3.6.1 (PyPI); openai 6.49.0, @anthropic-ai/sdk 1.14.0,
# @langchain/openai 1.5.8, cohere-ai 8.1.0, @google/genai 2.32.0,
# @mistralai/mistralai 2.7.0 (npm)
#
# What clients that asked for a stream make of a 200 that is none: the page of a
# tunnel or of a login that stands before the API, or a whole answer in JSON, of a
# server that does not know "stream". Content-Type tells, but most do not look at
# it: to a reader of Server-Sent Events each line of either is an unknown field, to
# be passed over. So the loop ends at once, without a word and without an error,
# as if the model had said nothing; who looks for a mistake looks at the model.
# One client in one language says nothing about the same one in the other.
# A proxy that has something to say to a program says it with a status of 4xx or 5xx.
#
# Seen on 30 November 2026:
#   python openai: HTML ends empty, JSON ends empty
#   python anthropic: HTML ends empty, JSON ends empty
#   python groq: HTML ends empty, JSON ends empty
#   python huggingface_hub: HTML ends empty, JSON ends empty
#   python mistralai: HTML SDKError, JSON SDKError
#   python cohere: HTML SSEError, JSON SSEError
#   python google-genai: HTML UnknownApiResponseError, JSON ends empty
#   node openai: HTML ends empty, JSON ends empty
#   node anthropic: HTML ends empty, JSON ends empty
#   node langchain: HTML ends empty, JSON ends empty
#   node cohere: HTML ends empty, JSON ends empty
#   node genai: HTML Error, JSON Error
#   node mistral: HTML SDKError, JSON SDKError
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# The first member of a path says what comes.
cat >server.py <<'END'
import http.server
import json

PAGE = """<!doctype html>
<html lang="en">
<title>Before you go on</title>
<p>Do you want to visit this site?</p>
</html>
"""
MESSAGE = {"role": "assistant", "content": "abc"}
COMPLETION = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
}
BODIES = {
    "html": ("text/html; charset=utf-8", PAGE),
    "json": ("application/json", json.dumps(COMPLETION)),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind, body = BODIES[self.path.split("/")[1]]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >client.py <<'END'
import sys

import anthropic
import cohere
import groq
import huggingface_hub
import mistralai.client
import openai
from google import genai

asked = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


def with_openai(base):
    client = openai.OpenAI(api_key="k", base_url=base, max_retries=0)
    yield from client.chat.completions.create(**asked, stream=True)


def with_anthropic(base):
    client = anthropic.Anthropic(api_key="k", base_url=base, max_retries=0)
    yield from client.messages.create(**asked, max_tokens=9, stream=True)


def with_groq(base):
    client = groq.Groq(api_key="k", base_url=base, max_retries=0)
    yield from client.chat.completions.create(**asked, stream=True)


def with_huggingface_hub(base):
    client = huggingface_hub.InferenceClient(base_url=base, api_key="k")
    yield from client.chat_completion(messages=asked["messages"], stream=True)


def with_mistralai(base):
    client = mistralai.client.Mistral(api_key="k", server_url=base)
    yield from client.chat.stream(**asked)


def with_cohere(base):
    client = cohere.ClientV2(api_key="k", base_url=base)
    yield from client.chat_stream(**asked)


def with_google_genai(base):
    client = genai.Client(api_key="k", http_options={"base_url": base})
    for part in client.models.generate_content_stream(model="m", contents="x"):
        if part.text:
            yield part


def outcome(ask, base):
    try:
        return "goes on" if list(ask(base)) else "ends empty"
    except Exception as error:
        return type(error).__name__


for ask in (with_openai, with_anthropic, with_groq, with_huggingface_hub, with_mistralai,
            with_cohere, with_google_genai):
    name = ask.__name__.removeprefix("with_").replace("google_", "google-")
    html, json = (outcome(ask, f"{sys.argv[1]}/{kind}") for kind in ("html", "json"))
    print(f"python {name}: HTML {html}, JSON {json}")
END
cat >client.mjs <<'END'
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { ChatOpenAI } from "@langchain/openai";
import { Mistral } from "@mistralai/mistralai";
import { CohereClientV2 } from "cohere-ai";
import OpenAI from "openai";

const messages = [{ role: "user", content: "x" }];
const asked = { model: "m", messages };
const own = (baseURL) => ({ apiKey: "k", baseURL, maxRetries: 0 });
const clients = {
    openai: (base) => new OpenAI(own(base)).chat.completions.create({ ...asked, stream: true }),
    anthropic: (base) =>
        new Anthropic(own(base)).messages.create({ ...asked, max_tokens: 9, stream: true }),
    langchain: (base) =>
        new ChatOpenAI({ model: "m", apiKey: "k", configuration: own(base) }).stream("x"),
    cohere: (base) => new CohereClientV2({ token: "k", environment: base }).chatStream(asked),
    genai: (base) =>
        new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: base } }).models
            .generateContentStream({ model: "m", contents: "x" }),
    mistral: (base) => new Mistral({ apiKey: "k", serverURL: base }).chat.stream(asked),
};

async function outcome(ask, base) {
    try {
        for await (const _ of await ask(base)) return "goes on";
        return "ends empty";
    } catch (error) {
        return error.name;
    }
}
for (const [name, ask] of Object.entries(clients)) {
    const html = await outcome(ask, `${process.argv[2]}/html`);
    const json = await outcome(ask, `${process.argv[2]}/json`);
    console.log(`node ${name}: HTML ${html}, JSON ${json}`);
}
END
cat >expected <<'END'
python openai: HTML ends empty, JSON ends empty
python anthropic: HTML ends empty, JSON ends empty
python groq: HTML ends empty, JSON ends empty
python huggingface_hub: HTML ends empty, JSON ends empty
python mistralai: HTML SDKError, JSON SDKError
python cohere: HTML SSEError, JSON SSEError
python google-genai: HTML UnknownApiResponseError, JSON ends empty
node openai: HTML ends empty, JSON ends empty
node anthropic: HTML ends empty, JSON ends empty
node langchain: HTML ends empty, JSON ends empty
node cohere: HTML ends empty, JSON ends empty
node genai: HTML Error, JSON Error
node mistral: HTML SDKError, JSON SDKError
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 \
    groq==1.7.0 huggingface_hub==2.4.0 mistralai==3.7.0 cohere==7.3.1 google-genai==3.6.1
npm install --no-audit --no-fund --silent openai@6.49.0 @anthropic-ai/sdk@1.14.0 \
    @langchain/openai@1.5.8 @langchain/core@1.4.0 cohere-ai@8.1.0 @google/genai@2.32.0 \
    @mistralai/mistralai@2.7.0

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
{
    venv/bin/python client.py "http://127.0.0.1:$number"
    node client.mjs "http://127.0.0.1:$number"
} | tee seen
diff expected seen
