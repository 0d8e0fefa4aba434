#!/bin/sh
# ollama-rs 0.3.6 (crates.io); beside it ollama 0.6.3 (PyPI) and ollama 0.6.4 (npm)
#
# What a client of Ollama's API in Rust has of a streamed answer whose lines do not arrive
# one by one. Chunks are of a hop and not of what is sent (RFC 9112 section 6.1), so each
# proxy may join or cut them, and a network does. generate_stream() takes what one read
# gave for whole lines, and drops what it cannot parse: a line in two pieces is gone, and an
# answer whose lines are all cut is empty. send_chat_messages_stream() joins lines, but
# drops each read that is not UTF-8 by itself, with all lines in it, as one is that ends
# within a character, and the next one, which begins there. Neither yields an error: the
# stream ends as if the model had said no more. A server's {"error": ...} in mid-answer,
# which cannot be parsed as a part of one, is dropped in the same way. On one machine each
# line is a read of its own, so it is seen only over a network or behind a proxy, and
# the second one only in languages that go beyond ASCII.
#
# Seen on 1 December 2026, of the words "a", "b", "ü" and "c", each line in one piece; each
# cut in its middle; cut within "ü"; and with an error behind "b":
#   ollama-rs, generate: whole "abüc", cut "", cut in a character "ab", error "ab" ends
#   ollama-rs, chat: whole "abüc", cut "abüc", cut in a character "", error "ab" ends
#   python, generate: whole "abüc", cut "abüc", cut in a character "abüc", error "ab" ResponseError
#   python, chat: whole "abüc", cut "abüc", cut in a character "abüc", error "ab" ResponseError
#   node, generate: whole "abüc", cut "abüc", cut in a character "abüc", error "ab" Error
#   node, chat: whole "abüc", cut "abüc", cut in a character "abüc", error "ab" Error
#
# Needs python3 with venv, node 20 or later, npm, cargo, and a minute or two to build it.
# Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import json
import time

WORDS = ("a", "b", "ü", "c")


def line(path, word, done=False):
    text = {"message": {"role": "assistant", "content": word}}
    if path.endswith("/generate"):
        text = {"response": word}
    head = {"model": "x", "created_at": "2026-01-01T00:00:00Z", "done": done}
    return json.dumps({**head, **text}, ensure_ascii=False).encode() + b"\n"


def pieces_of(path):
    way = path.split("/")[1]
    lines = [line(path, word) for word in WORDS] + [line(path, "", done=True)]
    if way == "whole":
        return lines
    if way == "error":
        return lines[:2] + [b'{"error":"boom"}\n']
    text = b"".join(lines)
    cuts = [text.index("ü".encode()) + 1]
    if way == "cut":
        cuts = [sum(map(len, lines[:i])) + 20 for i in range(len(lines))]
    return [text[a:b] for a, b in zip([0] + cuts, cuts + [len(text)])]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces_of(self.path):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(0.3)  # so that each is a read of its own
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >client.py <<'END'
import sys

import ollama

_, what, url = sys.argv
client = ollama.Client(host=url)
words, end = [], "ends"
try:
    if what == "chat":
        asked = [{"role": "user", "content": "x"}]
        for part in client.chat(model="x", messages=asked, stream=True):
            words.append(part.message.content)
    else:
        for part in client.generate(model="x", prompt="x", stream=True):
            words.append(part.response)
except Exception as error:
    end = type(error).__name__
print("".join(words), end)
END
cat >client.mjs <<'END'
import { Ollama } from "ollama";

const [, , what, host] = process.argv;
const client = new Ollama({ host });
let text = "";
let end = "ends";
try {
    if (what === "chat") {
        const messages = [{ role: "user", content: "x" }];
        const parts = await client.chat({ model: "x", messages, stream: true });
        for await (const part of parts) text += part.message.content;
    } else {
        const parts = await client.generate({ model: "x", prompt: "x", stream: true });
        for await (const part of parts) text += part.response;
    }
} catch (error) {
    end = error.name;
}
console.log(text, end);
END
mkdir src
cat >Cargo.toml <<'END'
[package]
name = "client"
version = "0.1.0"
edition = "2021"

[dependencies]
ollama-rs = { version = "=0.3.6", default-features = false, features = ["stream"] }
tokio = { version = "1", features = ["rt", "macros", "net", "time"] }
tokio-stream = "0.1"

[profile.dev]
debug = false
END
cat >src/main.rs <<'END'
use ollama_rs::generation::chat::{request::ChatMessageRequest, ChatMessage};
use ollama_rs::generation::completion::request::GenerationRequest;
use ollama_rs::Ollama;
use tokio_stream::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let client = Ollama::try_new(arguments[2].as_str()).unwrap();
    let mut text = String::new();
    let mut end = "ends";
    if arguments[1] == "chat" {
        let asked = ChatMessageRequest::new("x".into(), vec![ChatMessage::user("x".into())]);
        let mut parts = client.send_chat_messages_stream(asked).await.unwrap();
        while let Some(part) = parts.next().await {
            match part {
                Ok(part) => text += &part.message.content,
                Err(()) => end = "error",
            }
        }
    } else {
        let asked = GenerationRequest::new("x".into(), "x");
        let mut parts = client.generate_stream(asked).await.unwrap();
        while let Some(part) = parts.next().await {
            match part {
                Ok(part) => part.iter().for_each(|line| text += &line.response),
                Err(_) => end = "error",
            }
        }
    }
    println!("{text} {end}");
}
END
cat >expected <<'END'
ollama-rs, generate: whole "abüc", cut "", cut in a character "ab", error "ab" ends
ollama-rs, chat: whole "abüc", cut "abüc", cut in a character "", error "ab" ends
python, generate: whole "abüc", cut "abüc", cut in a character "abüc", error "ab" ResponseError
python, chat: whole "abüc", cut "abüc", cut in a character "abüc", error "ab" ResponseError
node, generate: whole "abüc", cut "abüc", cut in a character "abüc", error "ab" Error
node, chat: whole "abüc", cut "abüc", cut in a character "abüc", error "ab" Error
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ollama==0.6.3
npm install --no-audit --no-fund --silent ollama@0.6.4
cargo build --quiet

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
export PYTHONIOENCODING=utf-8
ask() { # ask LANGUAGE WHAT WAY
    url=http://127.0.0.1:$number/$3/
    case $1 in
    ollama-rs) target/debug/client "$2" "$url" 2>/dev/null ;;
    python) venv/bin/python client.py "$2" "${url%/}" ;;
    node) node client.mjs "$2" "${url%/}" ;;
    esac
}
for language in ollama-rs python node; do
    for what in generate chat; do
        line="$language, $what:"
        for way in whole cut character; do
            answer=$(ask $language $what $way)
            line="$line ${way} \"${answer% *}\","
        done
        answer=$(ask $language $what error)
        echo "$line error \"${answer% *}\" ${answer##* }"
    done
done | sed 's/, character /, cut in a character /' | tee seen
diff expected seen
