#!/bin/sh
# Called by `make demo`: a chat completion streams from a mock LLM server
# through the tunnel, all on this machine, and then everything ends again.
set -eu
cd "$(dirname "$0")/.."
. scripts/rig.sh

echo "Starting a mock LLM server, the signal server and both ends of the tunnel:"
echo
rig_start_all --delay 0.12
echo
echo "A streamed chat completion through the tunnel, token by token:"
echo
printf '    '
# Prints the content of each event the moment it comes.
curl -sSN --fail "$proxy/v1/chat/completions" -H 'Content-Type: application/json' \
    -d '{"model":"mock-small","stream":true,"messages":[{"role":"user","content":"Hello"}]}' |
    "$python" -uc '
import json, sys
for line in sys.stdin:
    data = line.removeprefix("data: ").strip()
    if line.startswith("data: ") and data != "[DONE]":
        print(json.loads(data)["choices"][0]["delta"].get("content", ""), end="", flush=True)
print()'
cat <<END

That was the whole thing. By hand, with an LLM server of your own:

  somewhere both machines reach:
    build/signal-server --port 8787

  beside the LLM server (Ollama here), which prints a line for the laptop:
    build/tunnel serve 11434 --signal ws://THAT-HOST:8787

  on your laptop, that line:
    build/tunnel proxy 'http://THAT-HOST:8787/#t1...'
    curl -N http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' \\
        -d '{"model":"llama3","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
END
