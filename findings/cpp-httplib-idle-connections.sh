#!/bin/sh
# cpp-httplib 0.11.4 (Debian 12's libcpp-httplib-dev), as shipped
#
# What a server with this library does with connections that are kept open, which is what
# every pool of a client and every browser does with them. A thread of its pool (8, or one
# less than there are processors) serves a connection, not a request: eight that are idle
# are enough, and the ninth client waits, connected and without a word, until one has
# been idle for 5 s; so one user with a pool of ten holds up all others, again after
# each of his requests, and the machine does nothing meanwhile. After five requests
# a connection is closed, with no "Connection: close" on the fifth answer that would
# spare a client the race. And of two requests that arrive in one piece (RFC 9112
# section 9.3.2) the second one is lost: no answer and no error, since what was read
# ahead goes with the first.
# A proxy in front of it closes what it does not use, and sends one request after the
# other.
#
# Seen on 1 December 2026:
#   one thread left: at once
#   none left: after seconds
#   two in one piece: 1 answer
#
# Needs python3, g++ and Debian's package libcpp-httplib-dev. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >main.cc <<'END'
#include <httplib.h>

#include <iostream>

int main()
{
    httplib::Server server;
    server.Get("/", [](const httplib::Request &, httplib::Response &response) {
        response.set_content("ok", "text/plain");
    });
    std::cout << server.bind_to_any_port("127.0.0.1") << std::endl;
    server.listen_after_bind();
}
END
cat >main.py <<'END'
import os
import socket
import sys
import time

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
THREADS = max(8, os.cpu_count() - 1)


def connect():
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    connection.settimeout(30)
    return connection


def answers(connection):
    """Whether one comes: all of it, with its body."""
    said = b""
    while not said.endswith(b"\r\n\r\nok"):
        piece = connection.recv(65536)
        if not piece:
            return False
        said += piece
    return True


def beside(idle):
    """How long one waits beside that many that have been served, and are kept."""
    kept = [connect() for _ in range(idle)]
    for connection in kept:
        connection.sendall(ASKED)
        assert answers(connection)
    began = time.monotonic()
    with connect() as connection:
        connection.sendall(ASKED)
        assert answers(connection)
        waited = time.monotonic() - began
    for connection in kept:
        connection.close()
    time.sleep(1)  # all threads are free again
    return "at once" if waited < 2 else "after seconds"


print(f"one thread left: {beside(THREADS - 1)}")
print(f"none left: {beside(THREADS)}")
with connect() as connection:
    connection.sendall(ASKED * 2)
    said = b""
    try:
        while piece := connection.recv(65536):
            said += piece
    except ConnectionError:
        pass
print(f"two in one piece: {said.count(b'HTTP/1.1 200')} answer")
END
cat >expected <<'END'
one thread left: at once
none left: after seconds
two in one piece: 1 answer
END

# shellcheck disable=SC2046 # words
g++ -O1 -o server main.cc $(pkg-config --cflags --libs cpp-httplib) -pthread
./server >port &
server=$!
while [ ! -s port ]; do sleep 0.1; done
python3 main.py "$(cat port)" | tee seen
diff expected seen
