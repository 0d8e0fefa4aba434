#!/bin/sh
# PHP 8.2.36, Guzzle 7.4.5; LWP 6.68, Mojolicious 9.31, HTTP::Tiny 0.080 (Perl 5.36.0); Ruby
# 3.1.2 (net/http 0.2.0), excon 0.88.0 (Debian 12); OpenJDK 17.0.15
#
# Who hears that an answer broke off in its middle, which is all that a proxy can do when
# the other side is lost: it ends the connection before the last chunk, or before
# Content-Length is full, and to be sure it resets it. A client that finds the message
# incomplete must not take it for a whole one (RFC 9112 section 8). To PHP's streams
# (file_get_contents(), fgets()) and to Mojo::UserAgent the part is the answer, also after
# a reset: no warning, no error, 200. Guzzle is strict over curl, but where the caller
# asks for "stream" it changes to PHP's streams by itself, and so exactly the
# answers of a model lose their end in silence. LWP says is_success, too, and has what
# happened in a field of its own, Client-Aborted, but not for a length that is not
# reached. That is also what Ruby's net/http and Java's HttpURLConnection do not notice.
# Who reads a stream with these looks for its last event, "[DONE]" or "message_stop".
#
# Seen on 1 December 2026, of three bytes of nine, the end being a FIN or a reset:
#   php: chunks 200, chunks reset 200, length 200, length reset 200
#   guzzle, stream: chunks 200, chunks reset 200, length 200, length reset 200
#   guzzle: chunks error, chunks reset error, length error, length reset error
#   mojo: chunks 200, chunks reset 200, length 200, length reset 200
#   lwp: chunks 200, chunks reset 200, length 200, length reset 200
#   lwp, Client-Aborted: chunks error, chunks reset error, length 200, length reset error
#   http-tiny: chunks error, chunks reset error, length error, length reset error
#   ruby: chunks error, chunks reset error, length 200, length reset error
#   excon: chunks error, chunks reset error, length error, length reset error
#   HttpURLConnection: chunks error, chunks reset error, length 200, length reset error
#   java.net.http: chunks error, chunks reset error, length error, length reset error
#
# Needs python3, perl, a JDK and Debian's packages php-cli, php-curl,
# php-guzzlehttp-guzzle, ruby, ruby-excon, libwww-perl and libmojolicious-perl. Exits with 0
# if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Each prints the body that it takes for the answer, or "error".
cat >main.php <<'END'
<?php
require "GuzzleHttp/autoload.php";
[, $name, $url] = $argv;
error_reporting(E_ALL);
ini_set("display_errors", "1");
if ($name === "php") {
    echo file_get_contents($url);
    exit;
}
try {
    $client = new GuzzleHttp\Client();
    $body = $client->get($url, ["stream" => $name === "guzzle, stream"])->getBody();
    while (!$body->eof()) {
        echo $body->read(1024);
    }
} catch (GuzzleHttp\Exception\TransferException) {
    echo "error";
}
END
cat >main.pl <<'END'
use strict;
use warnings;
use HTTP::Tiny;
use LWP::UserAgent;
use Mojo::UserAgent;

my ($name, $url) = @ARGV;
if ($name eq "mojo") {
    my $answer = Mojo::UserAgent->new->get($url);
    print !$answer->error && $answer->result->is_success ? $answer->result->body : "error";
} elsif ($name eq "http-tiny") {
    my $answer = HTTP::Tiny->new->get($url);
    print $answer->{success} ? $answer->{content} : "error";
} else {
    my $answer = LWP::UserAgent->new->get($url);
    my $failed = !$answer->is_success;
    $failed ||= $answer->header("Client-Aborted") if $name ne "lwp";
    print $failed ? "error" : $answer->content;
}
END
cat >main.rb <<'END'
require "excon"
require "net/http"

name, url = ARGV
begin
  print name == "excon" ? Excon.get(url).body : Net::HTTP.get(URI(url))
rescue SystemCallError, IOError, Excon::Error
  print "error"
end
END
cat >Main.java <<'END'
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class Main {
    static String read(String name, URI url) throws Exception {
        if (name.equals("java.net.http")) {
            var client = HttpClient.newHttpClient();
            return client.send(HttpRequest.newBuilder(url).build(), BodyHandlers.ofString()).body();
        }
        var connection = (HttpURLConnection) url.toURL().openConnection();
        return new String(connection.getInputStream().readAllBytes());
    }

    public static void main(String[] words) throws Exception {
        try {
            System.out.print(read(words[0], URI.create(words[1])));
        } catch (IOException error) {
            System.out.print("error");
        }
        System.exit(0);
    }
}
END
cat >main.py <<'END'
import socket
import socketserver
import struct
import subprocess
import threading
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
BODIES = {
    b"chunks": b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    b"length": b"Content-Length: 9\r\n\r\nabc",
}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split()[1].strip(b"/")
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        self.wfile.write(HEAD + BODIES[path.removesuffix(b"-reset")])
        if path.endswith(b"-reset"):
            time.sleep(0.5)  # a reset discards what has not been read
            at_once = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def shutdown_request(self, request):
        request.close()


programs = {
    ("php", "main.php"): ("php", "guzzle, stream", "guzzle"),
    ("perl", "main.pl"): ("mojo", "lwp", "lwp, Client-Aborted", "http-tiny"),
    ("ruby", "main.rb"): ("ruby", "excon"),
    ("java", "Main"): ("HttpURLConnection", "java.net.http"),
}
server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
for program, names in programs.items():
    for name in names:
        seen = []
        for way in ("chunks", "chunks-reset", "length", "length-reset"):
            command = [*program, name, f"{base}/{way}"]
            said = subprocess.run(command, capture_output=True, text=True).stdout
            seen.append(way.replace("-", " ") + " " + {"abc": "200"}.get(said, said))
        print(f"{name}: {', '.join(seen)}")
END
cat >expected <<'END'
php: chunks 200, chunks reset 200, length 200, length reset 200
guzzle, stream: chunks 200, chunks reset 200, length 200, length reset 200
guzzle: chunks error, chunks reset error, length error, length reset error
mojo: chunks 200, chunks reset 200, length 200, length reset 200
lwp: chunks 200, chunks reset 200, length 200, length reset 200
lwp, Client-Aborted: chunks error, chunks reset error, length 200, length reset error
http-tiny: chunks error, chunks reset error, length error, length reset error
ruby: chunks error, chunks reset error, length 200, length reset error
excon: chunks error, chunks reset error, length error, length reset error
HttpURLConnection: chunks error, chunks reset error, length 200, length reset error
java.net.http: chunks error, chunks reset error, length error, length reset error
END

javac Main.java
python3 main.py | tee seen
diff expected seen
