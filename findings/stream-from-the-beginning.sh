#!/bin/sh
# Ruby 3.1.2 (net/http 0.2.0), HTTP::Tiny 0.080 (Perl 5.36.0); beside them excon 0.88.0, LWP
# 6.68, curl 7.88.1 (Debian 12)
#
# What the block that reads a streamed answer is given when the connection breaks, or
# when the read timeout passes, in the middle of it. In Ruby's net/http, and in
# HTTP::Tiny: all that it had before once more, from the first byte. Both ask a second
# time by themselves where the method is idempotent (max_retries of net/http says so, and
# RFC 9110 section 9.2.2 allows it, for a failure before the response); but both count
# the handing out of the body as a part of the attempt. So a listener of GET with
# Server-Sent Events acts on each event twice, and a pause of the server, of 60 s as it
# comes, is a second stream with the first's events; the error comes only when
# that one has failed as well. Nothing in the block shows where the second begins but a
# new response object in Ruby. POST is safe, so the same reader of a chat's answer,
# which is a POST, passes its tests.
# In Ruby "max_retries = 0" ends it; HTTP::Tiny has nothing for it but a status that one
# looks at when the first byte comes.
#
# Seen on 1 December 2026, of the words "one" and "two" and then a cut, or silence:
#   net/http: GET cut "one two one two", GET silent "one two one two", PUT cut "one two one two", POST cut "one two"
#   net/http, max_retries 0: GET cut "one two", GET silent "one two", PUT cut "one two", POST cut "one two"
#   HTTP::Tiny: GET cut "one two one two", GET silent "one two", PUT cut "one two one two", POST cut "one two"
#   excon: GET cut "one two", GET silent "one two", PUT cut "one two", POST cut "one two"
#   LWP: GET cut "one two", GET silent "one two", PUT cut "one two", POST cut "one two"
#   curl: GET cut "one two", GET silent "one two", PUT cut "one two", POST cut "one two"
#
# Needs python3, perl, curl and Debian's packages ruby, ruby-excon and libwww-perl. Exits
# with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.rb <<'END'
require "excon"
require "net/http"

name, base, method, path = ARGV
given = +""
begin
  if name == "excon"
    take = ->(piece, _left, _all) { given << piece }
    body = method == "GET" ? "" : "x"
    Excon.new(base, read_timeout: 1).request(method: method, path: path, body: body, response_block: take)
  else
    uri = URI(base)
    client = Net::HTTP.new(uri.host, uri.port)
    client.read_timeout = 1
    client.max_retries = 0 if name.end_with?("0")
    has_body = method != "GET"
    request = Net::HTTPGenericRequest.new(method, has_body, true, path)
    request.body = "x" if has_body
    client.request(request) { |response| response.read_body { |piece| given << piece } }
  end
rescue EOFError, Net::ReadTimeout, Excon::Error
  print given # as it should be: there is an error in the end
end
END
cat >main.pl <<'END'
use strict;
use warnings;
use HTTP::Tiny;
use LWP::UserAgent;

my ($name, $base, $method, $path) = @ARGV;
my $given = "";
my $failed;
my @body = $method eq "GET" ? () : (content => "x");
if ($name eq "LWP") {
    my $client = LWP::UserAgent->new(timeout => 1);
    my $request = HTTP::Request->new($method, $base . $path, [], @body ? "x" : undef);
    my $response = $client->request($request, sub { $given .= $_[0] });
    $failed = $response->header("Client-Aborted");
} else {
    my $client = HTTP::Tiny->new(timeout => 1);
    my $options = { data_callback => sub { $given .= $_[0] }, @body };
    $failed = $client->request($method, $base . $path, $options)->{status} == 599;
}
print $given if $failed;
END
cat >main.py <<'END'
import socketserver
import subprocess
import threading

over = threading.Event()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split()[1]
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.rfile.read(length)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n4\r\none \r\n4\r\ntwo \r\n")
        if path == b"/silent":
            over.wait()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def by(*command):
    return lambda *words: subprocess.run([*command, *words], capture_output=True, text=True).stdout


def by_curl(base, method, path):
    body = [] if method == "GET" else ["-d", "x"]
    return by("curl", "-sN", "-m", "1", "-X", method, *body)(base + path)


clients = {name: by("ruby", "main.rb", name) for name in ("net/http", "net/http, max_retries 0")}
clients["HTTP::Tiny"] = by("perl", "main.pl", "HTTP::Tiny")
clients["excon"] = by("ruby", "main.rb", "excon")
clients["LWP"] = by("perl", "main.pl", "LWP")
clients["curl"] = by_curl
server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
for name, ask in clients.items():
    given = []
    for method, path in (("GET", "/cut"), ("GET", "/silent"), ("PUT", "/cut"), ("POST", "/cut")):
        given.append(f'{method} {path[1:]} "{ask(base, method, path).strip()}"')
    print(f"{name}: {', '.join(given)}")
over.set()
END
cat >expected <<'END'
net/http: GET cut "one two one two", GET silent "one two one two", PUT cut "one two one two", POST cut "one two"
net/http, max_retries 0: GET cut "one two", GET silent "one two", PUT cut "one two", POST cut "one two"
HTTP::Tiny: GET cut "one two one two", GET silent "one two", PUT cut "one two one two", POST cut "one two"
excon: GET cut "one two", GET silent "one two", PUT cut "one two", POST cut "one two"
LWP: GET cut "one two", GET silent "one two", PUT cut "one two", POST cut "one two"
curl: GET cut "one two", GET silent "one two", PUT cut "one two", POST cut "one two"
END

python3 main.py | tee seen
diff expected seen
