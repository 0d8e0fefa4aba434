#!/bin/sh
# OpenJDK 17.0.15 (HttpURLConnection, java.net.http); OkHttp 5.5.1, Apache HttpClient 5.6.5,
# Jetty's HttpClient 12.1.14, Reactor Netty 1.3.7 (Maven Central)
#
# For what the HTTP clients of Java send a POST a second time, though their caller asked
# once, which RFC 9110 section 9.2.2 leaves to those who know that it does no harm. No
# two agree. HttpURLConnection does so where the connection ends without an answer, also on
# a new one, where there is no race with a server that was about to close it; OkHttp
# where the connection had served before, and at 408, and at a 503 with "Retry-After: 0";
# Apache's at 429 and at any 503, after as many seconds as Retry-After says, or one, all
# of it inside the one call (a minute, where it says 60). What the caller has is the second
# answer, as if there had been one. A proxy or a server that is asked to say 503
# to be asked again later, and a model that broke down over a prompt, have the
# same job twice. java.net.http, Jetty and Reactor Netty leave a POST alone.
# -Dsun.net.http.retryPost=false and disableAutomaticRetries() end it, OkHttp's
# retryOnConnectionFailure(false) for all but the 503.
#
# Seen on 1 December 2026, how often a POST came (no answer, on a new connection and on
# one that has served; 408; 503; 503 with Retry-After 0, and 2; 429):
#   HttpURLConnection: new 2, used 2, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
#   HttpURLConnection, off: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
#   okhttp: new 1, used 2, 408 2, 503 1, 503-0 2, 503-2 1, 429 1
#   okhttp, off: new 1, used 1, 408 1, 503 1, 503-0 2, 503-2 1, 429 1
#   httpclient5: new 1, used 1, 408 1, 503 2, 503-0 2, 503-2 2 after 2 s, 429 2
#   httpclient5, off: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
#   java.net.http: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
#   jetty: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
#   reactor-netty: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
#
# Needs python3, a JDK (17) and maven. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>x</groupId>
  <artifactId>x</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.squareup.okhttp3</groupId>
      <artifactId>okhttp-jvm</artifactId>
      <version>5.5.1</version>
    </dependency>
    <dependency>
      <groupId>org.apache.httpcomponents.client5</groupId>
      <artifactId>httpclient5</artifactId>
      <version>5.6.5</version>
    </dependency>
    <dependency>
      <groupId>org.eclipse.jetty</groupId>
      <artifactId>jetty-client</artifactId>
      <version>12.1.14</version>
    </dependency>
    <dependency>
      <groupId>io.projectreactor.netty</groupId>
      <artifactId>reactor-netty-http</artifactId>
      <version>1.3.7</version>
    </dependency>
  </dependencies>
</project>
END
cat >Main.java <<'END'
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.eclipse.jetty.client.StringRequestContent;
import reactor.core.publisher.Mono;
import reactor.netty.ByteBufFlux;

/** Asks for each URL with one client: by GET if it ends in "first", else by POST. */
public class Main {
    interface Client {
        void ask(String url, boolean post) throws Exception;
    }

    static void byConnection(String url, boolean post) throws Exception {
        var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        if (post) {
            connection.setDoOutput(true);
            connection.getOutputStream().write('x');
        }
        if (connection.getResponseCode() < 400) connection.getInputStream().readAllBytes();
    }

    static Client byJava() {
        var client = java.net.http.HttpClient.newHttpClient();
        return (url, post) -> {
            var request = java.net.http.HttpRequest.newBuilder(URI.create(url));
            if (post) request.POST(BodyPublishers.ofString("x"));
            client.send(request.build(), BodyHandlers.ofString());
        };
    }

    static Client byOkHttp(boolean again) {
        var client = new OkHttpClient.Builder().retryOnConnectionFailure(again).build();
        return (url, post) -> {
            var request = new Request.Builder().url(url);
            if (post) request.post(RequestBody.create(new byte[] {'x'}));
            try (var response = client.newCall(request.build()).execute()) {
                response.body().string();
            }
        };
    }

    static Client byApache(boolean again) {
        var builder = HttpClients.custom();
        if (!again) builder.disableAutomaticRetries();
        var client = builder.build();
        return (url, post) -> {
            var request = post ? new HttpPost(url) : new HttpGet(url);
            if (post) request.setEntity(new StringEntity("x"));
            client.execute(request, response -> EntityUtils.toString(response.getEntity()));
        };
    }

    static Client byJetty() throws Exception {
        var client = new org.eclipse.jetty.client.HttpClient();
        client.start();
        return (url, post) -> {
            var request = client.newRequest(url);
            if (post) request.method("POST").body(new StringRequestContent("x"));
            request.send();
        };
    }

    static Client byReactor() {
        var client = reactor.netty.http.client.HttpClient.create();
        return (url, post) -> {
            var receiver = post
                ? client.post().uri(url).send(ByteBufFlux.fromString(Mono.just("x")))
                : client.get().uri(url);
            receiver.responseContent().aggregate().asString().block();
        };
    }

    public static void main(String[] words) throws Exception {
        Client client = switch (words[0]) {
            case "java.net.http" -> byJava();
            case "okhttp" -> byOkHttp(true);
            case "okhttp, off" -> byOkHttp(false);
            case "httpclient5" -> byApache(true);
            case "httpclient5, off" -> byApache(false);
            case "jetty" -> byJetty();
            case "reactor-netty" -> byReactor();
            default -> Main::byConnection;
        };
        for (int i = 1; i < words.length; i++) {
            try {
                client.ask(words[i], !words[i].endsWith("/first"));
            } catch (Exception error) {
                // what the server has seen is what counts
            }
            Thread.sleep(200); // the connection is back with its client
        }
        System.exit(0);
    }
}
END
cat >main.py <<'END'
import socketserver
import subprocess
import sys
import threading
import time

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NAMES = (
    "HttpURLConnection", "HttpURLConnection, off", "okhttp", "okhttp, off", "httpclient5",
    "httpclient5, off", "java.net.http", "jetty", "reactor-netty",
)
WAYS = ("new", "used", "408", "503", "503-0", "503-2", "429")
times = {}  # of each path, when a request for it came


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            self.read_rest()
            path = line.split()[1].decode()
            times.setdefault(path, []).append(time.monotonic())
            way = path.split("/")[-1]
            if way == "first" or len(times[path]) > 1:
                self.wfile.write(OK)
            elif way in ("new", "used"):
                return
            else:
                status, _, seconds = way.partition("-")
                field = f"Retry-After: {seconds}\r\n" if seconds else ""
                self.wfile.write(f"HTTP/1.1 {status} No\r\n{field}Content-Length: 2\r\n\r\nno".encode())

    def read_rest(self):
        length, chunked = 0, False
        while (line := self.rfile.readline().lower()) not in (b"\r\n", b""):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            chunked |= line.startswith(b"transfer-encoding:")
        self.rfile.read(length)
        while chunked:
            size = int(self.rfile.readline(), 16)
            self.rfile.read(size + 2)
            chunked = size > 0


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 50

    def handle_error(self, request, client_address):
        pass  # a client that has ended


def ask(base, name, ways):
    urls = []
    for way in ways:
        urls += [f"{base}/first"] * (way == "used") + [f"{base}/{name.replace(', ', '-')}/{way}"]
    options = ["-Dsun.net.http.retryPost=false"] if name == "HttpURLConnection, off" else []
    subprocess.run(["java", *options, "-cp", sys.argv[1], "Main", name, *urls],
                   check=True, stderr=subprocess.DEVNULL)


def outcome(name, way):
    seen = times[f"/{name.replace(', ', '-')}/{way}"]
    waited = len(seen) == 2 and seen[1] - seen[0] > 1.9
    return f"{way} {len(seen)}" + (" after 2 s" if waited else "")


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
for name in NAMES:
    ask(base, name, WAYS)
    print(f"{name}: {', '.join(outcome(name, way) for way in WAYS)}", flush=True)
END
cat >expected <<'END'
HttpURLConnection: new 2, used 2, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
HttpURLConnection, off: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
okhttp: new 1, used 2, 408 2, 503 1, 503-0 2, 503-2 1, 429 1
okhttp, off: new 1, used 1, 408 1, 503 1, 503-0 2, 503-2 1, 429 1
httpclient5: new 1, used 1, 408 1, 503 2, 503-0 2, 503-2 2 after 2 s, 429 2
httpclient5, off: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
java.net.http: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
jetty: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
reactor-netty: new 1, used 1, 408 1, 503 1, 503-0 1, 503-2 1, 429 1
END

mvn -q -B -Dmaven.repo.local="$folder/m2" dependency:build-classpath -Dmdep.outputFile=path >/dev/null
javac -cp "$(cat path)" Main.java
python3 main.py "$folder:$(cat path)" | tee seen
diff expected seen
