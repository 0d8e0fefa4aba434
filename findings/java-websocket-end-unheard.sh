#!/bin/sh
# OpenJDK 17.0.15 (java.net.http.WebSocket)
#
# How a listener of Java's own WebSocket client hears that the server's process is gone:
# the connection ends without a close frame, and onClose() is called with 1006, or
# onError(), of which each says that it is the last call of all. That holds where there is
# a pause between the last message and the end. Where the two come together, as of
# a server that answers and dies, or from a proxy that hands on what is left and closes,
# some of the connections, few or half of them as the threads happen to run, have the
# message and then nothing: neither method is called. A program that connects anew in
# onClose() stays where it is, and a test with one connection passes as a rule.
# So send pings of one's own, and take a pong that does not come for the end.
#
# Seen on 1 December 2026, of 600 connections, all of which end, after 15 s:
#   a second between message and end: 600 messages, all ends heard
#   at once: 600 messages, not all ends heard
#
# Needs a JDK (17). Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >Main.java <<'END'
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

public class Main {
    static final int COUNT = 600;
    static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    static final String FIELD = "sec-websocket-key:";

    /** Takes the handshake, sends "a", pauses, and closes the connection. */
    static void serve(Socket socket, int pause) {
        try (socket) {
            var in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
            String key = "";
            for (String line; !(line = in.readLine()).isEmpty(); ) {
                if (line.toLowerCase().startsWith(FIELD)) key = line.substring(FIELD.length()).trim();
            }
            var digest = MessageDigest.getInstance("SHA-1").digest((key + GUID).getBytes());
            var accept = Base64.getEncoder().encodeToString(digest);
            var out = socket.getOutputStream();
            out.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                + "Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n\r\n").getBytes());
            Thread.sleep(300);
            out.write(new byte[] {(byte) 0x81, 1, 'a'});
            Thread.sleep(pause);
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    static void accept(ServerSocket listener, int pause) {
        try {
            while (true) {
                var socket = listener.accept();
                new Thread(() -> serve(socket, pause)).start();
            }
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    static String run(int pause) throws Exception {
        var listener = new ServerSocket(0, COUNT, InetAddress.getLoopbackAddress());
        var thread = new Thread(() -> accept(listener, pause));
        thread.setDaemon(true);
        thread.start();
        var url = URI.create("ws://127.0.0.1:" + listener.getLocalPort() + "/");
        var messages = new AtomicInteger();
        var ends = new AtomicInteger();
        var client = HttpClient.newHttpClient();
        var sockets = new ArrayList<WebSocket>(); // what is collected may end by itself
        for (int i = 0; i < COUNT; i++) {
            sockets.add(client.newWebSocketBuilder().buildAsync(url, new WebSocket.Listener() {
                @Override
                public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
                    messages.incrementAndGet();
                    socket.request(1);
                    return null;
                }

                @Override
                public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                    ends.incrementAndGet();
                    return null;
                }

                @Override
                public void onError(WebSocket socket, Throwable error) {
                    ends.incrementAndGet();
                }
            }).join());
        }
        Thread.sleep(15000);
        boolean all = ends.get() == sockets.size();
        return messages + " messages, " + (all ? "all ends heard" : "not all ends heard");
    }

    public static void main(String[] words) throws Exception {
        System.out.println("a second between message and end: " + run(1000));
        System.out.println("at once: " + run(0));
        System.exit(0);
    }
}
END
cat >expected <<'END'
a second between message and end: 600 messages, all ends heard
at once: 600 messages, not all ends heard
END

java Main.java | tee seen
diff expected seen
