#!/bin/sh
# CPython 3.11.2 and 3.11.7, http.client (and so urllib.request)
#
# A body that the server cuts off is an error, or a clean end, by how it is
# read. Only read() without a length always tells. `for line in response`, as
# one reads Server-Sent Events or JSON lines, ends without an error where the
# connection is closed between two chunks, although the last chunk of a chunked
# body (RFC 9112 section 7.1) never came; with a Content-Length the loop,
# read1() and readinto() all take the part for the whole.
# So whoever passes a broken body on must reset the connection: a FIN does not do.
#
# Seen on 29 November 2026:
#   cut between chunks: lines ends, read IncompleteRead, read1 IncompleteRead, readinto IncompleteRead
#   cut inside a chunk: lines IncompleteRead, read IncompleteRead, read1 IncompleteRead, readinto IncompleteRead
#   cut before Content-Length: lines ends, read IncompleteRead, read1 ends, readinto ends
#
# Needs python3. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.py <<'END'
import http.client
import socket
import threading
import urllib.request

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
EVENTS = b"data: 1\n\ndata: 2\n\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
RESPONSES = {
    "cut between chunks": CHUNKED + b"%x\r\n%s\r\n" % (len(EVENTS), EVENTS),
    "cut inside a chunk": CHUNKED + b"%x\r\n%s" % (2 * len(EVENTS), EVENTS),
    "cut before Content-Length": HEAD + b"Content-Length: 99\r\n\r\n" + EVENTS,
}


def by_lines(response):
    for _ in response:
        pass


def by_read1(response):
    while response.read1():
        pass


def by_readinto(response):
    room = bytearray(8)
    while response.readinto(room):
        pass


READERS = {
    "lines": by_lines,
    "read": http.client.HTTPResponse.read,
    "read1": by_read1,
    "readinto": by_readinto,
}


def outcome(answer, read):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            client, _ = listener.accept()
            with client:
                client.recv(65536)
                client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with urllib.request.urlopen(f"http://127.0.0.1:{listener.getsockname()[1]}/") as response:
            thread.join()
            try:
                read(response)
                return "ends"
            except http.client.IncompleteRead:
                return "IncompleteRead"


for name, answer in RESPONSES.items():
    print(f"{name}: " + ", ".join(f"{how} {outcome(answer, read)}" for how, read in READERS.items()))
END
cat >expected <<'END'
cut between chunks: lines ends, read IncompleteRead, read1 IncompleteRead, readinto IncompleteRead
cut inside a chunk: lines IncompleteRead, read IncompleteRead, read1 IncompleteRead, readinto IncompleteRead
cut before Content-Length: lines ends, read IncompleteRead, read1 ends, readinto ends
END

python3 --version
python3 main.py | tee seen
diff expected seen
