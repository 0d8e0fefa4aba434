#!/bin/sh
# spring-ai-openai 1.1.2 and 2.0.1, langchain4j-open-ai 1.19.0 (Maven Central);
# github.com/tmc/langchaingo 0.1.14 (Go); @llamaindex/openai 0.4.22 (npm); haystack-ai 3.4.1 (PyPI);
# beside them langchain-openai 1.7.4 (PyPI), @langchain/openai 1.5.8, ai 6.0.326 with
# @ai-sdk/openai-compatible 2.0.92 (npm)
#
# What becomes of the tool calls in a streamed answer. They come in pieces, and each piece has
# an "index" (OpenAI's API reference, chat.completion.chunk, where it is required), which
# tells to which call it belongs; id and name are in a call's first piece alone. So a server may
# send pieces of two calls in turn, or of both in one chunk, and text beside a call or behind it.
# Most servers send call after call, and four of these go by that: they do not look at the
# index, but add what comes to the call that was last. Spring AI 1.1 (the line for Boot 3) and
# langchaingo return, without an error, one call without arguments and one with those of both,
# mixed; in one chunk LlamaIndex for TypeScript loses the second call in silence; LangChain4j
# fails over a name that is null. Haystack raises an error at text beside a call, and both of
# Spring AI's lose text behind one.
# A server sends call after call, a piece a chunk, and the text before them.
#
# Seen on 1 December 2026, of the calls f with {"x":1} and g with {"y":2}, and of f beside the
# text "ab" (in one chunk with its second letter, and in front of it):
#   python, langchain: one by one right, in turn right, together right, beside text right, before text right
#   python, haystack: one by one right, in turn right, together right, beside text error, before text right
#   node, ai: one by one right, in turn right, together right, beside text right, before text right
#   node, langchain: one by one right, in turn right, together right, beside text right, before text right
#   node, llamaindex: one by one right, in turn error, together f{"x":1}, beside text right, before text right
#   go, langchaingo: one by one right, in turn f{} g{"x":{"y":1}2}, together f{} g{"x":1}{"y":2}, beside text right, before text right
#   java, spring 1.1: one by one right, in turn f{} g{"x":{"y":1}2}, together error, beside text right, before text b f{"x":1}
#   java, langchain4j: one by one right, in turn error, together error, beside text right, before text right
#   java, spring 2.0: one by one right, in turn right, together right, beside text right, before text f{"x":1}
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


def first(index, name):
    return {"index": index, "id": f"call{index}", "type": "function",
            "function": {"name": name, "arguments": ""}}


def more(index, text):
    return {"index": index, "function": {"arguments": text}}


def calls(*pieces):
    return {"tool_calls": list(pieces)}


def words(text):
    return {"content": text}


f, g = first(0, "f"), first(1, "g")
whole = {**f, "function": {"name": "f", "arguments": '{"x":1}'}}
answers = {
    "one-by-one": [calls(f), calls(more(0, '{"x":')), calls(more(0, "1}")),
                   calls(g), calls(more(1, '{"y":')), calls(more(1, "2}"))],
    "in-turn": [calls(f), calls(g), calls(more(0, '{"x":')), calls(more(1, '{"y":')),
                calls(more(0, "1}")), calls(more(1, "2}"))],
    "together": [calls(f, g), calls(more(0, '{"x":1}'), more(1, '{"y":2}'))],
    "beside-text": [words("a"), {**words("b"), **calls(whole)}],
    "before-text": [calls(whole), words("a"), words("b")],
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        while not length and (size := int(self.rfile.readline(), 16)):
            self.rfile.read(size + 2)
        if not length:
            self.rfile.readline()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x"}
        deltas = [{"role": "assistant", "content": None}, *answers[self.path.split("/")[1]], {}]
        for delta in deltas:
            choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "tool_calls"}
            self.event(json.dumps({**head, "choices": [choice]}))
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, data):
        text = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END

cat >table.py <<'END'
import sys

right = {"one-by-one": 'f{"x":1} g{"y":2}', "beside-text": 'ab f{"x":1}'}
right["in-turn"] = right["together"] = right["one-by-one"]
right["before-text"] = right["beside-text"]
rows = {}
for line in sys.stdin:
    name, answer, seen = line.rstrip("\n").split("\t")
    seen = " ".join(seen.split())
    seen = "right" if seen == right[answer] else seen
    rows.setdefault(name, []).append(answer.replace("-", " ") + " " + seen)
for name, cells in rows.items():
    print(name + ": " + ", ".join(cells))
END

mkdir python node go java java/one java/two
cat >python/client.py <<'END'
import json
import logging
import sys

from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.utils import Secret
from langchain_openai import ChatOpenAI

logging.disable()


def of_langchain(url):
    whole = None
    for part in ChatOpenAI(base_url=url, api_key="x", model="x").stream("x"):
        whole = part if whole is None else whole + part
    return whole.content, [(call["name"], call["args"]) for call in whole.tool_calls]


def of_haystack(url):
    model = OpenAIChatGenerator(api_key=Secret.from_token("x"), model="x", api_base_url=url,
                                streaming_callback=lambda part: None)
    reply = model.run([ChatMessage.from_user("x")])["replies"][0]
    return reply.text or "", [(call.tool_name, call.arguments) for call in reply.tool_calls]


for name, ask in (("langchain", of_langchain), ("haystack", of_haystack)):
    for answer in sys.argv[2:]:
        try:
            text, made = ask(f"{sys.argv[1]}/{answer}/v1")
            seen = " ".join([text, *(tool + json.dumps(given, separators=(",", ":"))
                                     for tool, given in made)])
        except Exception:
            seen = "error"
        print("python, " + name, answer, seen, sep="\t")
END
cat >node/client.mjs <<'END'
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatOpenAI } from "@langchain/openai";
import { OpenAI } from "@llamaindex/openai";
import { jsonSchema, streamText, tool } from "ai";

const [base, ...answers] = process.argv.slice(2);
const inputSchema = jsonSchema({ type: "object", properties: {} });
const tools = { f: tool({ inputSchema }), g: tool({ inputSchema }) };

async function ofAi(baseURL) {
    const model = createOpenAICompatible({ name: "x", baseURL })("x");
    const result = streamText({ model, prompt: "x", tools });
    const made = (await result.toolCalls).map((call) => [call.toolName, call.input]);
    return [await result.text, made];
}

async function ofLangchain(baseURL) {
    const model = new ChatOpenAI({ configuration: { baseURL }, apiKey: "x", model: "x" });
    let whole;
    for await (const part of await model.stream("x")) whole = whole ? whole.concat(part) : part;
    return [whole.content, whole.tool_calls.map((call) => [call.name, call.args])];
}

async function ofLlamaindex(baseURL) {
    const model = new OpenAI({ baseURL, apiKey: "x", model: "x" });
    const messages = [{ role: "user", content: "x" }];
    const made = new Map();
    let text = "";
    for await (const part of await model.chat({ messages, stream: true })) {
        text += part.delta;
        for (const call of part.options?.toolCall ?? []) made.set(call.id, [call.name, call.input]);
    }
    return [text, [...made.values()]];
}

for (const [name, ask] of Object.entries({ ai: ofAi, langchain: ofLangchain, llamaindex: ofLlamaindex })) {
    for (const answer of answers) {
        let seen = "error";
        try {
            const [text, made] = await ask(`${base}/${answer}/v1`);
            seen = [text, ...made.map(([tool, given]) => tool + JSON.stringify(given))].join(" ");
        } catch {
            // said as it is
        }
        console.log(["node, " + name, answer, seen].join("\t"));
    }
}
process.exit();
END
cat >go/go.mod <<'END'
module client

go 1.26

require github.com/tmc/langchaingo v0.1.14
END
cat >go/main.go <<'END'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"
)

func ask(url string) string {
	model, err := openai.New(openai.WithBaseURL(url), openai.WithToken("x"), openai.WithModel("x"))
	if err != nil {
		panic(err)
	}
	response, err := model.GenerateContent(context.Background(),
		[]llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "x")},
		llms.WithStreamingFunc(func(context.Context, []byte) error { return nil }))
	if err != nil {
		return "error"
	}
	seen := response.Choices[0].Content
	for _, call := range response.Choices[0].ToolCalls {
		given := call.FunctionCall.Arguments
		if given == "" {
			given = "{}"
		}
		seen += " " + call.FunctionCall.Name + given
	}
	return seen
}

func main() {
	for _, answer := range os.Args[2:] {
		fmt.Printf("go, langchaingo\t%s\t%s\n", answer, ask(os.Args[1]+"/"+answer+"/v1"))
	}
}
END
depend() {
    printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>' \
        "$1" "$2" "$3"
}
pom() {
    printf '<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId>'
    printf '<version>1</version><dependencies>%s</dependencies></project>' \
        "$* $(depend org.slf4j slf4j-nop 2.0.17)"
}
pom "$(depend org.springframework.ai spring-ai-openai 1.1.2)" \
    "$(depend dev.langchain4j langchain4j-open-ai 1.19.0)" >java/one/pom.xml
pom "$(depend org.springframework.ai spring-ai-openai 2.0.1)" >java/two/pom.xml
cat >java/Spring.java <<'END'
import java.time.Duration;
import org.springframework.ai.chat.model.StreamingChatModel;
import org.springframework.ai.chat.prompt.Prompt;

public class Spring {
    interface Maker {
        StreamingChatModel make(String url);
    }

    static String ask(StreamingChatModel model) {
        var text = new StringBuilder();
        var made = new StringBuilder();
        for (var part : model.stream(new Prompt("x")).collectList().block(Duration.ofSeconds(30))) {
            for (var choice : part.getResults()) {
                var message = choice.getOutput();
                text.append(message.getText() == null ? "" : message.getText());
                for (var call : message.getToolCalls())
                    made.append(" ").append(call.name()).append(
                        call.arguments().isEmpty() ? "{}" : call.arguments());
            }
        }
        return text.append(made).toString();
    }

    static void report(String name, String[] arguments, Maker maker) {
        for (int i = 1; i < arguments.length; i++) {
            var seen = "error";
            try {
                seen = ask(maker.make(arguments[0] + "/" + arguments[i] + "/v1"));
            } catch (RuntimeException error) {
                // said as it is
            }
            System.out.println("java, spring " + name + "\t" + arguments[i] + "\t" + seen);
        }
    }
}
END
cat >java/one/Main.java <<'END'
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.util.concurrent.CompletableFuture;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;
import org.springframework.ai.openai.api.OpenAiApi;

public class Main {
    static String ofLangchain(String url) {
        var end = new CompletableFuture<String>();
        var model =
            OpenAiStreamingChatModel.builder().baseUrl(url).apiKey("x").modelName("x").build();
        model.chat("x", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String part) {
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                var message = response.aiMessage();
                var seen = new StringBuilder(message.text() == null ? "" : message.text());
                for (var call : message.toolExecutionRequests())
                    seen.append(" ").append(call.name()).append(call.arguments());
                end.complete(seen.toString());
            }

            @Override
            public void onError(Throwable error) {
                end.complete("error");
            }
        });
        return end.join();
    }

    public static void main(String[] arguments) {
        Spring.report("1.1", arguments, url -> {
            var api = OpenAiApi.builder().baseUrl(url).apiKey("x")
                .completionsPath("/chat/completions").build();
            var options = OpenAiChatOptions.builder().model("x")
                .internalToolExecutionEnabled(false).build();
            return OpenAiChatModel.builder().openAiApi(api).defaultOptions(options).build();
        });
        for (int i = 1; i < arguments.length; i++) {
            var seen = ofLangchain(arguments[0] + "/" + arguments[i] + "/v1");
            System.out.println("java, langchain4j\t" + arguments[i] + "\t" + seen);
        }
        System.exit(0);
    }
}
END
cat >java/two/Main.java <<'END'
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;

public class Main {
    public static void main(String[] arguments) {
        Spring.report("2.0", arguments, url -> {
            var options = OpenAiChatOptions.builder().baseUrl(url).apiKey("x").model("x").build();
            return OpenAiChatModel.builder().options((OpenAiChatOptions) options).build();
        });
        System.exit(0);
    }
}
END
cat >expected <<'END'
python, langchain: one by one right, in turn right, together right, beside text right, before text right
python, haystack: one by one right, in turn right, together right, beside text error, before text right
node, ai: one by one right, in turn right, together right, beside text right, before text right
node, langchain: one by one right, in turn right, together right, beside text right, before text right
node, llamaindex: one by one right, in turn error, together f{"x":1}, beside text right, before text right
go, langchaingo: one by one right, in turn f{} g{"x":{"y":1}2}, together f{} g{"x":1}{"y":2}, beside text right, before text right
java, spring 1.1: one by one right, in turn f{} g{"x":{"y":1}2}, together error, beside text right, before text b f{"x":1}
java, langchain4j: one by one right, in turn error, together error, beside text right, before text right
java, spring 2.0: one by one right, in turn right, together right, beside text right, before text f{"x":1}
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 langchain-openai==1.7.4 \
    haystack-ai==3.4.1
(cd node && npm install --no-audit --no-fund --silent ai@6.0.326 @ai-sdk/openai-compatible@2.0.92 \
    @langchain/openai@1.5.8 @langchain/core@1.4.0 @llamaindex/openai@0.4.22 llamaindex@0.12.1)
(cd go && go mod tidy 2>/dev/null && go build -o client .)
for line in one two; do
    (cd java/$line && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null &&
        javac -cp 'lib/*' -d . ../Spring.java Main.java)
done

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
set -- "http://127.0.0.1:$number" one-by-one in-turn together beside-text before-text
{
    HAYSTACK_TELEMETRY_ENABLED=False venv/bin/python python/client.py "$@"
    node node/client.mjs "$@" 2>/dev/null | grep '^node, '
    go/client "$@"
    java -cp 'java/one/lib/*:java/one' Main "$@"
    java -cp 'java/two/lib/*:java/two' Main "$@"
} | python3 table.py | tee seen
diff expected seen
