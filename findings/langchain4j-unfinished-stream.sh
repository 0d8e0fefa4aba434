#!/bin/sh
# langchain4j-ollama 1.18.1, langchain4j-anthropic 1.19.0, langchain4j-open-ai 1.19.0; beside
# them anthropic-java 3.14.0 (Maven Central); OpenJDK 17.0.15
#
# What a listener of a streamed answer hears where it ends, as HTTP properly, before its last
# event ("done": true, message_stop): a server that was stopped in mid-answer ends its
# bodies so, and a proxy that lost the server may. StreamingChatResponseHandler is to
# be told one of two things at last, onCompleteResponse() or onError(), and its documentation
# knows no third. With LangChain4j's models for Ollama and Anthropic neither is called: a
# caller that waits for the answer, as all examples do with a CompletableFuture, waits
# for ever, whatever time limit the model was given (5 s here). Its model for OpenAI takes
# the part for the whole (onCompleteResponse(), with no reason in it), as does Anthropic's own
# client. A connection that breaks is an onError() with all of them.
# So the caller puts a time limit to its own wait, and a proxy breaks off what broke off.
#
# Seen on 1 December 2026, of the words "a" and "b", within 10 s:
#   langchain4j, ollama: whole "ab" complete, STOP; unfinished "ab" nothing; cut "ab" error
#   langchain4j, anthropic: whole "ab" complete, STOP; unfinished "ab" nothing; cut "ab" error
#   langchain4j, openai: whole "ab" complete, STOP; unfinished "ab" complete, null; cut "ab" error
#   anthropic-java: whole "ab" complete; unfinished "ab" complete; cut "ab" error
#
# Needs python3, a JDK (17) and maven. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import json


def of_ollama():
    head = {"model": "x", "created_at": "2026-01-01T00:00:00Z"}
    for text in ("a", "b", ""):
        message = {"role": "assistant", "content": text}
        last = {} if text else {"done_reason": "stop", "eval_count": 2, "prompt_eval_count": 1}
        yield json.dumps({**head, "message": message, "done": not text, **last}) + "\n"


def of_openai():
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x"}
    for text in ("a", "b", ""):
        reason = None if text else "stop"
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
        yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"
    yield "data: [DONE]\n\n"


def of_anthropic():
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "x", "type": "message", "role": "assistant", "model": "x", "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": usage}
    events = [("message_start", {"message": message})]
    block = {"type": "text", "text": ""}
    events.append(("content_block_start", {"index": 0, "content_block": block}))
    for text in "ab":
        delta = {"type": "text_delta", "text": text}
        events.append(("content_block_delta", {"index": 0, "delta": delta}))
    events.append(("content_block_stop", {"index": 0}))
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    events.append(("message_delta", {"delta": end, "usage": usage}))
    events.append(("message_stop", {}))
    for name, data in events:
        yield f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        while not length and (size := int(self.rfile.readline(), 16)):
            self.rfile.read(size + 2)
        if not length:
            self.rfile.readline()
        _, way, _, rest = self.path.split("/", 3)
        make, kind, shown = of_openai, "text/event-stream", 2
        if rest == "chat":
            make, kind = of_ollama, "application/x-ndjson"
        elif rest == "messages":
            make, shown = of_anthropic, 4
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in list(make())[: None if way == "whole" else shown]:
            text = part.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        if way == "cut":
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>x</groupId>
  <artifactId>x</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>dev.langchain4j</groupId>
      <artifactId>langchain4j-ollama</artifactId>
      <version>1.18.1</version>
    </dependency>
    <dependency>
      <groupId>dev.langchain4j</groupId>
      <artifactId>langchain4j-anthropic</artifactId>
      <version>1.19.0</version>
    </dependency>
    <dependency>
      <groupId>dev.langchain4j</groupId>
      <artifactId>langchain4j-open-ai</artifactId>
      <version>1.19.0</version>
    </dependency>
    <dependency>
      <groupId>com.anthropic</groupId>
      <artifactId>anthropic-java</artifactId>
      <version>3.14.0</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>2.0.17</version>
    </dependency>
  </dependencies>
</project>
END
cat >Main.java <<'END'
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.models.messages.MessageCreateParams;
import dev.langchain4j.model.anthropic.AnthropicStreamingChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

public class Main {
    static final Duration LIMIT = Duration.ofSeconds(5);

    static String heard(StreamingChatModel model) throws Exception {
        var text = new StringBuffer();
        var end = new CompletableFuture<String>();
        model.chat("x", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String part) {
                text.append(part);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                end.complete("complete, " + response.finishReason());
            }

            @Override
            public void onError(Throwable error) {
                end.complete("error");
            }
        });
        String how;
        try {
            how = end.get(10, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            how = "nothing";
        }
        return '"' + text.toString() + "\" " + how;
    }

    static String heard(String base) {
        var client =
            AnthropicOkHttpClient.builder().baseUrl(base).apiKey("x").timeout(LIMIT).build();
        var request =
            MessageCreateParams.builder().model("x").maxTokens(9).addUserMessage("x").build();
        var text = new StringBuilder();
        var how = "complete";
        try (var parts = client.messages().createStreaming(request)) {
            parts.stream().forEach(part -> part.contentBlockDelta().ifPresent(
                delta -> delta.delta().text().ifPresent(words -> text.append(words.text()))));
        } catch (RuntimeException error) {
            how = "error";
        }
        return '"' + text.toString() + "\" " + how;
    }

    static void report(String name, String base, Function<String, StreamingChatModel> make)
            throws Exception {
        var line = new StringBuilder(name + ":");
        for (var way : new String[] {"whole", "unfinished", "cut"}) {
            var url = base + "/" + way;
            line.append(' ').append(way).append(' ');
            line.append(make == null ? heard(url) : heard(make.apply(url)));
            line.append(way.equals("cut") ? "" : ";");
        }
        System.out.println(line);
    }

    public static void main(String[] arguments) throws Exception {
        var base = arguments[0];
        report("langchain4j, ollama", base, url -> OllamaStreamingChatModel.builder()
            .baseUrl(url).modelName("x").timeout(LIMIT).build());
        report("langchain4j, anthropic", base, url -> AnthropicStreamingChatModel.builder()
            .baseUrl(url + "/v1").apiKey("x").modelName("x").timeout(LIMIT).build());
        report("langchain4j, openai", base, url -> OpenAiStreamingChatModel.builder()
            .baseUrl(url + "/v1/").apiKey("x").modelName("x").timeout(LIMIT).build());
        report("anthropic-java", base, null);
        System.exit(0);
    }
}
END
cat >expected <<'END'
langchain4j, ollama: whole "ab" complete, STOP; unfinished "ab" nothing; cut "ab" error
langchain4j, anthropic: whole "ab" complete, STOP; unfinished "ab" nothing; cut "ab" error
langchain4j, openai: whole "ab" complete, STOP; unfinished "ab" complete, null; cut "ab" error
anthropic-java: whole "ab" complete; unfinished "ab" complete; cut "ab" error
END

mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null
javac -cp 'lib/*' Main.java
mkfifo port
python3 server.py >port &
server=$!
read -r number <port
java -cp 'lib/*:.' Main "http://127.0.0.1:$number" | tee seen
diff expected seen
