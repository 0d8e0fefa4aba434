#!/bin/sh
# github.com/ollama/ollama/api 0.17.4, github.com/tmc/langchaingo 0.1.14 (its ollama and its
# openai), github.com/sashabaranov/go-openai 1.43.0 (Go 1.26.8)
#
# What clients in Go make of a streamed answer whose connection breaks in mid-answer. Ollama's
# own client, which its command line is made with, reads lines with bufio.Scanner, whose
# Scan() is false at the end and at an error alike, and Err() tells which; it does not
# ask. So Chat() and Generate() return nil for an answer that was cut (an incomplete message,
# RFC 9112 section 8) and also for one that was reset, where net/http has the error ready;
# who looks at err, as one does in Go, has half an answer that succeeded. langchaingo has the
# same lines; there the streaming function has heard the half, and what is returned is an
# empty answer, without an error. Clients of OpenAI's API in Go say what happened.
# With these two one looks for the last part, which says Done.
#
# Seen on 1 December 2026, of the words "a" and "b", what was streamed, what was returned, and
# the error:
#   ollama: whole "ab" nil, cut "ab" nil, reset "ab" nil
#   langchaingo, ollama: whole "ab" returns "ab" nil, cut "ab" returns "" nil, reset "ab" returns "" nil
#   langchaingo, openai: whole "ab" returns "ab" nil, cut "ab" error, reset "ab" error
#   go-openai: whole "ab" EOF, cut "ab" error, reset "ab" error
#
# Needs python3, go and its module proxy. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import json
import socket
import struct
import time


def of_ollama(text, done):
    message = {"role": "assistant", "content": text}
    head = {"model": "x", "created_at": "2026-01-01T00:00:00Z"}
    return json.dumps({**head, "message": message, "done": done}) + "\n"


def of_openai(text, done):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": "stop" if done else None}
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x"}
    event = f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"
    return event + ("data: [DONE]\n\n" if done else "")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send_part(self, make, text, done=False):
        part = make(text, done).encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        way = self.path.split("/")[1]
        make = of_ollama if "/api/" in self.path else of_openai
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.send_part(make, "a")
        self.send_part(make, "b")
        if way == "whole":
            self.send_part(make, "", done=True)
            self.wfile.write(b"0\r\n\r\n")
            return
        time.sleep(1)  # so that a reset does not overtake the words
        if way == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        self.close_connection = True

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass  # it was reset

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass

    def shutdown_request(self, request):
        self.close_request(request)


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >go.mod <<'END'
module client

go 1.26

require (
	github.com/ollama/ollama v0.17.4
	github.com/sashabaranov/go-openai v1.43.0
	github.com/tmc/langchaingo v0.1.14
)
END
cat >main.go <<'END'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	ollama "github.com/ollama/ollama/api"
	goopenai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/llms"
	lollama "github.com/tmc/langchaingo/llms/ollama"
	lopenai "github.com/tmc/langchaingo/llms/openai"
)

var ctx = context.Background()

func named(err error) string {
	if err == nil {
		return "nil"
	}
	if errors.Is(err, io.EOF) {
		return "EOF"
	}
	return "error"
}

func ofOllama(base string) string {
	address, _ := url.Parse(base)
	client := ollama.NewClient(address, http.DefaultClient)
	request := &ollama.ChatRequest{Model: "x", Messages: []ollama.Message{{Role: "user", Content: "x"}}}
	text := ""
	err := client.Chat(ctx, request, func(part ollama.ChatResponse) error {
		text += part.Message.Content
		return nil
	})
	return fmt.Sprintf("%q %s", text, named(err))
}

func ofLangchain(model llms.Model, err error) string {
	if err != nil {
		return err.Error()
	}
	text := ""
	asked := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "x")}
	answer, err := model.GenerateContent(ctx, asked,
		llms.WithStreamingFunc(func(_ context.Context, part []byte) error {
			text += string(part)
			return nil
		}))
	if err != nil {
		return fmt.Sprintf("%q %s", text, named(err))
	}
	return fmt.Sprintf("%q returns %q nil", text, answer.Choices[0].Content)
}

func ofLangchainOllama(base string) string {
	return ofLangchain(lollama.New(lollama.WithServerURL(base), lollama.WithModel("x")))
}

func ofLangchainOpenai(base string) string {
	return ofLangchain(lopenai.New(lopenai.WithBaseURL(base+"/v1"), lopenai.WithToken("x"),
		lopenai.WithModel("x")))
}

func ofGoOpenai(base string) string {
	config := goopenai.DefaultConfig("x")
	config.BaseURL = base + "/v1"
	request := goopenai.ChatCompletionRequest{
		Model:    "x",
		Messages: []goopenai.ChatCompletionMessage{{Role: "user", Content: "x"}},
	}
	parts, err := goopenai.NewClientWithConfig(config).CreateChatCompletionStream(ctx, request)
	text := ""
	for err == nil {
		var part goopenai.ChatCompletionStreamResponse
		if part, err = parts.Recv(); err == nil {
			text += part.Choices[0].Delta.Content
		}
	}
	return fmt.Sprintf("%q %s", text, named(err))
}

func main() {
	for _, client := range []struct {
		name string
		ask  func(string) string
	}{
		{"ollama", ofOllama},
		{"langchaingo, ollama", ofLangchainOllama},
		{"langchaingo, openai", ofLangchainOpenai},
		{"go-openai", ofGoOpenai},
	} {
		var seen []string
		for _, way := range []string{"whole", "cut", "reset"} {
			seen = append(seen, way+" "+client.ask(os.Args[1]+"/"+way))
		}
		fmt.Printf("%s: %s\n", client.name, strings.Join(seen, ", "))
	}
}
END
cat >expected <<'END'
ollama: whole "ab" nil, cut "ab" nil, reset "ab" nil
langchaingo, ollama: whole "ab" returns "ab" nil, cut "ab" returns "" nil, reset "ab" returns "" nil
langchaingo, openai: whole "ab" returns "ab" nil, cut "ab" error, reset "ab" error
go-openai: whole "ab" EOF, cut "ab" error, reset "ab" error
END

go mod tidy 2>/dev/null
go build -o client .
mkfifo port
python3 server.py >port &
server=$!
read -r number <port
./client "http://127.0.0.1:$number" | tee seen
diff expected seen
