#!/bin/sh
# langchain4j-open-ai 1.19.0 (Maven Central), github.com/tmc/langchaingo 0.1.14,
# ollama-ai-provider-v2 3.6.0 with ai 6.0.326 (npm); beside them openai-java 4.0.0,
# github.com/sashabaranov/go-openai 1.43.0, openai 6.49.0, @langchain/openai 1.5.8, ollama
# 0.6.4 (npm), openai 3.57.0, huggingface_hub 2.4.0 (PyPI)
#
# Who hears of an error that a server reports in the middle of a streamed answer. The status
# was 200 long before, so servers of OpenAI's API (vLLM, llama.cpp, LiteLLM) send it as one
# more event, data: {"error": {...}}, and Ollama as one more line, {"error": "..."}; what
# the model had said until then is not an answer. OpenAI's SDKs throw, in each language.
# LangChain does so for JavaScript; for Java it calls onCompleteResponse(), and for Go it
# returns no error: an event without "choices" is one that they skip, and so the part is
# the whole. Vercel's SDK throws with its own provider for OpenAI's API; with the one
# for Ollama that is on npm the text ends, and only the console has a line of it.
# A server or a proxy that has to report an error in mid-stream breaks the connection
# off after it: that is heard by all of these.
#
# Seen on 1 December 2026, of the words "a" and "b", an error, and the proper end:
#   python, openai: ab APIError
#   python, huggingface_hub: ab UnknownError
#   node, openai: ab APIError
#   node, langchain: ab APIError
#   node, ai: ab error
#   node, ai with ollama: ab ends
#   node, ollama: ab Error
#   go, go-openai: ab error
#   go, langchaingo: ab ends
#   java, openai-java: ab SseException
#   java, langchain4j: ab ends
#
# Needs python3 with venv, node 20 or later, npm, go and its module proxy, a JDK (17) and
# maven. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import json


def of_ollama():
    head = {"model": "x", "created_at": "2026-01-01T00:00:00Z", "done": False}
    for text in "ab":
        yield json.dumps({**head, "message": {"role": "assistant", "content": text}}) + "\n"
    yield json.dumps({"error": "out of memory"}) + "\n"


def of_openai():
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x"}
    for text in "ab":
        delta = {"role": "assistant", "content": text}
        choices = [{"index": 0, "delta": delta, "finish_reason": None}]
        yield f"data: {json.dumps({**head, 'choices': choices})}\n\n"
    error = {"message": "out of memory", "type": "server_error", "code": 500}
    yield f"data: {json.dumps({'error': error})}\n\n"
    yield "data: [DONE]\n\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        while not length and (size := int(self.rfile.readline(), 16)):
            self.rfile.read(size + 2)
        if not length:
            self.rfile.readline()
        make, kind = of_openai, "text/event-stream"
        if self.path.startswith("/api/"):
            make, kind = of_ollama, "application/x-ndjson"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in make():
            text = part.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END

mkdir python node go java
cat >python/client.py <<'END'
import sys

import huggingface_hub
import openai

url = sys.argv[1] + "/v1"
asked = {"model": "x", "messages": [{"role": "user", "content": "x"}], "stream": True}


def report(name, client):
    text, end = "", "ends"
    try:
        for part in client.chat.completions.create(**asked):
            text += part.choices[0].delta.content if part.choices else ""
    except Exception as error:
        end = type(error).__name__
    print(f"python, {name}: {text} {end}")


report("openai", openai.OpenAI(base_url=url, api_key="x"))
report("huggingface_hub", huggingface_hub.InferenceClient(base_url=url, api_key="x"))
END
cat >node/client.mjs <<'END'
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatOpenAI } from "@langchain/openai";
import { streamText } from "ai";
import { Ollama } from "ollama";
import { createOllama } from "ollama-ai-provider-v2";
import OpenAI from "openai";

const base = process.argv[2];
const baseURL = base + "/v1";
const asked = { model: "x", messages: [{ role: "user", content: "x" }], stream: true };
const apiKey = "x";

async function report(name, start, textOf) {
    let text = "";
    let end = "ends";
    try {
        for await (const part of await start()) text += textOf(part);
    } catch (error) {
        end = error.constructor.name;
    }
    console.log(`node, ${name}: ${text} ${end}`);
}

async function reportAi(name, model) {
    let end = "ends";
    let text = "";
    const onError = () => (end = "error");
    for await (const part of streamText({ model, prompt: "x", onError }).textStream) text += part;
    console.log(`node, ${name}: ${text} ${end}`);
}

const openai = new OpenAI({ baseURL, apiKey });
await report("openai", () => openai.chat.completions.create(asked),
    (part) => part.choices?.[0]?.delta.content ?? "");
const langchain = new ChatOpenAI({ configuration: { baseURL }, apiKey, model: "x" });
await report("langchain", () => langchain.stream("x"), (part) => part.content);
await reportAi("ai", createOpenAICompatible({ name: "x", baseURL })("x"));
await reportAi("ai with ollama", createOllama({ baseURL: base + "/api" })("x"));
const ollama = new Ollama({ host: base });
await report("ollama", () => ollama.chat(asked), (part) => part.message.content);
process.exit();
END
cat >go/go.mod <<'END'
module client

go 1.26

require (
	github.com/sashabaranov/go-openai v1.43.0
	github.com/tmc/langchaingo v0.1.14
)
END
cat >go/main.go <<'END'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	goopenai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"
)

var ctx = context.Background()

func report(name, text string, err error) {
	end := "ends"
	if err != nil && !errors.Is(err, io.EOF) {
		end = "error"
	}
	fmt.Printf("go, %s: %s %s\n", name, text, end)
}

func main() {
	url := os.Args[1] + "/v1"
	config := goopenai.DefaultConfig("x")
	config.BaseURL = url
	parts, err := goopenai.NewClientWithConfig(config).CreateChatCompletionStream(ctx,
		goopenai.ChatCompletionRequest{
			Model:    "x",
			Messages: []goopenai.ChatCompletionMessage{{Role: "user", Content: "x"}},
		})
	text := ""
	for err == nil {
		var part goopenai.ChatCompletionStreamResponse
		if part, err = parts.Recv(); err == nil {
			text += part.Choices[0].Delta.Content
		}
	}
	report("go-openai", text, err)

	model, err := openai.New(openai.WithBaseURL(url), openai.WithToken("x"), openai.WithModel("x"))
	if err != nil {
		panic(err)
	}
	text = ""
	_, err = model.GenerateContent(ctx,
		[]llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "x")},
		llms.WithStreamingFunc(func(_ context.Context, part []byte) error {
			text += string(part)
			return nil
		}))
	report("langchaingo", text, err)
}
END
cat >java/pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>x</groupId>
  <artifactId>x</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>dev.langchain4j</groupId>
      <artifactId>langchain4j-open-ai</artifactId>
      <version>1.19.0</version>
    </dependency>
    <dependency>
      <groupId>com.openai</groupId>
      <artifactId>openai-java</artifactId>
      <version>4.0.0</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>2.0.17</version>
    </dependency>
  </dependencies>
</project>
END
cat >java/Main.java <<'END'
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.util.concurrent.CompletableFuture;

public class Main {
    static void report(String name, CharSequence text, String end) {
        System.out.println("java, " + name + ": " + text + " " + end);
    }

    static void ofOpenai(String url) {
        var client = OpenAIOkHttpClient.builder().baseUrl(url).apiKey("x").build();
        var request = ChatCompletionCreateParams.builder().model("x").addUserMessage("x").build();
        var text = new StringBuilder();
        var end = "ends";
        try (var parts = client.chat().completions().createStreaming(request)) {
            parts.stream().forEach(part -> part.choices().forEach(
                choice -> choice.delta().content().ifPresent(text::append)));
        } catch (RuntimeException error) {
            end = error.getClass().getSimpleName();
        }
        report("openai-java", text, end);
    }

    static void ofLangchain(String url) throws Exception {
        var text = new StringBuffer();
        var end = new CompletableFuture<String>();
        var model =
            OpenAiStreamingChatModel.builder().baseUrl(url).apiKey("x").modelName("x").build();
        model.chat("x", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String part) {
                text.append(part);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                end.complete("ends");
            }

            @Override
            public void onError(Throwable error) {
                end.complete("error");
            }
        });
        var how = end.get();
        report("langchain4j", text, how);
    }

    public static void main(String[] arguments) throws Exception {
        ofOpenai(arguments[0] + "/v1");
        ofLangchain(arguments[0] + "/v1");
        System.exit(0);
    }
}
END
cat >expected <<'END'
python, openai: ab APIError
python, huggingface_hub: ab UnknownError
node, openai: ab APIError
node, langchain: ab APIError
node, ai: ab error
node, ai with ollama: ab ends
node, ollama: ab Error
go, go-openai: ab error
go, langchaingo: ab ends
java, openai-java: ab SseException
java, langchain4j: ab ends
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 huggingface_hub==2.4.0
(cd node && npm install --no-audit --no-fund --silent openai@6.49.0 ollama@0.6.4 ai@6.0.326 \
    @ai-sdk/openai-compatible@2.0.92 ollama-ai-provider-v2@3.6.0 @langchain/openai@1.5.8 \
    @langchain/core@1.4.0)
(cd go && go mod tidy 2>/dev/null && go build -o client .)
(cd java && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null &&
    javac -cp 'lib/*' Main.java)

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
url=http://127.0.0.1:$number
{
    venv/bin/python python/client.py "$url"
    node node/client.mjs "$url" 2>/dev/null | grep '^node, '
    go/client "$url"
    java -cp 'java/lib/*:java' Main "$url"
} | tee seen
diff expected seen
