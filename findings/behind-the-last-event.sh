#!/bin/sh
# openai 3.57.0, anthropic 2.14.0, groq 1.7.0, together 3.1.1, mistralai 3.7.0, cohere 7.3.1,
# huggingface_hub 2.4.0 (PyPI); openai 6.49.0, @anthropic-ai/sdk 1.14.0, groq-sdk 1.6.0,
# together-ai 0.52.0, @mistralai/mistralai 2.7.0, cohere-ai 8.1.0, @langchain/openai 1.5.8,
# ai 6.0.326 with @ai-sdk/openai-compatible 2.0.92, @huggingface/inference 4.13.30 (npm);
# Node.js 20.20.2
#
# What an SDK does between the last event of a streamed answer ("[DONE]", "message_stop")
# and the last chunk of the body. Four of those for Python stop at the event and
# close the connection, though the rest of the body is there already, in the same
# segment: so each streamed call dials anew, TLS and all, whatever pool of connections
# there is, and the server sees a client that went away for each answer that was read
# whole. Most of the others read on to the end of the body: there the pool works, but a
# loop that has all it wants does not end while the server, or a proxy in front of it,
# keeps the body open. OpenAI's own client is of the first kind in Python and of
# the second in JavaScript; only two, for JavaScript, have both right.
# A server sends "[DONE]" and the last chunk at once; that a connection ends in front of
# the last chunk is no sign that a call was given up.
#
# Seen on 1 December 2026, connections for four calls, one after the other, the last event
# and the last chunk in one write; and where the loop ends when the chunk is 3 s later:
#   python openai: 4 connections, ends at the event
#   python anthropic: 1 connections, waits for the chunk
#   python groq: 1 connections, waits for the chunk
#   python together: 4 connections, ends at the event
#   python mistral: 4 connections, ends at the event
#   python cohere: 1 connections, waits for the chunk
#   python huggingface: 4 connections, ends at the event
#   node openai: 1 connections, waits for the chunk
#   node anthropic: 1 connections, waits for the chunk
#   node groq: 1 connections, waits for the chunk
#   node together: 1 connections, waits for the chunk
#   node mistral: 1 connections, ends at the event
#   node cohere: 1 connections, waits for the chunk
#   node langchain: 1 connections, waits for the chunk
#   node ai: 1 connections, waits for the chunk
#   node huggingface: 1 connections, ends at the event
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still so,
# else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >client.py <<'END'
import sys
import time
import urllib.request

import anthropic
import cohere
import groq
import huggingface_hub
import openai
import together
from mistralai.client import Mistral

ASKED = {"model": "x", "messages": [{"role": "user", "content": "x"}]}
KEY = {"api_key": "x"}


def of_chunks(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def of_openai(url):
    create = openai.OpenAI(base_url=url + "/v1", **KEY).chat.completions.create
    return lambda: of_chunks(create(stream=True, **ASKED))


def of_anthropic(url):
    create = anthropic.Anthropic(base_url=url, **KEY).messages.create
    return lambda: "".join(
        event.delta.text
        for event in create(stream=True, max_tokens=9, **ASKED)
        if event.type == "content_block_delta"
    )


def of_groq(url):
    create = groq.Groq(base_url=url, **KEY).chat.completions.create
    return lambda: of_chunks(create(stream=True, **ASKED))


def of_together(url):
    create = together.Together(base_url=url + "/v1", **KEY).chat.completions.create
    return lambda: of_chunks(create(stream=True, **ASKED))


def of_mistral(url):
    client = Mistral(server_url=url, **KEY)
    return lambda: of_chunks(event.data for event in client.chat.stream(**ASKED))


def of_cohere(url):
    client = cohere.ClientV2(base_url=url, **KEY)
    return lambda: "".join(
        event.delta.message.content.text
        for event in client.chat_stream(**ASKED)
        if event.type == "content-delta"
    )


def of_huggingface(url):
    client = huggingface_hub.InferenceClient(base_url=url + "/v1", **KEY)
    return lambda: of_chunks(client.chat.completions.create(stream=True, **ASKED))


def report(name, make):
    url = f"{sys.argv[1]}/{name}"
    call = make(url + "/at-once")
    for _ in range(4):
        assert call() == "ab"
        time.sleep(0.2)
    with urllib.request.urlopen(url + "/count") as answer:
        count = answer.read().decode()
    call = make(url + "/later")
    began = time.monotonic()
    assert call() == "ab"
    how = "waits for the chunk" if time.monotonic() - began > 3 else "ends at the event"
    print(f"python {name}: {count} connections, {how}", flush=True)


for make in (of_openai, of_anthropic, of_groq, of_together, of_mistral, of_cohere, of_huggingface):
    report(make.__name__.removeprefix("of_"), make)
END
cat >client.mjs <<'END'
import { setTimeout as pause } from "node:timers/promises";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { InferenceClient } from "@huggingface/inference";
import { ChatOpenAI } from "@langchain/openai";
import { Mistral } from "@mistralai/mistralai";
import { streamText } from "ai";
import { CohereClientV2 } from "cohere-ai";
import Groq from "groq-sdk";
import OpenAI from "openai";
import Together from "together-ai";

const [, , name, base] = process.argv;
const asked = { model: "x", messages: [{ role: "user", content: "x" }] };
const apiKey = "x";

async function joined(parts, textOf) {
    let text = "";
    for await (const part of parts) text += textOf(part) ?? "";
    return text;
}
const ofChunk = (chunk) => chunk.choices[0].delta.content;
const ofChunks = async (client) =>
    joined(await client.chat.completions.create({ stream: true, ...asked }), ofChunk);
const makes = {
    openai: (url) => {
        const client = new OpenAI({ baseURL: url + "/v1", apiKey });
        return () => ofChunks(client);
    },
    anthropic: (url) => {
        const client = new Anthropic({ baseURL: url, apiKey });
        return async () =>
            joined(await client.messages.create({ stream: true, max_tokens: 9, ...asked }),
                (event) => event.delta?.text);
    },
    groq: (url) => {
        const client = new Groq({ baseURL: url, apiKey });
        return () => ofChunks(client);
    },
    together: (url) => {
        const client = new Together({ baseURL: url + "/v1", apiKey });
        return () => ofChunks(client);
    },
    mistral: (url) => {
        const client = new Mistral({ serverURL: url, apiKey });
        return async () => joined(await client.chat.stream(asked), (event) => ofChunk(event.data));
    },
    cohere: (url) => {
        const client = new CohereClientV2({ environment: url, token: apiKey });
        return async () =>
            joined(await client.chatStream(asked), (event) => event.delta?.message?.content?.text);
    },
    langchain: (url) => {
        const client = new ChatOpenAI({ configuration: { baseURL: url + "/v1" }, apiKey, model: "x" });
        return async () => joined(await client.stream("x"), (part) => part.content);
    },
    ai: (url) => {
        const model = createOpenAICompatible({ name: "x", baseURL: url + "/v1" })("x");
        return () => joined(streamText({ model, prompt: "x" }).textStream, (text) => text);
    },
    huggingface: (url) => {
        const client = new InferenceClient(apiKey, { endpointUrl: url });
        return () => joined(client.chatCompletionStream(asked), ofChunk);
    },
};

async function expectText(call) {
    const text = await call();
    if (text !== "ab") throw new Error(`it said "${text}"`);
}

const url = `${base}/${name}`;
const call = makes[name](url + "/at-once");
for (let i = 0; i < 4; i++) {
    await expectText(call);
    await pause(200);
}
const count = await (await fetch(url + "/count")).text();
const again = makes[name](url + "/later");
const began = performance.now();
await expectText(again);
const how = performance.now() - began > 3000 ? "waits for the chunk" : "ends at the event";
console.log(`node ${name}: ${count} connections, ${how}`);
process.exit();
END
cat >main.py <<'END'
import http.server
import json
import subprocess
import threading
import time

NODE = (
    "openai", "anthropic", "groq", "together", "mistral", "cohere", "langchain", "ai", "huggingface",
)
connections = {}


def of_openai():
    for delta, reason in (({"content": "a"}, None), ({"content": "b"}, None), ({}, "stop")):
        choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": reason}
        yield None, {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x",
                     "choices": [choice]}
    yield None, None


def of_anthropic():
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "x", "type": "message", "role": "assistant", "model": "x", "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield "message_start", {"message": message}
    yield "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
    for text in "ab":
        yield "content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}}
    yield "content_block_stop", {"index": 0}
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    yield "message_delta", {"delta": end, "usage": usage}
    yield "message_stop", {}


def of_cohere():
    message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield "message-start", {"id": "x", "delta": {"message": message}}
    text = {"type": "text", "text": ""}
    yield "content-start", {"index": 0, "delta": {"message": {"content": text}}}
    for word in "ab":
        yield "content-delta", {"index": 0, "delta": {"message": {"content": {"text": word}}}}
    yield "content-end", {"index": 0}
    usage = {"tokens": {"input_tokens": 1, "output_tokens": 2}}
    yield "message-end", {"delta": {"finish_reason": "COMPLETE", "usage": usage}}


def written(name, data):
    if data is None:
        return b"data: [DONE]\n\n"
    if name is None:
        return b"data: %s\n\n" % json.dumps(data).encode()
    text = json.dumps({"type": name, **data})
    return f"event: {name}\ndata: {text}\n\n".encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        text = str(len(connections[tuple(self.path.split("/")[1:3])])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        language, name, way = self.path.split("/")[1:4]
        if way == "at-once":
            connections.setdefault((language, name), set()).add(self.client_address)
        events = of_openai
        if self.path.endswith("/v1/messages"):
            events = of_anthropic
        elif self.path.endswith("/v2/chat"):
            events = of_cohere
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        parts = [b"%x\r\n%s\r\n" % (len(text), text) for text in (written(*e) for e in events())]
        self.wfile.write(b"".join(parts[:-1]))
        last = b"0\r\n\r\n"
        if way == "later":
            self.wfile.write(parts[-1])
            time.sleep(4)
        else:
            last = parts[-1] + last
        self.wfile.write(last)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # who closes while we write


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
subprocess.run(["venv/bin/python", "client.py", base + "/python"], check=False)
for name in NODE:
    subprocess.run(["node", "client.mjs", name, base + "/node"], check=False)
END
cat >expected <<'END'
python openai: 4 connections, ends at the event
python anthropic: 1 connections, waits for the chunk
python groq: 1 connections, waits for the chunk
python together: 4 connections, ends at the event
python mistral: 4 connections, ends at the event
python cohere: 1 connections, waits for the chunk
python huggingface: 4 connections, ends at the event
node openai: 1 connections, waits for the chunk
node anthropic: 1 connections, waits for the chunk
node groq: 1 connections, waits for the chunk
node together: 1 connections, waits for the chunk
node mistral: 1 connections, ends at the event
node cohere: 1 connections, waits for the chunk
node langchain: 1 connections, waits for the chunk
node ai: 1 connections, waits for the chunk
node huggingface: 1 connections, ends at the event
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 \
    groq==1.7.0 together==3.1.1 mistralai==3.7.0 cohere==7.3.1 huggingface_hub==2.4.0
npm install --no-audit --no-fund --silent openai@6.49.0 @anthropic-ai/sdk@1.14.0 groq-sdk@1.6.0 \
    together-ai@0.52.0 @mistralai/mistralai@2.7.0 cohere-ai@8.1.0 @langchain/openai@1.5.8 \
    @langchain/core@1.4.0 ai@6.0.326 @ai-sdk/openai-compatible@2.0.92 @huggingface/inference@4.13.30
python3 main.py | tee seen
diff expected seen
