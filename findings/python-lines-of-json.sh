#!/bin/sh
# ollama 0.6.3, huggingface_hub 2.4.0, openai 3.57.0 (PyPI; httpx 0.28.1), ollama 0.6.4 (npm)
#
# What clients make of a streamed answer whose text holds U+0085 (NEL) or U+2028,
# unescaped. JSON allows both in a string (RFC 8259 section 7), and a line of JSON
# or of Server-Sent Events ends with LF, CR LF or CR alone. But httpx's iter_lines()
# is str.splitlines(), which also takes them for ends of lines: two of the Python
# clients get half an object, and the whole answer ends in an error for a
# character that the model wrote. Go's encoding/json, and so Ollama, escapes U+2028
# but not U+0085. bytes.splitlines() (openai) and split("\n") (JavaScript) are safe.
#
# Seen on 29 November 2026:
#   ollama python, U+0085: JSONDecodeError
#   ollama python, U+2028: JSONDecodeError
#   huggingface_hub, U+0085: JSONDecodeError
#   huggingface_hub, U+2028: JSONDecodeError
#   openai python, U+0085: whole
#   openai python, U+2028: whole
#   ollama node, U+0085: whole
#   ollama node, U+2028: whole
#
# Needs python3 with venv, node 18 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# The model's name is the code point that it says between two letters.
cat >server.py <<'END'
import http.server
import json


def lines_of_ollama(model, text):
    yield {"model": model, "message": {"role": "assistant", "content": text}, "done": False}
    yield {"model": model, "message": {"role": "assistant", "content": ""}, "done": True}


def events_of_openai(model, text):
    common = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": model}
    delta = {"role": "assistant", "content": text}
    yield {**common, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**common, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        model = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["model"]
        text = f"a{chr(int(model, 16))}b"
        if self.path == "/api/chat":
            kind = "application/x-ndjson"
            parts = [json.dumps(o, ensure_ascii=False) + "\n" for o in lines_of_ollama(model, text)]
        else:
            kind = "text/event-stream"
            objects = [json.dumps(o, ensure_ascii=False) for o in events_of_openai(model, text)]
            parts = [f"data: {o}\n\n" for o in [*objects, "[DONE]"]]
        body = "".join(parts).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >client.py <<'END'
import sys

import huggingface_hub
import ollama
import openai

url = sys.argv[1]
messages = [{"role": "user", "content": "?"}]


def by_ollama(model):
    for part in ollama.Client(host=url).chat(model=model, messages=messages, stream=True):
        yield part.message.content


def by_huggingface_hub(model):
    client = huggingface_hub.InferenceClient(base_url=url + "/v1", api_key="k")
    for part in client.chat_completion(messages, model=model, stream=True):
        yield part.choices[0].delta.content or ""


def by_openai(model):
    client = openai.OpenAI(base_url=url + "/v1", api_key="k")
    for part in client.chat.completions.create(model=model, messages=messages, stream=True):
        yield part.choices[0].delta.content or ""


CLIENTS = {
    "ollama python": by_ollama,
    "huggingface_hub": by_huggingface_hub,
    "openai python": by_openai,
}
for name, ask in CLIENTS.items():
    for model in ("0085", "2028"):
        try:
            text = "".join(ask(model))
            outcome = "whole" if text == f"a{chr(int(model, 16))}b" else f"not whole: {text!a}"
        except Exception as error:
            outcome = type(error).__name__
        print(f"{name}, U+{model}: {outcome}")
END
cat >client.mjs <<'END'
import { Ollama } from "ollama";

for (const model of ["0085", "2028"]) {
    const client = new Ollama({ host: process.argv[2] });
    let text = "";
    for await (const part of await client.chat({ model, messages: [], stream: true })) {
        text += part.message.content;
    }
    const whole = `a${String.fromCodePoint(parseInt(model, 16))}b`;
    console.log(`ollama node, U+${model}: ${text === whole ? "whole" : "not whole"}`);
}
END
cat >expected <<'END'
ollama python, U+0085: JSONDecodeError
ollama python, U+2028: JSONDecodeError
huggingface_hub, U+0085: JSONDecodeError
huggingface_hub, U+2028: JSONDecodeError
openai python, U+0085: whole
openai python, U+2028: whole
ollama node, U+0085: whole
ollama node, U+2028: whole
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    ollama==0.6.3 huggingface_hub==2.4.0 openai==3.57.0 httpx==0.28.1
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
