#!/bin/sh
# llama-cpp-python 0.3.36 with its server (PyPI)
#
# What a user of the server has of his answer when another one asks for something. Its
# setting interrupt_requests, which is on as shipped ("whether to interrupt requests when a new
# request is received"), ends the stream that is under way in favour of the new one. The
# stream does not break off, nor is there an error: the events stop, "[DONE]" follows and the
# body ends in good order, as after a whole answer; only finish_reason, "stop" or "length"
# in each other stream, never came, and hardly an SDK looks at that. So with two people at one
# model, or a chat whose title is asked for beside it, answers are cut short now and then, by
# how fast the others are, and never in a test with one client. A server of this API
# queues requests or runs them side by side (llama.cpp's own, vLLM, Ollama).
# --interrupt_requests false has the second wait.
#
# Seen on 1 December 2026, of an answer of 400 tokens, while a second one is asked for:
#   alone: length, [DONE], all
#   beside a second: no reason, [DONE], a part
#   the same with --interrupt_requests false: length, [DONE], all
#
# Needs python3 with venv, a C++ compiler, cmake, and some minutes to build it. Exits with 0
# if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >model.py <<'END'
"""Writes a model of llama's shape with random weights, which says words in any order."""

import gguf
import numpy

EMBEDDING, BLOCKS, FORWARD, HEADS = 256, 4, 1024, 4
WORDS = "the of and to in is that for it as was with be by on not he his but at".split()
Kind = gguf.TokenType

random = numpy.random.default_rng(1)
out = gguf.GGUFWriter("model.gguf", "llama")
out.add_context_length(2048)
out.add_embedding_length(EMBEDDING)
out.add_block_count(BLOCKS)
out.add_feed_forward_length(FORWARD)
out.add_head_count(HEADS)
out.add_layer_norm_rms_eps(1e-5)
out.add_rope_dimension_count(EMBEDDING // HEADS)
pieces = [("<unk>", Kind.UNKNOWN), ("<s>", Kind.CONTROL), ("</s>", Kind.CONTROL)]
pieces += [(f"<0x{byte:02X}>", Kind.BYTE) for byte in range(256)]
pieces += [(f"\u2581{word}", Kind.NORMAL) for word in WORDS]
out.add_tokenizer_model("llama")
out.add_token_list([text for text, _ in pieces])
out.add_token_scores([-float(i) for i in range(len(pieces))])
out.add_token_types([kind for _, kind in pieces])
out.add_bos_token_id(1)
out.add_eos_token_id(2)


def add(name, *shape):
    out.add_tensor(name, random.standard_normal(shape, dtype=numpy.float32) / 8)


def add_norm(name):
    out.add_tensor(name, numpy.ones(EMBEDDING, dtype=numpy.float32))


add("token_embd.weight", len(pieces), EMBEDDING)
head = random.standard_normal((len(pieces), EMBEDDING), dtype=numpy.float32)
head[: len(pieces) - len(WORDS)] = 0  # words alone
out.add_tensor("output.weight", head)
add_norm("output_norm.weight")
for block in range(BLOCKS):
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        add(f"blk.{block}.{name}.weight", EMBEDDING, EMBEDDING)
    for name in ("ffn_gate", "ffn_up"):
        add(f"blk.{block}.{name}.weight", FORWARD, EMBEDDING)
    add(f"blk.{block}.ffn_down.weight", EMBEDDING, FORWARD)
    add_norm(f"blk.{block}.attn_norm.weight")
    add_norm(f"blk.{block}.ffn_norm.weight")
out.write_header_to_file()
out.write_kv_data_to_file()
out.write_tensors_to_file()
out.close()
END
cat >client.py <<'END'
import http.client
import json
import sys
import threading

port, name, others = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
COUNT = 400
BIAS = {"2": -100}  # so that it does not end by itself


def parts(count):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    asked = {"prompt": "the", "max_tokens": count, "stream": True, "logit_bias": BIAS}
    connection.request("POST", "/v1/completions", json.dumps(asked),
                       {"Content-Type": "application/json"})
    for line in connection.getresponse():
        if line.startswith(b"data: "):
            yield line[6:].strip().decode()


def ask_another():
    list(parts(5))


seen, reason, end = 0, None, "no [DONE]"
second = threading.Thread(target=ask_another)
for part in parts(COUNT):
    if part == "[DONE]":
        end = part
        continue
    choice = json.loads(part)["choices"][0]
    reason = choice["finish_reason"] or reason
    seen += bool(choice["text"])
    if seen == 5 and others and not second.ident:
        second.start()
if second.ident:
    second.join()
amount = "all" if seen >= COUNT - 1 else "a part"
print(f"{name}: {reason or 'no reason'}, {end}, {amount}")
END
cat >expected <<'END'
alone: length, [DONE], all
beside a second: no reason, [DONE], a part
the same with --interrupt_requests false: length, [DONE], all
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'llama-cpp-python[server]==0.3.36' \
    gguf
venv/bin/python model.py

start() { # start ARGUMENT...
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    venv/bin/python -m llama_cpp.server --model model.gguf --port "$port" "$@" >log 2>&1 &
    server=$!
    until venv/bin/python -c "import socket; socket.create_connection(('127.0.0.1', $port))" \
        2>/dev/null; do
        kill -0 $server
        sleep 0.5
    done
}
stop() {
    kill $server
    wait $server 2>/dev/null || true
    server=
}
{
    start
    venv/bin/python client.py "$port" alone 0
    venv/bin/python client.py "$port" "beside a second" 1
    stop
    start --interrupt_requests false
    venv/bin/python client.py "$port" "the same with --interrupt_requests false" 1
    stop
} | tee seen
diff expected seen
