#!/bin/sh
# google-genai 3.6.1 and huggingface_hub 2.4.0 (PyPI); beside them openai 3.57.0
#
# What becomes of an answer when nobody holds the client any more that asked for
# it, as in a function that makes a client and returns its stream. The client of
# google-genai closes its connections when it is collected, and the call does not
# hold it: even in one expression, Client().models.generate_content(), it is gone
# before the request. huggingface_hub's InferenceClient owns the stream in the same
# way: the iterator that it gave holds no reference, and fails at its first step.
# Whoever keeps the client in a variable until the stream has ended has all of it;
# with openai it does not matter.
#
# Seen on 30 November 2026:
#   google-genai, client kept: abc
#   google-genai, client not kept: RuntimeError: Cannot send a request, as the client has been closed.
#   google-genai, not streamed, client not kept: RuntimeError: Cannot send a request, as the client has been closed.
#   huggingface_hub, client kept: abc
#   huggingface_hub, client not kept: StreamClosed: Attempted to read or stream content, but the stream has been closed.
#   openai, client kept: abc
#   openai, client not kept: abc
#
# Needs python3 with venv. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >seen.py <<'END'
import http.server
import json
import threading

import google.genai
import huggingface_hub
import openai


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_gemini = "enerateContent" in self.path
        parts = [self.gemini(word) if is_gemini else self.completion(word) for word in "abc"]
        body = "".join(f"data: {json.dumps(part)}\n\n" for part in parts)
        if not is_gemini:
            body += "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(body.encode())

    def gemini(self, word):
        return {"candidates": [{"content": {"role": "model", "parts": [{"text": word}]}}]}

    def completion(self, word):
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [choice]}

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
asked = [{"role": "user", "content": "x"}]


def genai_client():
    return google.genai.Client(api_key="k", http_options={"base_url": base})


def hub_client():
    return huggingface_hub.InferenceClient(base_url=base, api_key="k")


def openai_client():
    return openai.OpenAI(base_url=base, api_key="k", max_retries=0)


def genai_stream(client):
    return client.models.generate_content_stream(model="m", contents="x")


def hub_stream(client):
    return client.chat_completion(messages=asked, stream=True)


def openai_stream(client):
    return client.chat.completions.create(model="m", messages=asked, stream=True)


def text(part):
    return part.text if hasattr(part, "text") else part.choices[0].delta.content


def tell(what, ask):
    try:
        print(f"{what}: {''.join(text(part) for part in ask())}")
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {error}")


def kept(new, stream):
    client = new()
    return [part for part in stream(client)]


def not_kept(new, stream):
    return stream(new())


tell("google-genai, client kept", lambda: kept(genai_client, genai_stream))
tell("google-genai, client not kept", lambda: not_kept(genai_client, genai_stream))
tell("google-genai, not streamed, client not kept",
     lambda: [genai_client().models.generate_content(model="m", contents="x")])
tell("huggingface_hub, client kept", lambda: kept(hub_client, hub_stream))
tell("huggingface_hub, client not kept", lambda: not_kept(hub_client, hub_stream))
tell("openai, client kept", lambda: kept(openai_client, openai_stream))
tell("openai, client not kept", lambda: not_kept(openai_client, openai_stream))
END
cat >expected <<'END'
google-genai, client kept: abc
google-genai, client not kept: RuntimeError: Cannot send a request, as the client has been closed.
google-genai, not streamed, client not kept: RuntimeError: Cannot send a request, as the client has been closed.
huggingface_hub, client kept: abc
huggingface_hub, client not kept: StreamClosed: Attempted to read or stream content, but the stream has been closed.
openai, client kept: abc
openai, client not kept: abc
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check google-genai==3.6.1 \
    huggingface_hub==2.4.0 openai==3.57.0
venv/bin/python seen.py 2>errors | tee seen
diff expected seen
