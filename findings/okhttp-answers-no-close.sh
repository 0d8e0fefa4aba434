#!/bin/sh
# OkHttp 5.5.1, Java-WebSocket 1.6.0 (Maven Central); OpenJDK 17.0.15 (java.net.http)
#
# What a WebSocket client in Java hears of a server that closes in good order, with a
# close frame, and ends the connection when it has waited for the answer. RFC 6455
# section 5.5.1 has the answer sent by who gets such a frame; Java's own client and
# Java-WebSocket do so by themselves. OkHttp leaves it to the listener: onClosing() does
# nothing if it is not overridden, and only who calls close() in it comes to onClosed().
# That is so in its documentation. What is not: with the close frame OkHttp stops
# reading, so that the end of the connection, even a reset, is not noticed
# either. No method of the listener is called, ever; send() goes on to return true, and
# the first that fails is a write, if there is one. The same end without a close frame
# is an onFailure() at once: a server that is shut down properly is the worse case.
#
# Seen on 1 December 2026, within 4 s after the connection's end:
#   okhttp: no close frame "failure", close frame "", answered never, send true
#   okhttp, onClosing closes: no close frame "failure", close frame "closed", answered at once, send false
#   java.net.http: no close frame "closed", close frame "closed", answered at once, send false
#   Java-WebSocket: no close frame "closed", close frame "closed", answered at once, send false
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
      <groupId>org.java-websocket</groupId>
      <artifactId>Java-WebSocket</artifactId>
      <version>1.6.0</version>
    </dependency>
  </dependencies>
</project>
END
cat >Main.java <<'END'
import java.net.URI;
import java.net.http.HttpClient;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.handshake.ServerHandshake;

/** Says what the listener hears, until a line on stdin asks whether send() works. */
public class Main {
    static void heard(String what) {
        System.out.println(what);
    }

    static BooleanSupplier withOkHttp(String url, boolean closes) {
        var listener = new WebSocketListener() {
            @Override
            public void onMessage(WebSocket socket, String text) {
                heard("message");
            }

            @Override
            public void onClosing(WebSocket socket, int code, String reason) {
                if (closes) socket.close(code, null);
            }

            @Override
            public void onClosed(WebSocket socket, int code, String reason) {
                heard("closed");
            }

            @Override
            public void onFailure(WebSocket socket, Throwable error, Response response) {
                heard("failure");
            }
        };
        var request = new Request.Builder().url(url).build();
        var socket = new OkHttpClient().newWebSocket(request, listener);
        return () -> socket.send("x");
    }

    static BooleanSupplier withJava(String url) {
        var listener = new java.net.http.WebSocket.Listener() {
            @Override
            public CompletionStage<?> onText(java.net.http.WebSocket socket, CharSequence text, boolean last) {
                heard("message");
                socket.request(1);
                return null;
            }

            @Override
            public CompletionStage<?> onClose(java.net.http.WebSocket socket, int code, String reason) {
                heard("closed");
                return null;
            }

            @Override
            public void onError(java.net.http.WebSocket socket, Throwable error) {
                heard("failure");
            }
        };
        var builder = HttpClient.newHttpClient().newWebSocketBuilder();
        var socket = builder.buildAsync(URI.create(url), listener).join();
        return () -> {
            try {
                socket.sendText("x", true).join();
                return true;
            } catch (RuntimeException error) {
                return false;
            }
        };
    }

    static BooleanSupplier withJavaWebSocket(String url) {
        var socket = new WebSocketClient(URI.create(url)) {
            @Override
            public void onOpen(ServerHandshake handshake) {}

            @Override
            public void onMessage(String text) {
                heard("message");
            }

            @Override
            public void onClose(int code, String reason, boolean remote) {
                heard("closed");
            }

            @Override
            public void onError(Exception error) {
                heard("failure");
            }
        };
        socket.connect();
        return () -> {
            try {
                socket.send("x");
                return true;
            } catch (RuntimeException error) {
                return false;
            }
        };
    }

    public static void main(String[] words) throws Exception {
        var send = switch (words[0]) {
            case "java.net.http" -> withJava(words[1]);
            case "Java-WebSocket" -> withJavaWebSocket(words[1]);
            default -> withOkHttp(words[1], words[0].endsWith("closes"));
        };
        System.in.read();
        heard("send " + send.getAsBoolean());
        System.exit(0);
    }
}
END
cat >main.py <<'END'
import base64
import hashlib
import socketserver
import subprocess
import sys
import threading
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Handler(socketserver.StreamRequestHandler):
    """Sends "a", perhaps a close frame, and ends the connection."""

    def handle(self):
        path = self.rfile.readline().split()[1]
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"sec-websocket-key:"):
                key = line.split(b":", 1)[1].strip()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
                         b"\x81\x01a")
        if path == b"/close":
            self.wfile.write(b"\x88\x02\x03\xe8")  # 1000
            self.connection.settimeout(4)
            try:
                self.server.answered = self.rfile.read(1) == b"\x88"
            except TimeoutError:
                self.server.answered = False
        else:
            time.sleep(1)  # the message is read by itself
        self.server.over.set()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.over = threading.Event()
        self.answered = False
        threading.Thread(target=self.serve_forever, daemon=True).start()


def outcome(server, name, path):
    """What the listener has heard behind the message, and what send() says."""
    server.over.clear()
    url = f"ws://127.0.0.1:{server.server_address[1]}/{path}"
    client = subprocess.Popen(["java", "-cp", sys.argv[1], "Main", name, url], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    server.over.wait()
    time.sleep(4)
    words = client.communicate("\n")[0].split("\n")
    return " ".join(words[1:-2]), words[-2]


server = Server()
for name in ("okhttp", "okhttp, onClosing closes", "java.net.http", "Java-WebSocket"):
    without, _ = outcome(server, name, "end")
    heard, send = outcome(server, name, "close")
    when = "at once" if server.answered else "never"
    print(f'{name}: no close frame "{without}", close frame "{heard}", answered {when}, {send}')
END
cat >expected <<'END'
okhttp: no close frame "failure", close frame "", answered never, send true
okhttp, onClosing closes: no close frame "failure", close frame "closed", answered at once, send false
java.net.http: no close frame "closed", close frame "closed", answered at once, send false
Java-WebSocket: no close frame "closed", close frame "closed", answered at once, send false
END

mvn -q -B -Dmaven.repo.local="$folder/m2" dependency:build-classpath -Dmdep.outputFile=path >/dev/null
javac -cp "$(cat path)" Main.java
python3 main.py "$folder:$(cat path)" | tee seen
diff expected seen
