#!/bin/sh
# openai 3.57.0, anthropic 2.14.0, groq 1.7.0, mistralai 3.7.0, huggingface_hub 2.4.0,
# google-genai 3.6.1, ollama 0.6.3 (PyPI); openai 6.49.0, @anthropic-ai/sdk 1.14.0,
# groq-sdk 1.6.0, cohere-ai 8.1.0, @mistralai/mistralai 2.7.0, @langchain/openai 1.5.8,
# together-ai 0.52.0, @google/genai 2.32.0, ollama 0.6.4, ai 6.0.326 with
# @ai-sdk/openai-compatible 2.0.92, @huggingface/inference 4.13.30 (npm)
#
# Whether a model stops when its caller leaves the loop over a streamed answer,
# because it has what it wanted. The server knows only by the end of the connection.
# In JavaScript "break" calls the iterator's return(), with which seven of the SDKs
# close the connection. Four do not: Google's, Ollama's, Vercel's and Hugging
# Face's go on to receive the answer that nobody reads, to its end. In Python
# no SDK stops as long as a variable holds the stream, which it does until the
# function returns, or for good in a notebook: the server computes on, with a slot of
# its few taken. What each has for the purpose does it: close() or "with" in
# Python, an AbortSignal or abort() in JavaScript.
#
# Seen on 1 December 2026, the answer after "break", and after that other means:
#   python openai: goes on, closed ends
#   python anthropic: goes on, closed ends
#   python groq: goes on, closed ends
#   python mistralai: goes on, closed ends
#   python huggingface_hub: goes on, closed ends
#   python google-genai: goes on, closed ends
#   python ollama: goes on, closed ends
#   node openai: ends
#   node anthropic: ends
#   node groq: ends
#   node cohere: ends
#   node mistral: ends
#   node langchain: ends
#   node together: ends
#   node genai: goes on, aborted ends
#   node ollama: goes on, aborted ends
#   node ai: goes on, aborted ends
#   node huggingface: goes on, aborted ends
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The path begins with who asks. An answer has a word each 50 ms, for 8 s.
cat >main.py <<'END'
import http.server
import itertools
import json
import subprocess
import threading
import time

import anthropic
import groq
import huggingface_hub
import mistralai.client
import ollama
import openai
from google import genai

asked = [{"role": "user", "content": "x"}]
outcomes = {}
gone = threading.Condition()


def completion():
    choice = {"index": 0, "delta": {"role": "assistant", "content": "a"}, "finish_reason": None}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n"


def named(kind, **data):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"


MESSAGE = {
    "id": "1", "type": "message", "role": "assistant", "content": [], "model": "m",
    "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
}
# What begins an answer, and a word of it, by a part of the path.
APIS = {
    "messages": (
        named("message_start", message=MESSAGE)
        + named("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        named("content_block_delta", index=0, delta={"type": "text_delta", "text": "a"}),
    ),
    "GenerateContent": (
        "",
        'data: {"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"a"}]}}]}\n\n',
    ),
    "v2/chat": (
        named("message-start", id="1", delta={"message": {"role": "assistant"}}),
        named("content-delta", index=0, delta={"message": {"content": {"text": "a"}}}),
    ),
    "api/chat": (
        "",
        '{"model":"m","created_at":"2026-12-01T00:00:00Z","done":false,'
        '"message":{"role":"assistant","content":"a"}}\n',
    ),
    "completions": ("", completion()),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        begin, word = next(texts for part, texts in APIS.items() if part in self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        outcome = "ends"
        try:
            self.send(begin + word)
            for _ in range(160):
                time.sleep(0.05)
                self.send(word)
            self.wfile.write(b"0\r\n\r\n")
            outcome = "goes on"
        except OSError:
            pass
        with gone:
            outcomes[self.path.split("/")[1]] = outcome
            gone.notify_all()

    def send(self, text):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text.encode()))

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


def completions(client):
    return client.chat.completions.create(model="m", messages=asked, stream=True)


kept = {
    "openai": lambda base: openai.OpenAI(api_key="k", base_url=base + "/v1"),
    "anthropic": lambda base: anthropic.Anthropic(api_key="k", base_url=base),
    "groq": lambda base: groq.Groq(api_key="k", base_url=base),
    "mistralai": lambda base: mistralai.client.Mistral(api_key="k", server_url=base),
    "huggingface_hub": lambda base: huggingface_hub.InferenceClient(base_url=base, api_key="k"),
    "google-genai": lambda base: genai.Client(api_key="k", http_options={"base_url": base}),
    "ollama": ollama.Client,
}
calls = {
    "openai": completions,
    "anthropic": lambda client: client.messages.create(
        model="m", max_tokens=9, messages=asked, stream=True
    ),
    "groq": completions,
    "mistralai": lambda client: client.chat.stream(model="m", messages=asked),
    "huggingface_hub": lambda client: client.chat_completion(messages=asked, stream=True),
    "google-genai": lambda client: client.models.generate_content_stream(model="m", contents="x"),
    "ollama": lambda client: client.chat(model="m", messages=asked, stream=True),
}


def close(stream):
    (stream.close if hasattr(stream, "close") else stream.response.close)()


def main():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    names = subprocess.Popen(["node", "main.mjs", base], stdout=subprocess.PIPE, text=True)
    held = []
    for name, then in itertools.product(calls, ("", "-stopped")):
        client = kept[name](f"{base}/python {name}{then}".replace(" ", "%20"))
        stream = calls[name](client)
        for _ in stream:
            break
        held.append((client, stream))
        if then:
            close(stream)

    clients = [f"python {name}" for name in calls]
    clients += [f"node {name}" for name in names.stdout.readline().split()]
    wanted = {client + then for client in clients for then in ("", "-stopped")}
    with gone:
        gone.wait_for(lambda: wanted <= {key.replace("%20", " ") for key in outcomes}, timeout=60)
    of = {key.replace("%20", " "): outcome for key, outcome in outcomes.items()}
    for client in clients:
        other = "closed" if client.startswith("python") else "aborted"
        first = of.get(client)
        more = "" if first == "ends" else f", {other} {of.get(client + '-stopped')}"
        print(f"{client}: {first}{more}")
    names.kill()


main()
END
cat >main.mjs <<'END'
import Anthropic from "@anthropic-ai/sdk";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { GoogleGenAI } from "@google/genai";
import { InferenceClient } from "@huggingface/inference";
import { ChatOpenAI } from "@langchain/openai";
import { Mistral } from "@mistralai/mistralai";
import { streamText } from "ai";
import { CohereClientV2 } from "cohere-ai";
import Groq from "groq-sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";
import Together from "together-ai";

const model = "m";
const apiKey = "k";
const messages = [{ role: "user", content: "x" }];
const completions = (client) => client.chat.completions.create({ model, messages, stream: true });
const clients = {
    openai: (base) => completions(new OpenAI({ apiKey, baseURL: `${base}/v1` })),
    anthropic: (base) =>
        new Anthropic({ apiKey, baseURL: base })
            .messages.create({ model, max_tokens: 9, messages, stream: true }),
    groq: (base) => completions(new Groq({ apiKey, baseURL: base })),
    cohere: (base) =>
        new CohereClientV2({ token: apiKey, environment: base }).chatStream({ model, messages }),
    mistral: (base) => new Mistral({ apiKey, serverURL: base }).chat.stream({ model, messages }),
    langchain: (base) =>
        new ChatOpenAI({ apiKey, model, configuration: { baseURL: `${base}/v1` } }).stream("x"),
    together: (base) => completions(new Together({ apiKey, baseURL: `${base}/v1` })),
    genai: (base, abortSignal) =>
        new GoogleGenAI({ apiKey, httpOptions: { baseUrl: base } })
            .models.generateContentStream({ model, contents: "x", config: { abortSignal } }),
    ollama: (base) => new Ollama({ host: base }).chat({ model, messages, stream: true }),
    ai: (base, abortSignal) => {
        const provider = createOpenAICompatible({ name: "x", baseURL: `${base}/v1` });
        return streamText({ model: provider(model), messages, abortSignal }).textStream;
    },
    huggingface: (base, signal) =>
        new InferenceClient(apiKey, { endpointUrl: base })
            .chatCompletionStream({ model, messages }, { signal }),
};

process.on("unhandledRejection", () => {}); // what was aborted may say so
const held = [];
for (const [name, ask] of Object.entries(clients))
    for (const then of ["", "-stopped"]) {
        const abort = new AbortController();
        const stream = await ask(`${process.argv[2]}/node%20${name}${then}`, abort.signal);
        held.push(stream);
        for await (const _ of stream) break;
        if (then) stream.abort ? stream.abort() : abort.abort();
    }
console.log(Object.keys(clients).join(" "));
setInterval(() => held, 1000); // until it is ended
END
cat >expected <<'END'
python openai: goes on, closed ends
python anthropic: goes on, closed ends
python groq: goes on, closed ends
python mistralai: goes on, closed ends
python huggingface_hub: goes on, closed ends
python google-genai: goes on, closed ends
python ollama: goes on, closed ends
node openai: ends
node anthropic: ends
node groq: ends
node cohere: ends
node mistral: ends
node langchain: ends
node together: ends
node genai: goes on, aborted ends
node ollama: goes on, aborted ends
node ai: goes on, aborted ends
node huggingface: goes on, aborted ends
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 \
    groq==1.7.0 mistralai==3.7.0 huggingface_hub==2.4.0 google-genai==3.6.1 ollama==0.6.3
npm install --no-audit --no-fund --silent openai@6.49.0 @anthropic-ai/sdk@1.14.0 \
    groq-sdk@1.6.0 cohere-ai@8.1.0 @mistralai/mistralai@2.7.0 @langchain/openai@1.5.8 \
    together-ai@0.52.0 @google/genai@2.32.0 ollama@0.6.4 ai@6.0.326 \
    @ai-sdk/openai-compatible@2.0.92 @huggingface/inference@4.13.30
venv/bin/python main.py | tee seen
diff expected seen
