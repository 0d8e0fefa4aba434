#!/bin/sh
# litellm 1.108.7; beside it openai 3.57.0 (PyPI)
#
# A streamed answer with the same piece many times in a row, as a model writes it that
# draws a line of dashes, fills a table or a matrix with zeros, or gives out data in base64
# ("AAAA" is three bytes of 0). litellm takes a hundred of them for a model that is caught in a
# loop and raises an InternalServerError, as if the server had failed, though that has
# sent nothing but a proper answer; the rest is lost.
# Pieces of one or two characters may repeat as they like, and a
# request that is not streamed may, too, so that it depends on how a server cuts its text:
# with one that sends "--" there is never a fault, with one that sends "----" there is.
# REPEATED_STREAMING_CHUNK_LIMIT in the environment puts the limit higher.
#
# Seen on 1 December 2026, of answers with so many equal pieces:
#   openai: 99 of "----" all, 150 of "----" all, 150 of "--" all, not streamed all
#   litellm: 99 of "----" all, 150 of "----" an error after 100, 150 of "--" all, not streamed all
#
# Needs python3 with venv. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.py <<'END'
import http.server
import json
import threading

import litellm
import openai


def envelope(kind, said, reason):
    choice = {"index": 0, "finish_reason": reason, **said}
    return json.dumps({"id": "1", "object": kind, "created": 1, "model": "m", "choices": [choice]})


def part(text, reason=None):
    said = {"delta": {"role": "assistant", "content": text}}
    return envelope("chat.completion.chunk", said, reason)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        count, piece = self.path.split("/")[1:3]
        if asked.get("stream"):
            events = [part(piece)] * int(count) + [part("", "stop"), "[DONE]"]
            body = "".join(f"data: {event}\n\n" for event in events)
        else:
            said = {"message": {"role": "assistant", "content": piece * int(count)}}
            body = envelope("chat.completion", said, "stop")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if asked.get("stream") else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def by_openai(url, stream):
    client = openai.OpenAI(base_url=url, api_key="x", max_retries=0)
    return client.chat.completions.create(model="m", messages=asked, stream=stream)


def by_litellm(url, stream):
    return litellm.completion(model="openai/m", api_base=url, api_key="x", messages=asked,
                              max_retries=0, stream=stream)


def stream(way, count, piece):
    text = ""
    try:
        for part in way(f"{base}/{count}/{piece}/v1", True):
            text += part.choices[0].delta.content or ""
    except openai.APIError:
        return f"an error after {len(text) // len(piece)}"
    return "all" if text == count * piece else "not all"


def whole(way, count, piece):
    text = way(f"{base}/{count}/{piece}/v1", False).choices[0].message.content
    return "all" if text == count * piece else "not all"


litellm.suppress_debug_info = True
asked = [{"role": "user", "content": "x"}]
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
for name, way in {"openai": by_openai, "litellm": by_litellm}.items():
    seen = [f'{count} of "{piece}" {stream(way, count, piece)}'
            for count, piece in ((99, "----"), (150, "----"), (150, "--"))]
    print(f"{name}: {', '.join(seen)}, not streamed {whole(way, 150, '----')}")
END
cat >expected <<'END'
openai: 99 of "----" all, 150 of "----" all, 150 of "--" all, not streamed all
litellm: 99 of "----" all, 150 of "----" an error after 100, 150 of "--" all, not streamed all
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check litellm==1.108.7 openai==3.57.0
# It fetches no list of prices.
LITELLM_LOCAL_MODEL_COST_MAP=True venv/bin/python main.py 2>errors | tee seen
diff expected seen
